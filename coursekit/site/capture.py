"""What a unit asks and measures, as data: run in the kernel before the unit's own first cell.

A notebook shows predictions and explorers as widgets or as pictures. A page has forms of its own
for them, and needs the question, the options, the measured answer and the explorer's name.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

MIME = "application/vnd.coursekit.page+json"
FIRST_CELL = "from coursekit.site.capture import begin; begin()"


def tell(**facts: Any) -> None:
    """Show facts that no front end draws; the page finds them among the cell's outputs."""
    from IPython.display import display

    display({MIME: facts}, raw=True)


def begin() -> None:
    """Replace what asks, compares and explores by functions that tell; call it first."""
    import coursekit.explorers.live as live
    import coursekit.notebook as notebook

    replace(notebook, "predict", predict)
    replace(notebook, "predict_number", predict_number)
    replace(notebook, "compare_predictions", compare_predictions)
    replace(live, "show_explorer", show_explorer)


def replace(module: Any, name: str, function: Callable[..., Any]) -> None:
    """Put a function in another's place."""
    setattr(module, name, function)


def predict(unit: str, key: str, question: str, options: Sequence[str], **_: Any) -> None:
    """Tell a question with its options."""
    tell(kind="predict", key=key, question=question, options=list(options))


def predict_number(unit: str, key: str, question: str, of: str = "times", **_: Any) -> None:
    """Tell a question whose answer is a number."""
    tell(kind="predict", key=key, question=question, options=[], of=of)


def compare_predictions(unit: str, measured: Mapping[str, Sequence[str]], **_: Any) -> None:
    """Tell what was measured, question by question."""
    rows = [
        {"key": key, "name": name, "said": said, "where": where[0] if where else ""}
        for key, (name, said, *where) in measured.items()
    ]
    tell(kind="compare", rows=rows)


def show_explorer(
    name: str, *, state: Mapping[str, Any] | None = None, data: Mapping[str, Any] | None = None
) -> None:
    """Tell an explorer's name, where it begins and what it shows."""
    tell(kind="explorer", name=name, state=dict(state or {}), data=data)
