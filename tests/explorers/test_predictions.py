"""Questions before anything runs: kept, shown again, and waited for where a person works."""

import sys
import types

import pytest

from coursekit import progress
from coursekit.explorers import predictions
from coursekit.explorers.predictions import PredictFirst, compare_predictions, hold_back, judged

pytestmark = pytest.mark.quick


@pytest.fixture(autouse=True)
def nothing_open(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSEKIT_HOME", str(tmp_path))
    monkeypatch.setattr(predictions, "_waiting", {})
    monkeypatch.setattr(predictions, "_installed", [])


@pytest.fixture
def shown(monkeypatch):
    """A notebook in which a person works: widgets are real, the display keeps them."""
    pytest.importorskip("ipywidgets")
    shell = types.SimpleNamespace(input_transformers_cleanup=[])
    kept = []
    monkeypatch.setenv(predictions.LOCK, "1")
    monkeypatch.setattr(predictions, "interactive", lambda: True)
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    monkeypatch.setattr("IPython.display.display", kept.append)
    return types.SimpleNamespace(boxes=kept, shell=shell)


def test_what_follows_waits_until_an_answer_is_given(shown):
    predictions.predict("01_gradient_noise", "k", "What now?", ["this", "that"])
    assert shown.shell.input_transformers_cleanup == [hold_back]
    assert hold_back(["x = 1\n"]) != ["x = 1\n"]
    with pytest.raises(PredictFirst, match="What now"):
        exec("".join(hold_back(["x = 1\n"])))
    asks = ['predict("u", "k", "?", [])\n']
    assert hold_back(asks) == asks, "the next question can be asked"
    shown.boxes[0].children[1].value = "that"
    assert hold_back(["x = 1\n"]) == ["x = 1\n"]
    assert progress.predictions("01_gradient_noise") == {"k": "that"}
    predictions.predict("01_gradient_noise", "k", "What now?", ["this", "that"])
    assert hold_back(["x = 1\n"]) == ["x = 1\n"], "answered before"


def test_a_number_is_kept_with_its_unit(shown):
    predictions.predict_number("01_gradient_noise", "n", "How many?", of="times")
    field = shown.boxes[0].children[1]
    field.value = "many"
    assert hold_back(["x = 1\n"]) != ["x = 1\n"]
    field.value = "2.5x"
    assert hold_back(["x = 1\n"]) == ["x = 1\n"]
    assert progress.predictions("01_gradient_noise") == {"n": "2.5 times"}


def test_a_question_can_be_skipped(shown):
    predictions.predict("01_gradient_noise", "k", "What now?", ["this", "that"])
    skip = shown.boxes[0].children[2].children[0]
    skip.click()
    assert hold_back(["x = 1\n"]) == ["x = 1\n"]
    assert progress.predictions("01_gradient_noise") == {}


@pytest.mark.parametrize("unset", ["COURSEKIT_LOCK", "widgets"])
def test_nothing_waits_where_nobody_is(shown, unset, monkeypatch):
    if unset == "widgets":
        monkeypatch.setattr(predictions, "interactive", lambda: False)
    else:
        monkeypatch.delenv(unset)
    predictions.predict("01_gradient_noise", "k", "What now?", ["this", "that"])
    predictions.predict_number("01_gradient_noise", "n", "How many?")
    assert not predictions._waiting


@pytest.mark.parametrize(
    ("asked_for", "can_ask", "waits"),
    [("1", False, True), ("0", True, False), (None, True, True), (None, False, False)],
)
def test_any_notebook_waits_where_a_person_could_be_asked(
    shown, monkeypatch, asked_for, can_ask, waits
):
    monkeypatch.delenv(predictions.LOCK)
    if asked_for:
        monkeypatch.setenv(predictions.LOCK, asked_for)
    shown.shell.kernel = types.SimpleNamespace(_allow_stdin=can_ask)
    predictions.predict("01_gradient_noise", "k", "What now?", ["this", "that"])
    assert bool(predictions._waiting) is waits


def test_a_kernel_knows_whether_its_front_end_can_ask():
    """As JupyterLab runs a cell, and as nbconvert and nbgrader do."""
    client = pytest.importorskip("jupyter_client.manager")
    cell = "from coursekit.explorers.predictions import somebody_types\nprint(somebody_types())"
    manager, kernel = client.start_new_kernel(kernel_name="python3")
    try:
        for can_ask in (True, False):
            said = []
            kernel.execute_interactive(
                cell,
                allow_stdin=can_ask,
                timeout=60,
                output_hook=lambda m, said=said: said.append(m["content"].get("text", "")),
            )
            assert "".join(said) == f"{can_ask}\n"
    finally:
        kernel.stop_channels()
        manager.shutdown_kernel(now=True)


def test_the_error_is_one_sentence_in_a_notebook():
    (line,) = PredictFirst("First predict.")._render_traceback_()
    assert line == "First predict."
    assert "PredictFirst" in dir(sys.modules[PredictFirst.__module__])


@pytest.mark.parametrize(
    ("mine", "said", "again"),
    [
        ("2 times", "7 times in your run", True),
        ("6 times", "7 times in your run", False),
        ("grow 16 times", "grow 16 times, up to the frontier", False),
        ("grow 4 times", "grow 16 times", True),
        (None, "exactly zero", False),
    ],
)
def test_a_prediction_is_judged(mine, said, again):
    sentence, reread = judged(mine, said)
    assert reread is again
    assert said in sentence


def test_the_end_says_what_to_read_again(capsys):
    progress.record_prediction("01_gradient_noise", "n", "2 times")
    compare_predictions("01_gradient_noise", {"n": ("Near-copies", "7 times", "section 1.6")})
    out = capsys.readouterr().out
    assert out == "Near-copies: you said 2 times, it was 7 times; read section 1.6 again\n"
