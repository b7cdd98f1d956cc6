"""What notebook cells call: `check`, `evaluate`, `mine_or_library`."""

import math

import numpy as np
import pytest
import torch

from coursekit.exercises import EXERCISES, check, evaluate, failing_input, mine_or_library, teach
from coursekit.exercises.engine.plain import plain

TR_COV = EXERCISES["u01_tr_cov"]


@pytest.fixture(autouse=True)
def no_tries_yet(monkeypatch):
    monkeypatch.setattr(teach, "_failed_tries", type(teach._failed_tries)())
    monkeypatch.setattr(teach, "_failed_with", {})


def divided_by_n(g):
    return g.var(0, unbiased=False).sum()


def stub(g):
    raise NotImplementedError


def half_right(g):
    """Right only where the mean gradient is zero."""
    return g.square().sum() / (len(g) - 1)


def test_check_prints_the_message_and_returns_the_score(capfd):
    for answer, score in ((TR_COV.reference, 2.0), (half_right, 0.5), (stub, 0.0), (7, 0.0)):
        result = check("u01_tr_cov", answer)
        assert type(result) is float
        assert math.isfinite(result)
        assert result == score
        printed = capfd.readouterr()
        assert printed.err == ""
        assert printed.out == evaluate("u01_tr_cov", answer).message + "\n"


@pytest.mark.in_turn(of=3)
def test_every_exercise_scores_between_nothing_and_its_points(capfd):
    for name, exercise in EXERCISES.items():
        for answer in (stub, None, lambda *args: None, exercise.mistakes[0].answer):
            assert 0.0 <= check(name, answer) < exercise.max_score
        assert check(name, exercise.reference) == exercise.max_score
    assert capfd.readouterr().err == ""


def test_the_expected_value_follows_from_the_third_failed_try_on(capsys):
    shown = []
    for _ in range(4):
        check("u01_tr_cov", divided_by_n)
        shown.append("the right result for this input is 5." in capsys.readouterr().out)
    assert shown == [False, False, True, True]


def test_a_diagnosis_is_never_told(capsys):
    """Its one argument is the place of a run: the right result would be the answer itself."""
    for _ in range(5):
        check("u10_diagnosis", lambda number: [2, 2, 2])
        said = capsys.readouterr().out
        assert "After three tries" not in said
        assert "line by line" in said  # it has no steps to print


def test_what_is_no_try_does_not_count(capsys):
    for answer in (stub, None, 3.0, stub):
        check("u01_tr_cov", answer)
    for expected in (False, False, True):
        capsys.readouterr()
        check("u01_tr_cov", divided_by_n)
        assert ("After three tries" in capsys.readouterr().out) is expected
    check("u01_tr_cov", 3.0)
    assert "After three tries" not in capsys.readouterr().out


def test_a_right_answer_starts_the_count_anew(capsys):
    for answer in (divided_by_n, divided_by_n, TR_COV.reference, divided_by_n, divided_by_n):
        check("u01_tr_cov", answer)
    assert "After three tries" not in capsys.readouterr().out


def test_tries_are_counted_for_each_exercise(capsys):
    for _ in range(2):
        check("u01_tr_cov", divided_by_n)
        check("u01_standard_error", divided_by_n)
    assert "After three tries" not in capsys.readouterr().out


def test_every_try_meets_the_same_cases():
    """So that wrong code never passes when it is run again; and more than one draw of them."""
    inputs = []

    def spy(g):
        inputs.append(g.clone())
        return None

    check("u01_tr_cov", spy)
    first, inputs[:] = list(inputs), []
    check("u01_tr_cov", spy)
    assert len(first) == len(inputs) > 2
    assert all(torch.equal(a, b) for a, b in zip(first, inputs, strict=True))
    assert len(first) > len(TR_COV.by_hand) + len(TR_COV.draw(np.random.default_rng(0)))


