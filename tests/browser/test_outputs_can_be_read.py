"""What a unit shows in JupyterLab, looked at by axe-core in both themes."""

import nbformat
import pytest
from looked_at import faults, go_dark
from notebook_page import NotebookPage

pytestmark = pytest.mark.in_turn(thing="pages that take long", of=4, turn=2)

SHOWN = ".jp-OutputArea-output"
CELLS = {
    "start": """import os

os.environ |= {"COURSEKIT_SIZE": "cpu", "COURSEKIT_LOCK": "0"}
from coursekit import progress
from coursekit.explorers.trade_off import trade_off
from coursekit.interview.widget import case_corner, interview_corner
from coursekit.notebook import check, compare_predictions, course_map, predict, predict_number, show
from coursekit.plots import signal_plot


def minibatch_grad(weights, inputs, targets, batch):
    return inputs[batch].T @ (inputs[batch] @ weights - targets[batch])


def tr_cov(per_example_grads):
    return per_example_grads.var(dim=0).sum()


def standard_error(batch_grads, full_grad):
    raise NotImplementedError


for key, said in {"k": "halves", "n": "2 times", "z": "zero"}.items():
    progress.record_prediction("01_gradient_noise", key, said)""",
    "choice": 'predict("01_gradient_noise", "new", "B grows to 256.", ["halves", "a quarter"])',
    "locked": 'predict("01_gradient_noise", "k", "B grows to 256.", ["halves", "a quarter"])',
    "number": 'predict_number("01_gradient_noise", "of", "How many times?")',
    "wrong": 'check("u01_minibatch_grad", minibatch_grad)',
    "right": 'check("u01_tr_cov", tr_cov)',
    "undone": 'check("u01_standard_error", standard_error)',
    "figure": "show(signal_plot(2.0, 100.0, [1, 16, 256]))",
    "explorer": "trade_off(critical_batch=64)",
    "corner": 'interview_corner("01_gradient_noise", minutes=3, seed=3)',
    "case": 'case_corner("opening")',
    "map": "course_map()",
    "end": """compare_predictions(
    "01_gradient_noise",
    {
        "k": ("B from 64 to 256", "a quarter", "section 1.4"),
        "n": ("Near-copies", "7 times", "section 1.6"),
        "z": ("All N", "zero"),
        "o": ("Not asked", "so"),
    },
)""",
}


@pytest.fixture
def notebook(browser, server, lab_folder):
    """Return a notebook that has run one of each thing that the course shows."""
    written = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(text, id=name) for name, text in CELLS.items()],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(written, lab_folder / "work" / "looked_at.ipynb")
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(90_000)
    url = f"http://127.0.0.1:{server.port}/lab/tree/work/looked_at.ipynb"
    page.goto(f"{url}?reset&token={server.token}")
    opened = NotebookPage(page)
    opened.await_kernel()
    opened.run_all()
    yield opened
    context.close()


def test_nothing_shown_is_hard_to_use_for_those_who_see_or_click_less(notebook):
    ran, failed = notebook.ran_and_failed()
    assert (len(ran), failed) == (len(CELLS), [])
    page = notebook.page
    for shown in (".ck-ask[data-state=locked]", ".coursekit-check", ".coursekit-interview"):
        page.wait_for_selector(shown)
    assert page.locator(".coursekit-interview").count() == 2
    assert faults(page, SHOWN) == []
    go_dark(page)
    assert faults(page, SHOWN) == []
    page.evaluate(
        "() => document.querySelector('.jp-OutputArea-output img').removeAttribute('alt')"
    )
    ((rule, *_),) = faults(page, SHOWN)
    assert rule == "image-alt", "the look would have seen it"
