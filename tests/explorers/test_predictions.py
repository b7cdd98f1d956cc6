"""Questions before anything runs: kept, shown again, and waited for where a person works."""

import sys
import types

import pytest

from coursekit import progress
from coursekit.explorers import predictions, reveal
from coursekit.explorers.predictions import PredictFirst, hold_back
from coursekit.explorers.reveal import Row, compare_predictions, headline, standing

pytestmark = pytest.mark.quick


@pytest.fixture(autouse=True)
def nothing_open(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSEKIT_HOME", str(tmp_path))
    monkeypatch.setattr(predictions, "_waiting", {})
    monkeypatch.setattr(predictions, "_installed", [])


@pytest.fixture
def shown(monkeypatch):
    """A notebook in which a person works: widgets are real, with the pictures that stay of them."""
    pytest.importorskip("anywidget")
    shell = types.SimpleNamespace(input_transformers_cleanup=[])
    boxes, pictures = [], []

    def show_living(widget, picture):
        boxes.append(widget)
        pictures.append(picture)
        return pictures.append

    monkeypatch.setenv(predictions.LOCK, "1")
    monkeypatch.setattr(predictions, "interactive", lambda: True)
    monkeypatch.setattr(predictions, "show_living", show_living)
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    return types.SimpleNamespace(boxes=boxes, pictures=pictures, shell=shell)


def lock(box, answer):
    """Do what the form does when its button is pressed: both traits in one message."""
    box.set_state({"chosen": answer, "state": "locked"})


def test_what_follows_waits_until_an_answer_is_given(shown):
    predictions.predict("01_gradient_noise", "k", "What now?", ["this", "that"])
    assert shown.shell.input_transformers_cleanup == [hold_back]
    assert hold_back(["x = 1\n"]) != ["x = 1\n"]
    with pytest.raises(PredictFirst, match="What now"):
        exec("".join(hold_back(["x = 1\n"])))
    asks = ['predict("u", "k", "?", [])\n']
    assert hold_back(asks) == asks, "the next question can be asked"
    assert "Not answered (this, that)" in shown.pictures[-1]
    lock(shown.boxes[0], "that")
    assert "You said: <b>that</b>" in shown.pictures[-1], "what a saved notebook shows"
    assert hold_back(["x = 1\n"]) == ["x = 1\n"]
    assert progress.predictions("01_gradient_noise") == {"k": "that"}
    predictions.predict("01_gradient_noise", "k", "What now?", ["this", "that"])
    assert hold_back(["x = 1\n"]) == ["x = 1\n"], "answered before"
    assert (shown.boxes[1].state, shown.boxes[1].chosen) == ("locked", "that")


def test_a_number_is_kept_with_its_unit(shown):
    predictions.predict_number("01_gradient_noise", "n", "How many?", of="times")
    lock(shown.boxes[0], "many")
    assert (shown.boxes[0].state, shown.boxes[0].said) == ("open", "That is no number.")
    assert hold_back(["x = 1\n"]) != ["x = 1\n"]
    lock(shown.boxes[0], "2.5x")
    assert hold_back(["x = 1\n"]) == ["x = 1\n"]
    assert progress.predictions("01_gradient_noise") == {"n": "2.5 times"}


def test_a_question_can_be_skipped(shown):
    predictions.predict("01_gradient_noise", "k", "What now?", ["this", "that"])
    shown.boxes[0].set_state({"state": "skipped"})
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
    ("mine", "said", "how"),
    [
        ("2 times", "7 times in your run", "surprising"),
        ("4 times", "7 times in your run", "wrong"),
        ("6 times", "7 times in your run", "right"),
        ("-1 points", "2 points", "surprising"),
        ("grow 16 times", "grow 16 times, up to the frontier", "right"),
        ("grow 4 times", "grow 16 times", "wrong"),
        ("the noise", "open: unit by unit you will be able to tell", "open"),
        (None, "exactly zero", "none"),
    ],
)
def test_a_prediction_is_judged(mine, said, how):
    assert standing(mine, said) == how
    row = Row("?", mine, said, how, "section 1.6")
    assert said in reveal.in_a_line(row)
    assert bool(row.again) is (how in ("wrong", "surprising"))


def test_the_end_says_what_to_read_again(capsys):
    progress.record_prediction("01_gradient_noise", "n", "2 times")
    progress.record_prediction("01_gradient_noise", "z", "exactly zero")
    compare_predictions(
        "01_gradient_noise",
        {
            "n": ("Near-copies", "7 times", "section 1.6"),
            "z": ("All N", "exactly zero"),
            "o": ("Unasked", "so"),
        },
    )
    assert capsys.readouterr().out.splitlines() == [
        "You predicted 1 of 2. What you missed is what this unit was for.",
        "Near-copies: you said 2 times, it was 7 times (surprising); read section 1.6 again",
        "All N: you said exactly zero, it was exactly zero (right)",
        "Unasked: you made no prediction, it was so",
    ]


def test_a_card_draws_both_numbers_on_one_scale():
    rows = [Row("<n>", "2 times", "8 times", "surprising", ""), Row("z", "a", "b", "wrong", "")]
    cards = reveal.as_cards(rows)
    assert cards.count("width:25.0%") == 1
    assert cards.count("width:100.0%") == 1, "words have no bars"
    assert "&lt;n&gt;" in cards
    assert headline([]) == "You made no prediction here that could come true."
