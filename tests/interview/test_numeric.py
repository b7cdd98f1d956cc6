"""Every numeric task: its value against an independent formula, its slips told apart."""

import math
import random

import pytest

from coursekit.interview.bank import all_questions
from coursekit.interview.numeric import filled, judge_number, write_number
from coursekit.interview.tasks.by_name import TASKS, example_of

pytestmark = pytest.mark.quick
each_task = pytest.mark.parametrize("name", TASKS)


@each_task
def test_the_right_number_is_accepted_and_every_slip_gets_its_hint(name):
    task = TASKS[name]
    assert len(task.slips) >= 3
    told = {slip.name: 0 for slip in task.slips}
    for seed in range(50):
        params = task.draw(random.Random(seed))
        value = task.value(params)
        assert math.isfinite(value)
        assert judge_number(task, params, repr(value)).right
        assert judge_number(task, params, write_number(value, task.unit)).right
        assert not judge_number(task, params, repr(1.5 * value + 1)).right
        for slip in task.slips:
            verdict = judge_number(task, params, repr(slip.value(params)))
            assert not verdict.right, (slip.name, params)
            assert slip in verdict.slips
            told[slip.name] += verdict.slips == (slip,)
    assert all(count >= 25 for count in told.values()), told  # a slip may coincide now and then


def test_a_number_that_two_mistakes_give_asks_both_questions():
    task = TASKS["largest_lr"]
    params = {"curvature": 10.0, "momentum": 0.5}  # 1 - m and m are the same
    slips = judge_number(task, params, repr(2 * (1 - 0.5) / 10)).slips
    assert len(slips) > 1
    message = judge_number(task, params, repr(2 * (1 - 0.5) / 10)).message
    assert message == " Or: ".join(slip.hint for slip in slips)


@each_task
def test_parameters_are_drawn_afresh_and_fill_the_prompt(name):
    task = TASKS[name]
    draws = {tuple(task.draw(random.Random(seed)).items()) for seed in range(20)}
    assert len(draws) >= 4
    users = [q for q in all_questions().values() if q.numeric == name]
    assert len(users) == 1, f"task {name} belongs to {len(users)} questions"
    prompt, value, unit, working = example_of(users[0])
    assert "{" not in prompt + working
    assert unit == task.unit
    assert math.isfinite(value)


def test_an_answer_that_is_no_number_says_why():
    task = TASKS["double_batch"]
    verdict = judge_number(task, task.draw(random.Random(0)), "half an hour")
    assert not verdict.right
    assert math.isnan(verdict.number)
    assert "no number" in verdict.message


def test_two_values_by_hand():
    params = {"n": 1000, "b": 900, "tr_cov": 20}
    assert TASKS["variance_without"].value(params) == pytest.approx(0.0022244, rel=1e-4)
    params = {"gpus": 16, "local": 128, "b_crit": 2048}
    assert TASKS["double_batch"].value(params) == pytest.approx(0.75)  # S goes from 2 to 1.5


def test_numbers_are_written_for_people():
    assert write_number(2048.0) == "2,048"
    assert write_number(0.00222444, "s") == "0.002224 s"
    assert write_number(3.2e-7) == "3.200e-07"
    assert filled("B = {b}, {other}", {"b": 1024}) == "B = 1,024, {other}"
