"""A learner opens unit 01 in JupyterLab, runs it, gets one exercise right and one wrong."""

import pytest

from coursekit.exercises import EXERCISES

pytestmark = pytest.mark.in_turn(thing="pages that take long", of=4, turn=1)

UNIT = "01_gradient_noise"
RIGHT = """def tr_cov(per_example_grads):
    mean = per_example_grads.mean(dim=0)
    return ((per_example_grads - mean) ** 2).sum() / (per_example_grads.shape[0] - 1)
"""
WRONG = """def minibatch_grad(weights, inputs, targets, batch):
    errors = inputs[batch] @ weights - targets[batch]
    return inputs[batch].T @ errors
"""


def hint_of(exercise, mistake):
    (hint,) = [m.hint for m in EXERCISES[exercise].mistakes if m.name == mistake]
    return hint


def one_line(text):
    """Undo the wrapping of a message."""
    return " ".join(text.split())


def test_run_all_then_one_right_and_one_wrong_answer(open_unit):
    notebook = open_unit(UNIT)
    notebook.run_all()
    ran, failed = notebook.ran_and_failed()
    assert failed == []
    exercises = [name for name in EXERCISES if name.startswith("u01_")]
    assert {f"{name}_check" for name in exercises} <= set(ran)
    assert "not done yet" in notebook.cell("u01_tr_cov_check").inner_text()

    notebook.type_over("u01_tr_cov", RIGHT)
    shown = notebook.run("u01_tr_cov", "u01_tr_cov_check")
    assert "[right] tr_cov" in shown
    assert EXERCISES["u01_tr_cov"].lesson in one_line(shown)
    assert shown.split()[-1] == str(EXERCISES["u01_tr_cov"].max_score)

    notebook.type_over("u01_minibatch_grad", WRONG)
    shown = notebook.run("u01_minibatch_grad", "u01_minibatch_grad_check")
    assert "[not yet] minibatch_grad" in shown
    assert hint_of("u01_minibatch_grad", "sum over the batch") in one_line(shown)
    assert "inputs[batch].T" not in shown


def test_a_check_cannot_be_edited(open_unit):
    notebook = open_unit(UNIT)
    before = notebook.text("u01_tr_cov_check")
    notebook.type_over("u01_tr_cov_check", "1.0")
    assert notebook.text("u01_tr_cov_check") == before
