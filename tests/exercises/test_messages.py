"""What a learner reads: short, pasteable, and never the value asked for."""

import math
import re

import numpy as np
import pytest
import torch
from toy_exercises import CENTRED, HALF, ODD, ODD_VALUE

from coursekit.exercises import EXERCISES
from coursekit.exercises.engine.judge import judge
from coursekit.exercises.engine.messages import is_refusal, points, reveal


def divided_by_n(per_example_grads):
    return per_example_grads.var(0, unbiased=False).sum()


@pytest.mark.quick
def test_the_message_of_a_known_mistake():
    verdict = judge(EXERCISES["u01_tr_cov"], divided_by_n, seed=0)
    assert verdict.message.splitlines() == [
        "[not yet] tr_cov(per_example_grads): 0 of 2 points.",
        "  It fails for this input:",
        "      per_example_grads = torch.tensor([[-1., -2.], [ 1.,  2.], [ 0.,  0.]])",
        "  Your function returned 3.33333.",
        "  Think: You divide by the number of rows, but the mean was fitted to those same rows.",
        "  How many deviations are still free?",
    ]


@pytest.mark.quick
def test_the_message_of_a_right_answer_says_what_was_learned():
    verdict = judge(HALF, HALF.reference, seed=0)
    assert verdict.message == "[right] half(x): 3 of 3 points.\n  Half of a half is a quarter."


@pytest.mark.quick
def test_a_warm_up_has_no_marks():
    exercise = EXERCISES["u00_num_steps"]
    assert "no marks here" in judge(exercise, exercise.reference, seed=0).message


@pytest.mark.quick
def test_groups_are_named_where_some_are_right():
    partly = judge(HALF, abs, seed=0)
    assert "Right:" not in partly.message
    partly = judge(HALF, lambda x: abs(x) / 2, seed=0).message
    assert "\n  Right: positive. Not yet: negative. As long as at most half of the points" in partly
    assert partly.startswith("[not yet] half(x): 0.5 of 3 points.\n")


@pytest.mark.quick
def test_the_first_failing_input_is_shown_with_the_names_of_the_call():
    message = judge(HALF, lambda x: x / 2 if x > 0 else 0.0, seed=0).message
    assert "\n      x = -6\n" in message


@pytest.mark.quick
def test_an_unknown_mistake_gets_a_next_step():
    message = judge(HALF, lambda x: x**2, seed=0).message
    assert "Work this input out on paper." in message


@pytest.mark.quick
def test_a_wrong_shape_is_named_with_the_one_wanted():
    message = judge(CENTRED, lambda x: x.sum(), seed=0).message
    assert "You return one number, asked is the shape (2, 2)." in message
    message = judge(HALF, lambda x: torch.ones(2, 3), seed=0).message
    assert "You return numbers of shape (2, 3), asked is one number." in message


@pytest.mark.quick
def test_what_is_shown_can_be_pasted_and_gives_what_was_returned():
    exercise = EXERCISES["u01_standard_error"]
    for seed in range(5):
        drawn = exercise.draw(np.random.default_rng(seed))
        kept = tuple(c for c in drawn if c.group == "standard error")
        mistake = exercise.mistakes[0]
        shown_case = type(exercise)(**{**vars(exercise), "by_hand": kept[:1]})
        message = judge(shown_case, mistake.answer, seed=seed).message
        block = [line[6:] for line in message.splitlines() if line.startswith("      ")]
        names = {"torch": torch}
        exec("\n".join(block), names)
        returned = float(re.search(r"returned ([\d.e-]+)\.\n", message)[1])
        again = float(mistake.answer(names["batch_grads"], names["full_grad"]))
        assert math.isclose(returned, again, rel_tol=1e-3)


FAILURES = (
    lambda x: None,
    lambda x: x,
    lambda x: -2 * (ODD_VALUE + x),
    lambda x: [x, x],
    lambda x: "text",
    lambda x: math.nan,
    lambda x: math.inf,
    lambda x: {x},
    lambda x: 1 / 0,
    lambda: 0.0,
    lambda x: print("hello"),
)


@pytest.mark.quick
@pytest.mark.parametrize("answer", FAILURES)
def test_no_kind_of_failure_shows_the_expected_value(answer):
    verdict = judge(ODD, answer, seed=0)
    assert verdict.status == "failed"
    assert "7318" not in verdict.message
    assert "7318.25" in reveal(ODD, verdict.first_failure)


@pytest.mark.quick
def test_a_stub_and_a_value_show_no_expected_value_either():
    def stub(x):
        raise NotImplementedError

    for answer in (stub, 3.0, None):
        assert "7318" not in judge(ODD, answer, seed=0).message


@pytest.mark.quick
def test_the_reveal_reads_like_a_sentence():
    verdict = judge(EXERCISES["u01_tr_cov"], divided_by_n, seed=0)
    line = "  After three tries: the right result for this input is 5."
    assert reveal(EXERCISES["u01_tr_cov"], verdict.first_failure) == line
    block = reveal(CENTRED, judge(CENTRED, lambda x: x, seed=0).first_failure)
    assert block.endswith("is [[-1., -2.], [ 1.,  2.]].")


@pytest.mark.quick
def test_the_reveal_names_the_error_where_an_input_is_to_be_refused():
    injector = EXERCISES["u07_injector"]
    results = judge(injector, lambda *args: 0.0, seed=0).results
    failure = next(result for result in results if is_refusal(result.expected))
    assert reveal(injector, failure).endswith("for this input, raising a ValueError is right.")


@pytest.mark.quick
@pytest.mark.parametrize(
    ("score", "most", "text"),
    [(0.0, 1.0, "0 of 1 point"), (1.5, 2.0, "1.5 of 2 points"), (3.0, 3.0, "3 of 3 points")],
)
def test_points(score, most, text):
    assert points(score, most) == text
