"""Which cells of a unit are folded in its notebook: imports, questions as code, drawing.

A learner reads the lesson and what it measures. Folded is what says nothing about it: the prelude,
cells that only ask (`predict`), only compare (`compare_predictions`), or only hand numbers to a
figure. Nothing that an exercise, an experiment or a learner's function is part of is ever folded.
Where the rule is wrong, `# %% tags=["open"]` keeps a cell open.
"""

import ast

from coursekit.classroom.release.source import SourceCell

SHORT = 4  # lines of a figure that are read as fast as the note that they are folded
NOTE = (
    "\n\n*Folded cells, a bar with three dots, are plumbing: imports, the form of a question, "
    "drawing. They run with the others; a click on the dots opens one.*"
)
ASKS = {"predict", "predict_number"}
COMPARES = {"compare_predictions"}
PLAIN_CALLS = {  # what a figure's arguments are put together with
    *("dict", "enumerate", "float", "len", "list", "load_ledger", "range", "round", "show"),
    *("sorted", "tuple", "zip"),
}
PLAIN_METHODS = {
    *("index", "isdigit", "items", "keys", "removeprefix", "replace", "startswith", "tolist"),
    "values",
}


def plumbing(cell: SourceCell) -> str:
    """Return what a cell does if it is folded, else nothing."""
    if cell.kind != "code" or "open" in cell.tags:
        return ""
    if cell.role:
        return "the imports" if cell.role == "prelude" else ""
    statements = ast.parse(cell.text).body
    if {_called(statement) for statement in statements} <= ASKS:
        return "asks you below"
    if _called(statements[-1]) in COMPARES:
        plain = all(isinstance(s, ast.Assign | ast.Expr) for s in statements)
        return "what you predicted and what was measured" if plain else ""
    long = len(cell.text.splitlines()) > SHORT
    return "draws the figure below" if long and _only_draws(statements) else ""


def folded(text: str, does: str) -> str:
    """Return a folded cell's text under a line that says so: a folded cell shows its first line."""
    return f"# plumbing, skip: {does}\n{text}"


def _called(statement: ast.stmt) -> str:
    """Return the name of the function that a statement is a bare call of, or nothing."""
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return statement.value.func.id if isinstance(statement.value.func, ast.Name) else ""
    return ""


def _only_draws(statements: list[ast.stmt]) -> bool:
    """Say whether statements show a figure and call nothing but what its arguments need."""
    nodes = [node for statement in statements for node in ast.walk(statement)]
    calls = [node.func for node in nodes if isinstance(node, ast.Call)]
    if not any(isinstance(call, ast.Name) and call.id == "show" for call in calls):
        return False
    if any(isinstance(node, ast.FunctionDef | ast.Lambda | ast.ClassDef) for node in nodes):
        return False
    return all(map(_is_plain, calls))


def _is_plain(call: ast.expr) -> bool:
    if isinstance(call, ast.Name):
        return call.id in PLAIN_CALLS or call.id.endswith("_plot")
    return isinstance(call, ast.Attribute) and (
        call.attr in PLAIN_METHODS or call.attr.endswith("_plot")
    )
