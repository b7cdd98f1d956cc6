"""nbgrader's settings for this course: run `nbgrader` and JupyterLab in this folder.

`python3 -m coursekit build` writes `.build/source/`, from which nbgrader and formgrader work.
Submissions, marks and feedback live in `grading/`, which git ignores.
"""

import contextlib
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT))  # the clone's own coursekit, also where another one is installed

from coursekit.classroom.marking.address import gradebook_address  # noqa: E402
from coursekit.classroom.release.build import SOURCE_FOLDER, clear_solutions_config  # noqa: E402
from coursekit.storage import private_folder  # noqa: E402

GRADING = ROOT / "grading"
OURS = "coursekit.classroom.marking.nbgrader_steps."
THEIRS = "nbgrader.preprocessors."

with contextlib.suppress(OSError):  # a read-only clone can still open units; grading will say why
    private_folder(GRADING)  # names, addresses and marks: for its owner alone
    (GRADING / "exchange").mkdir(parents=True, exist_ok=True)

c = get_config()  # noqa: F821  (nbgrader puts it here)
c.merge(clear_solutions_config())

c.CourseDirectory.course_id = "batch-size"
c.CourseDirectory.root = str(ROOT)
c.CourseDirectory.source_directory = SOURCE_FOLDER
# Not notebooks/, which git has: `generate_assignment --force` removes a unit before it makes it
# anew, and where that fails the unit is gone. What it makes is the same as in notebooks/.
c.CourseDirectory.release_directory = ".build/release"
for step in ("submitted", "autograded", "feedback", "source_with_tests", "solution"):
    setattr(c.CourseDirectory, f"{step}_directory", f"grading/{step}")
c.CourseDirectory.db_url = gradebook_address(GRADING / "gradebook.db")

# nbgrader's default exchange is a folder under /usr/local that has to be writable by all.
c.Exchange.root = str(GRADING / "exchange")
c.Exchange.cache = str(GRADING / "exchange_cache")

c.Autograde.sanitize_preprocessors = [
    THEIRS + "ClearOutput",
    OURS + "MendCells",  # in place of DeduplicateIds, which stops the class at a copied cell
    THEIRS + "OverwriteKernelspec",
    THEIRS + "OverwriteCells",
    THEIRS + "CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    THEIRS + "Execute",
    THEIRS + "IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    THEIRS + "LimitOutput",
    OURS + "LimitBytes",
    OURS + "PlainScore",
    THEIRS + "SaveAutoGrades",
    THEIRS + "AssignLatePenalties",
    THEIRS + "CheckCellMetadata",
]
c.OverwriteCells.add_missing_cells = True
# nbconvert's own steps do nothing unless enabled. What Colab and widgets note in a notebook would
# stop its feedback ("KeyError: 'state'"); marks of cells and the kernel's name stay.
c.ClearMetadataPreprocessor.enabled = True
c.ClearMetadataPreprocessor.preserve_cell_metadata_mask = {"nbgrader", "deletable", "editable"}
c.ClearMetadataPreprocessor.preserve_nb_metadata_mask = {
    *("kernelspec", "coursekit", ("language_info", "name")),
}

c.Execute.timeout = 60  # seconds a cell; the loop is interrupted and the later cells still count
c.Execute.interrupt_on_timeout = True
c.Execute.raise_on_iopub_timeout = True  # a loop that can't be interrupted fails its submission
c.Execute.startup_timeout = 120

# Feedback and formgrader show what learners wrote: as text, never as scripts.
c.HTMLExporter.sanitize_html = True  # outputs
# Formgrader asks no other machine: without this it loads MathJax from one. Formulas stay as TeX.
c.HTMLExporter.mathjax_url = "data:text/javascript,"
c.HTMLExporter.filters = {"markdown2html": "coursekit.classroom.returning.safe_html.safe_markdown"}

c.ExportPlugin.to = str(GRADING / "grades.csv")
