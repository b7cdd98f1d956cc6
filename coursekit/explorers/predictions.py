"""Predict first: questions answered before anything runs, shown again at the end."""

import html
from collections.abc import Mapping, Sequence

from coursekit import progress
from coursekit.explorers.mode import interactive, show_html


def predict(unit: str, key: str, question: str, options: Sequence[str]) -> None:
    """Ask for a prediction and keep it; without widgets, show the question and its options.

    Args:
        unit: Such as "01_gradient_noise".
        key: Names the question within its unit.
        question: One sentence.
        options: Two to five answers, short.
    """
    if not interactive():
        choices = "".join(f"<li>{html.escape(o)}</li>" for o in options)
        show_html(
            f"<p><b>{html.escape(question)}</b></p><ul>{choices}</ul>",
            f"{question}\n" + "\n".join(f"  - {option}" for option in options),
        )
        return
    import ipywidgets as widgets
    from IPython.display import display

    kept = progress.predictions(unit).get(key)
    buttons = widgets.RadioButtons(
        options=list(options),
        value=kept if kept in options else None,
        layout=widgets.Layout(width="100%"),
    )
    said = widgets.HTML("Noted before." if kept in options else "Choose one before you go on.")

    def keep(change: Mapping[str, str]) -> None:
        progress.record_prediction(unit, key, change["new"])
        said.value = "Noted. You will meet it again at the end of the unit."

    buttons.observe(keep, names="value")
    title = widgets.HTML(f"<b>{html.escape(question)}</b>")
    display(widgets.VBox([title, buttons, said]))


def compare_predictions(unit: str, measured: Mapping[str, tuple[str, str]]) -> None:
    """Show each prediction of a unit beside what was measured.

    Args:
        unit: Such as "01_gradient_noise".
        measured: key -> (short name of the question, what was measured).
    """
    kept = progress.predictions(unit)
    rows = [(name, kept.get(key, "no prediction"), said) for key, (name, said) in measured.items()]
    cells = "".join(
        "<tr>"
        + "".join(f'<td style="text-align:left">{html.escape(c)}</td>' for c in row)
        + "</tr>"
        for row in rows
    )
    head = "<tr><th>question</th><th>you predicted</th><th>measured</th></tr>"
    show_html(
        f"<table>{head}{cells}</table>",
        "\n".join(f"{name}: you predicted {mine}; measured: {said}" for name, mine, said in rows),
    )