def test_the_failing_input_can_be_fetched(capsys):
    with pytest.raises(ValueError, match="no check of u01_tr_cov has failed"):
        failing_input("u01_tr_cov")
    check("u01_tr_cov", divided_by_n)
    assert torch.equal(failing_input("u01_tr_cov"), torch.tensor(TR_COV.by_hand[0].args[0]).float())
    failing_input("u01_tr_cov").zero_()
    assert failing_input("u01_tr_cov").any(), "made afresh each time"
    check("u01_tr_cov", TR_COV.reference)
    with pytest.raises(ValueError, match="has failed here"):
        failing_input("u01_tr_cov")


@pytest.mark.parametrize("name", EXERCISES)
def test_the_failing_input_runs_and_gives_what_was_returned(name, capsys):
    """Models, optimizers, training runs and losses included."""
    exercise = EXERCISES[name]
    mistake = exercise.mistakes[0]
    check(name, mistake.answer)
    said = capsys.readouterr().out
    handed = failing_input(name)
    handed = handed if len(exercise.parameters) > 1 else (handed,)
    returned = mistake.answer(*handed)
    failure = evaluate(name, mistake.answer).first_failure
    recorded = ("linear_grad", "linear_steps", "worker_steps", "refusing", "parameters")
    if exercise.run not in recorded:
        assert exercise.same(plain(returned), failure.outcome.value)
    for line in said.splitlines():
        if "failing_input" in line:
            names = {"failing_input": failing_input}
            exec(line.strip(), names)
            assert set(exercise.parameters) <= set(names)


def test_the_verdict_is_recorded(capsys):
    kept = []
    check("u01_tr_cov", half_right, record=kept.append)
    check("u01_tr_cov", stub, record=kept.append)
    assert [(v.exercise_id, v.status, v.score) for v in kept] == [
        ("u01_tr_cov", "failed", 0.5),
        ("u01_tr_cov", "unfinished", 0.0),
    ]


def test_evaluate_prints_and_remembers_nothing(capfd):
    one, two = (evaluate("u01_tr_cov", divided_by_n, seed=5) for _ in range(2))
    assert one.message == two.message
    assert one.mistake is two.mistake
    assert capfd.readouterr() == ("", "")
    assert not teach._failed_tries


def test_the_seed_draws_the_cases():
    one, two, three = (evaluate("u01_tr_cov", divided_by_n, seed=s) for s in (1, 1, 2))
    expected = [[float(r.expected) for r in v.results] for v in (one, two, three)]
    assert expected[0] == expected[1] != expected[2]


@pytest.mark.parametrize("call", [check, mine_or_library])
def test_an_unknown_exercise_lists_those_of_its_unit(call):
    with pytest.raises(ValueError, match="no exercise named 'u01_trcov'") as caught:
        call("u01_trcov", stub)
    assert "u01_tr_cov" in str(caught.value)
    assert "u00" not in str(caught.value)
    with pytest.raises(ValueError, match=r"u00_best_lr.*u01_tr_cov"):
        call("nonsense", stub)


def test_arguments_in_the_wrong_order_are_told():
    with pytest.raises(ValueError, match="id comes first"):
        check(stub, "u01_tr_cov")
    with pytest.raises(ValueError, match="id comes first"):
        evaluate(["u01_tr_cov"], stub, seed=0)


def test_the_text_goes_on_with_ones_own_function_once_it_is_right(capsys):
    def own(per_example_grads):
        return torch.cov(per_example_grads.T).trace()

    assert mine_or_library("u01_tr_cov", own).__wrapped__ is own
    assert capsys.readouterr().out == "Using your own tr_cov(per_example_grads).\n"


@pytest.mark.parametrize("answer", [stub, divided_by_n, half_right, None, lambda: 1])
def test_the_text_goes_on_with_the_librarys_function_until_then(answer, capfd):
    chosen = mine_or_library("u01_tr_cov", answer)
    assert float(chosen(torch.tensor([[1.0], [3.0]]))) == 2.0
    printed = capfd.readouterr()
    assert printed.err == ""
    assert printed.out.startswith("Using the library's tr_cov(per_example_grads), until yours")
