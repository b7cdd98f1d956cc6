"""A check in a notebook: a card, still a number to nbgrader; and what it says of a failed run."""

import types

import pytest

from coursekit.exercises import EXERCISES, evaluate, shown
from coursekit.exercises.engine.card import LOOKS, card
from coursekit.exercises.teach import check

pytestmark = pytest.mark.quick
EXERCISE = EXERCISES["u01_tr_cov"]


def wrong(per_example_grads):
    return per_example_grads.var(dim=0, unbiased=False).sum()


def right(per_example_grads):
    return per_example_grads.var(dim=0).sum()


def unsolved(per_example_grads):
    raise NotImplementedError


@pytest.fixture
def looked_at(monkeypatch):
    """A notebook in which somebody works."""
    monkeypatch.setattr(shown, "_unshown", [])
    monkeypatch.setattr(shown, "_failed_runs", {})
    monkeypatch.setattr("coursekit.exercises.teach.somebody_looks", lambda: True)


def ran(cell, error=None, *, before=False):
    info = types.SimpleNamespace(raw_cell=cell)
    shown.note_run(
        types.SimpleNamespace(
            info=info,
            error_before_exec=error if before else None,
            error_in_exec=None if before else error,
        )
    )


@pytest.mark.parametrize(
    ("answer", "status"), [(wrong, "failed"), (right, "passed"), (unsolved, "unfinished")]
)
def test_a_card_says_how_it_stands_by_symbol_word_and_colour(answer, status):
    verdict = evaluate(EXERCISE.id, answer)
    assert verdict.status == status
    shows = card(EXERCISE, verdict)
    for look, (symbol, word, edge, _) in LOOKS.items():
        assert (f"{symbol} {word}<" in shows and edge in shows) is (look == status)
    assert "of 2 points" in shows


def test_a_wrong_answer_gets_its_input_as_a_table_and_its_question_in_a_box():
    verdict = evaluate(EXERCISE.id, wrong)
    shows = card(EXERCISE, verdict, note="older < newer", revealed="  After three tries: 7.")
    rows = shows.count('<th scope="row"')
    assert rows == len(EXERCISE.parameters) == 1
    assert "failing_input(&#x27;u01_tr_cov&#x27;)" in shows
    assert verdict.mistake.hint.split("?")[0] in shows.replace("&#x27;", "'")
    assert "Think: " not in shows, "the box says so"
    assert "older &lt; newer" in shows
    assert shows.endswith("After three tries: 7.</div></div>")


@pytest.mark.parametrize("exercise_id", sorted(EXERCISES))
def test_every_first_input_can_be_shown(exercise_id):
    """An answer that is wrong for everything: each exercise's smallest case goes into a table."""
    exercise = EXERCISES[exercise_id]
    verdict = evaluate(exercise_id, lambda *args, **kwargs: "nothing", draws=1)
    shows = card(exercise, verdict)
    assert shows.count("<div") == shows.count("</div>")
    assert shows.count('<th scope="row"') == min(
        len(exercise.parameters), len(verdict.first_failure.case.args)
    )


def test_the_score_is_a_number_and_shows_its_card_once(looked_at, capsys, monkeypatch):
    displayed = []
    monkeypatch.setattr("IPython.display.display", lambda html: displayed.append(html.data))
    first, second = check(EXERCISE.id, unsolved), check(EXERCISE.id, right)
    assert (repr(first), repr(second), second + 1) == ("0.0", "2.0", 3.0)
    assert capsys.readouterr().out == ""
    assert "right" in second._repr_html_()  # the cell's last value
    shown.show_the_rest()
    (other,) = displayed
    assert "not done yet" in other


def test_a_failed_run_is_said_and_is_no_try(looked_at, monkeypatch):
    monkeypatch.setattr("coursekit.exercises.teach._failed_tries", tries := {EXERCISE.id: 0})
    ran("def tr_cov(grads):\n    return (", SyntaxError("'(' was never closed"), before=True)
    shows = check(EXERCISE.id, wrong).card
    assert "failed (SyntaxError: &#x27;(&#x27; was never closed)" in shows
    assert "older version" in shows
    assert tries[EXERCISE.id] == 0
    ran("x = 1")
    assert "older version" in check(EXERCISE.id, wrong).card
    ran("def tr_cov(grads):\n    return 1")
    assert "older version" not in check(EXERCISE.id, wrong).card
    assert tries[EXERCISE.id] == 1


def test_a_function_that_never_came_to_be_is_explained(looked_at, capsys):
    ran("def tr_cov(grads):\n    return (", SyntaxError("'(' was never closed"), before=True)
    ran("check('u01_tr_cov', tr_cov)", NameError("name 'tr_cov' is not defined", name="tr_cov"))
    assert "cell that defines tr_cov failed (SyntaxError" in capsys.readouterr().out
    ran("other()", NameError("name 'other' is not defined", name="other"))
    assert capsys.readouterr().out == ""
