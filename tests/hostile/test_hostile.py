"""Every attack is real where code and check share a process, and gains nothing from the judge."""

import os
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from attacks import ATTACKS, WRONG
from stock_way import canaries, descendants, run_in_a_kernel

from coursekit.classroom.judge.marks import Attempt, AttemptCell
from coursekit.classroom.judge.points_earned import judge_attempt
from coursekit.classroom.release.source import read_unit
from coursekit.classroom.sandbox.opening import Limits, open_sandbox
from coursekit.exercises import EXERCISES

ROOT = Path(__file__).resolve().parents[2]
UNIT = read_unit(ROOT / "solutions" / "01_gradient_noise.py")
PRELUDE = next(cell.text for cell in UNIT.cells if cell.role == "prelude")
SOLUTIONS = {cell.name: cell.text for cell in UNIT.cells if cell.role == "solution"}
QUESTIONS = ("u01_minibatch_grad", "u01_tr_cov", "u01_variance_at")
TIGHT = Limits(
    memory_mb=500,
    cpu_seconds=10,
    request_seconds=1.5,
    cell_seconds=2.0,
    submission_seconds=40.0,
    processes=32,
    scratch_mb=32,
)
KERNEL_PRELUDE = "import torch\nfrom coursekit.exercises.teach import check"

pytestmark = pytest.mark.skipif(os.name != "posix", reason="bubblewrap needs Linux")


def learned(cases):
    """Return code that knows the results of some cases by the sum of their numbers."""
    reference = EXERCISES["u01_tr_cov"].reference
    table = {}
    for case in cases:
        grads = torch.tensor(case.args[0], dtype=torch.float32)
        table[round(float(grads.abs().sum()), 3)] = float(reference(grads))
    return (
        f"TABLE = {table}\ndef tr_cov(per_example_grads):\n"
        "    return TABLE.get(round(float(per_example_grads.abs().sum()), 3), 7.25)\n"
    )


def text_of(attack):
    exercise = EXERCISES["u01_tr_cov"]
    seed_0 = [*exercise.by_hand, *exercise.draw(np.random.default_rng(0))]
    return {
        "BY_HEART": learned(exercise.by_hand),
        "BY_HEART_SEED_0": learned(seed_0),
    }.get(attack.cell, attack.cell)


@pytest.fixture(scope="module")
def sandbox():
    with open_sandbox(limits=TIGHT, forbidden=[ROOT / "solutions", ROOT / "coursekit"]) as opened:
        judged(opened, WRONG)  # its parent process starts with the first submission
        yield opened


def three_cells(text):
    texts = (SOLUTIONS[QUESTIONS[0]], text, SOLUTIONS[QUESTIONS[2]])
    return [
        text.replace("### BEGIN SOLUTION", "#").replace("### END SOLUTION", "#") for text in texts
    ]


def judged(sandbox, text):
    cells = three_cells(text)
    attempt = Attempt(
        "01_gradient_noise",
        PRELUDE,
        tuple(AttemptCell("solution", q, c) for q, c in zip(QUESTIONS, cells, strict=True)),
    )
    return judge_attempt(
        attempt, bank=EXERCISES, exercise_ids=QUESTIONS, sandbox=sandbox, seed=20270131
    )


cases = [
    pytest.param(a, id=a.name.replace(" ", "_"), marks=[] if a.quick else pytest.mark.slow)
    for a in ATTACKS
]


@pytest.mark.in_turn(of=3)
@pytest.mark.parametrize("attack", cases)
def test_the_attack_is_real_where_code_and_check_share_a_process(attack, tmp_path):
    with canaries(tmp_path) as laid_out:
        text = laid_out.fill(text_of(attack), scratch=tmp_path)
        happened = run_in_a_kernel(three_cells(text), KERNEL_PRELUDE)
        happened["touched"] = laid_out.changed
        happened["told"] = laid_out.told()
        happened["hurt"] = laid_out.hurt()
    assert happened.get(attack.real), happened


@pytest.mark.in_turn(of=3)
@pytest.mark.parametrize("attack", cases)
def test_the_judge_gives_the_stated_mark_and_nothing_outside_is_harmed(attack, tmp_path, sandbox):
    with canaries(tmp_path) as laid_out:
        before = set(descendants(os.getpid()))
        mark = judged(sandbox, laid_out.fill(text_of(attack), scratch="/tmp"))
        assert not laid_out.changed
        assert not laid_out.told()
        assert not laid_out.hurt()
        assert no_process_more_than(before)
    first, second, third = mark.questions
    assert (first.points, first.status) == (2.0, "ok")
    assert (second.points, second.status) == (0.0, attack.status), second
    assert (third.points, third.status) == (3.0, "ok")
    graver = attack.status in ("tampered", "memory", "crashed", "timeout")
    assert mark.status == (attack.whole or (attack.status if graver else "ok"))
    assert second.reason
    assert "\n" not in second.reason


def no_process_more_than(before):
    for _ in range(20):  # a parent of a sandbox may be reaped a moment later
        if set(descendants(os.getpid())) <= before:
            return True
        time.sleep(0.05)
    return False


STOPS_ITS_GROUP = (
    "import os, signal, time\nif os.fork() == 0:\n"
    "    for _ in range(50):\n        os.setpriority(os.PRIO_PGRP, 0, 19)\n"
    "        os.kill(0, signal.SIGSTOP)\n        time.sleep(0.1)\n    os._exit(0)\n"
    "time.sleep(2)\n"  # so that the child, made slow by itself, comes to it on a busy machine too
)


def test_whoever_stops_the_whole_group_stops_alone(sandbox):
    """The next student is judged by the same parent, and rightly."""
    parent = sandbox._parent.inside
    first = judged(sandbox, STOPS_ITS_GROUP + SOLUTIONS["u01_tr_cov"])
    assert first.status == "timeout"
    mark = judged(sandbox, SOLUTIONS["u01_tr_cov"])
    assert (mark.status, [q.points for q in mark.questions]) == ("ok", [2.0, 2.0, 3.0])
    assert sandbox._parent.inside == parent
    assert os.getpriority(os.PRIO_PROCESS, parent) == os.getpriority(os.PRIO_PROCESS, 0)


@pytest.mark.slow
def test_an_honest_wrong_answer_gets_nothing_either_way(tmp_path, sandbox):
    """The comparison that makes the others mean something."""
    happened = run_in_a_kernel(three_cells(WRONG), KERNEL_PRELUDE)
    assert happened == {"asserts": False, "check": False, "end": True, "left": False}
    assert judged(sandbox, WRONG).questions[1].status == "wrong"


def test_a_right_answer_gets_full_marks_either_way(tmp_path, sandbox):
    happened = run_in_a_kernel(three_cells(SOLUTIONS["u01_tr_cov"]), KERNEL_PRELUDE)
    assert happened == {"asserts": True, "check": True, "end": True, "left": False}
    mark = judged(sandbox, SOLUTIONS["u01_tr_cov"])
    assert (mark.status, [q.points for q in mark.questions]) == ("ok", [2.0, 2.0, 3.0])
