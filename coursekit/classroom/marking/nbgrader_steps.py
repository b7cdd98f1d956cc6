"""Steps that `nbgrader_config.py` adds to autograding, so that one odd notebook harms nobody else.

nbgrader 0.9.6 stops the whole class at a copied cell, fails a submission with an unknown grade
id or two cells deleted in a row, keeps 100 MB of output, and gives full marks to a check cell that
shows no score, nan or a negative one. None of this makes a kernel safe against a learner who
means harm: marks for a class that is not trusted come from `python3 -m coursekit grade`.
"""

import math
from logging import Logger

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade, is_solution
from traitlets import Integer

MISSING = "This cell was missing from the submission and was put back for grading."


class MendCells(NbGraderPreprocessor):
    """Give a submission exactly the marked cells of its release, each once.

    The last copy of a cell keeps its mark, as with nbgrader's DeduplicateIds; other copies and
    cells with an unknown id stay as ordinary cells. A mark that was edited is written anew. A
    missing check is put back below its solution; where that is missing too, as far down as the
    order of marked cells allows, since the answer may stand in a cell without a mark. It takes
    the place of DeduplicateIds and comes before OverwriteCells.
    """

    def preprocess(self, notebook: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        """Mend one notebook; see the class."""
        about = resources["nbgrader"]
        with Gradebook(about["db_url"]) as gradebook:
            released = _released_cells(
                gradebook.find_notebook(about["notebook"], about["assignment"])
            )
        present: dict[str, NotebookNode] = {}
        for cell in reversed(notebook.cells):
            mark = cell.metadata.pop("nbgrader", None)
            grade_id = mark.get("grade_id") if isinstance(mark, dict) else None
            if not isinstance(grade_id, str) or grade_id not in released:
                continue
            if grade_id in present:
                self.log.warning("Cell '%s' was copied: the last copy counts", grade_id)
                continue
            present[grade_id] = cell
            cell.metadata["nbgrader"] = NotebookNode(released[grade_id][0])
        _put_back(notebook, released, present, log=self.log)
        return notebook, resources


def _released_cells(notebook) -> dict[str, tuple[dict, str, str]]:
    """Return grade id -> (mark, cell type, source), in the order of the release."""
    points = {cell.name: cell.max_score for cell in notebook.grade_cells}
    solutions = {cell.name for cell in notebook.solution_cells}
    released = {}
    for cell in notebook.source_cells:
        mark = {
            "schema_version": 3,
            "grade_id": cell.name,
            "grade": cell.name in points,
            "solution": cell.name in solutions,
            "locked": cell.locked,
            "task": False,
            "checksum": cell.checksum,
            "cell_type": cell.cell_type,
        }
        if cell.name in points:
            mark["points"] = points[cell.name]
        released[cell.name] = (mark, cell.cell_type, cell.source)
    return released


def _put_back(
    notebook: NotebookNode,
    released: dict[str, tuple[dict, str, str]],
    present: dict[str, NotebookNode],
    *,
    log: Logger,
) -> None:
    """Insert the missing prelude, check and essay cells."""
    order = list(released)

    def place(grade_ids: list[str]) -> int | None:
        """Return the position of the first of these cells that is there."""
        for grade_id in grade_ids:
            for i, cell in enumerate(notebook.cells):
                if cell is present.get(grade_id):
                    return i
        return None

    for i, (grade_id, (mark, kind, source)) in enumerate(released.items()):
        if grade_id in present or not (mark["grade"] or mark["locked"]):
            continue
        above, below = place(order[:i][::-1]), place(order[i + 1 :])
        own_solution = bool(order[:i]) and order[i - 1] in present
        if not mark["grade"] or own_solution:  # early: a prelude, a check whose solution is there
            position = 0 if above is None else above + 1
        else:
            position = len(notebook.cells) if below is None else below
        log.warning("Cell '%s' was missing: put back", grade_id)
        present[grade_id] = _restored(mark, kind, source)
        notebook.cells.insert(position, present[grade_id])


def _restored(mark: dict, kind: str, source: str) -> NotebookNode:
    metadata = {"nbgrader": mark, "deletable": False}
    if kind == "code":
        return new_code_cell(source, metadata=metadata)
    # The note changes the text, so that nbgrader does not take the essay for unanswered: the answer
    # may stand in a cell without a mark, and a person has to look.
    return new_markdown_cell(f"{source}\n\n({MISSING})", metadata=metadata)


class LimitBytes(NbGraderPreprocessor):
    """Cut what a cell shows to `max_bytes`: nbgrader's LimitOutput counts lines, not bytes.

    Printed text is cut with a note. Pictures and other rich output are kept whole or replaced by a
    note on stderr. The few bytes of a score always stay.
    """

    max_bytes = Integer(200_000, help="Bytes of output kept for each cell.").tag(config=True)
    small = 200  # bytes: a score, an ordinary value

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict, index: int
    ) -> tuple[NotebookNode, dict]:
        """Cut the outputs of one cell; see the class."""
        left = self.max_bytes
        for i, output in enumerate(cell.get("outputs", [])):
            size = len(str(output).encode("utf-8", errors="replace"))
            if size <= max(left, self.small):
                left -= size
            elif output.output_type == "stream":
                kept = output.text.encode("utf-8", errors="replace")[: max(left, 0)]
                note = f"\n... {len(output.text)} characters in all, the rest was cut ...\n"
                output.text = kept.decode("utf-8", errors="ignore") + note
                left = 0
            elif output.output_type == "error":
                output.evalue, output.traceback = output.evalue[:1000], ["... traceback cut ..."]
            else:
                note = f"... {output.output_type} of {size} bytes was cut ...\n"
                cell.outputs[i] = new_output("stream", name="stderr", text=note)
        return cell, resources


class PlainScore(NbGraderPreprocessor):
    """Let a check cell earn points only by showing one number from 0 to its points.

    nbgrader gives full marks where it sees no value, nan, `tensor(0.)` or a negative number, and
    fails the submission where a number is above the points. Here each of them becomes an error
    that earns 0 and says why. Where there is one score, a line on stderr does not decide: compiled
    code warns there on some machines (NNPACK, OpenMP, MKL), and nbgrader would give 0 for it. The
    line is kept as printed text. It comes before SaveAutoGrades.
    """

    def preprocess_cell(
        self, cell: NotebookNode, resources: dict, index: int
    ) -> tuple[NotebookNode, dict]:
        """Look at the outputs of one cell; see the class."""
        if cell.cell_type != "code" or not is_grade(cell) or is_solution(cell):
            return cell, resources
        shown = [
            output.data.get("text/plain", "")
            for output in cell.outputs
            if output.output_type == "execute_result"
        ]
        points = float(cell.metadata.nbgrader["points"])
        if len(shown) != 1 or not _is_score(shown[0], points):
            cell.outputs = [
                output for output in cell.outputs if output.output_type != "execute_result"
            ]
            message = f"the check showed {shown or 'no value'} and not one score from 0 to {points}"
            cell.outputs.append(
                new_output("error", ename="NoScore", evalue=message, traceback=[message])
            )
            return cell, resources
        for output in cell.outputs:
            if output.output_type == "stream" and output.name == "stderr":
                output.name = "stdout"
        return cell, resources


def _is_score(text: str, points: float) -> bool:
    try:
        score = float(text)
    except (TypeError, ValueError):
        return False
    return math.isfinite(score) and 0 <= score <= points
