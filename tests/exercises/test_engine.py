"""Whatever an answer does, judging it comes back with a verdict and leaves no trace."""

import asyncio
import functools
import gc
import logging
import math
import random
import signal
import sys
import threading
import time
import tracemalloc
import warnings

import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from plain_data import data
from toy_exercises import CENTRED, HALF, ODD, ODD_VALUE, centred, half

from coursekit.exercises.engine import judge as engine
from coursekit.exercises.engine.adapters import ONCE
from coursekit.exercises.engine.judge import judge
from coursekit.exercises.engine.verdict import Verdict


def verdict_on(answer, exercise=HALF, seed=0) -> Verdict:
    verdict = judge(exercise, answer, seed=seed)
    assert type(verdict.score) is float
    assert math.isfinite(verdict.score)
    assert 0 <= verdict.score <= verdict.points == exercise.max_score
    assert verdict.status in ("passed", "failed", "unfinished")
    assert (verdict.status == "passed") == (verdict.score == verdict.points)
    assert verdict.message.startswith(("[right]", "[not yet]", "[not done yet]"))
    verdict.message.encode()
    return verdict


class Halver:
    def __call__(self, x):
        return x / 2

    def method(self, x):
        return x / 2


def half_with_default(x, by=2):
    return x / by


@torch.compiler.disable
def half_decorated(x):
    return x / 2


RIGHT = {
    "function": half,
    "lambda": lambda x: x * 0.5,
    "closure": (lambda by: lambda x: x / by)(2),
    "partial": functools.partial(half_with_default, by=2),
    "default": half_with_default,
    "instance": Halver(),
    "method": Halver().method,
    "any arguments": lambda *args, **kwargs: args[0] / 2,
    "cached": functools.cache(half),
    "wrapped": functools.wraps(half)(lambda *args: args[0] / 2),
    "decorated": half_decorated,
    "numpy": lambda x: np.divide(x, 2),
    "builtin": (2.0).__rtruediv__,
    "without grad": torch.no_grad()(lambda x: torch.tensor(x, requires_grad=True) / 2),
    "autograd": lambda x: torch.autograd.grad(
        (w := torch.tensor(x, requires_grad=True)) ** 2 / 4, w
    ),
}


@pytest.mark.quick
@pytest.mark.parametrize("answer", RIGHT.values(), ids=RIGHT)
def test_any_callable_may_be_the_answer(answer):
    verdict = verdict_on(answer)
    assert verdict.status == "passed", verdict.message


@pytest.mark.quick
def test_a_module_may_be_the_answer():
    class Centre(torch.nn.Module):
        def forward(self, x):
            return x - x.mean(0)

    assert verdict_on(Centre(), CENTRED).status == "passed"


@pytest.mark.quick
def test_each_group_earns_its_points():
    assert verdict_on(lambda x: x / 2 if x > 0 else x).score == 1.0 / 2  # half an answer
    assert verdict_on(lambda x: x / 2 if x < 0 else x).score == 2.0
    assert verdict_on(lambda x: x).score == 0.0
    assert verdict_on(lambda x: 3.0 if x == 6 else -3.0 if x == -6 else 0.0).score == 0.0


async def half_async(x):
    return x / 2


async def half_async_generator(x):
    yield x / 2


def half_generator(x):
    yield x / 2


def raises(error):
    def answer(x):
        raise error

    return answer


class RudeError(Exception):
    def __str__(self):
        raise RuntimeError("no text for you")


class OwnBaseException(BaseException):
    pass


def endless_recursion(x):
    return endless_recursion(x)


def endless_list(x):
    endless = []
    endless.append(endless)
    return endless


def previous_result():
    results = [0.0]

    def answer(x):
        results.append(x / 2)
        return results[-2]

    return answer


WRONG = {  # answer, kind of its first outcome, words of its message
    "None": (
        lambda x: None,
        "value",
        "returned None. Does each way through it end with a `return`, and of",
    ),
    "wrong number": (lambda x: x + 1.0, "value", "returned 7."),
    "no number": (lambda x: "3", "value", "not a number"),
    "bool": (lambda x: x > 0, "value", "not a number"),
    "dict": (lambda x: {"half": x / 2}, "value", "not a number"),
    "ragged": (lambda x: [[x], [x, x]], "value", "not a number"),
    "two numbers": (lambda x: [x / 2, x / 2], "value", "numbers of shape (2,), asked is one"),
    "empty": (lambda x: [], "value", "shape (0,)"),
    "nan": (lambda x: math.nan, "value", "There is a nan"),
    "inf": (lambda x: math.inf, "value", "There is an infinity"),
    "huge": (lambda x: 10**5000, "value", "about 2**16609"),
    "complex": (lambda x: complex(x / 2), "not_plain", "a complex"),
    "set": (lambda x: {x / 2}, "not_plain", "a set"),
    "async": (half_async, "not_plain", "take the word `async` away"),
    "async generator": (half_async_generator, "not_plain", "take `async` away"),
    "generator": (half_generator, "not_plain", "`return`, not `yield`"),
    "call forgotten": (
        lambda x: torch.tensor(x).sum,
        "not_plain",
        "returned a function: are the brackets of a call missing?",
    ),
    "class": (Halver, "parameters", "your function takes ()"),
    "too few": (lambda: 3.0, "parameters", "calls half(x), but your function takes ()"),
    "too many": (lambda x, y: 3.0, "parameters", "your function takes (x, y)"),
    "by keyword": (lambda *, x: x / 2, "parameters", "your function takes (x)"),
    "builtin": (math.pow, "parameters", "your function takes (x, y)"),
    "raises": (lambda x: 1 / 0, "raised", "ZeroDivisionError: division by zero"),
    "type error": (lambda x: x + "a", "raised", "TypeError: unsupported operand"),
    "exit": (lambda x: sys.exit(1), "raised", "SystemExit: 1"),
    "generator exit": (raises(GeneratorExit()), "raised", "GeneratorExit"),
    "cancelled": (raises(asyncio.CancelledError()), "raised", "CancelledError"),
    "own base exception": (raises(OwnBaseException("mine")), "raised", "OwnBaseException: mine"),
    "error without text": (raises(RudeError()), "raised", "RudeError line"),
    "recursion": (endless_recursion, "raised", "RecursionError"),
    "memory": (lambda x: bytearray(2**62), "raised", "MemoryError"),
    "endless list": (endless_list, "raised", "RecursionError"),
    "no kernel": (lambda x: torch.ones(1, device="meta"), "raised", "NotImplementedError"),
    "surrogates": (lambda x: "\ud800\x1b[2J", "value", "ud800"),
    "previous result": (previous_result(), "value", "returned 0."),
}


@pytest.mark.quick
@pytest.mark.parametrize(("answer", "kind", "said"), WRONG.values(), ids=WRONG)
def test_wrong_answers_earn_nothing_and_are_told_why(answer, kind, said, capfd):
    verdict = verdict_on(answer)
    assert verdict.status == "failed"
    assert verdict.score == 0.0
    assert verdict.results[0].outcome.kind == kind
    assert said in " ".join(verdict.message.split())
    assert capfd.readouterr() == ("", "")


@pytest.mark.quick
def test_a_coroutine_is_not_complained_of_later(capfd):
    verdict_on(half_async)
    gc.collect()  # "coroutine was never awaited" comes when it is thrown away
    assert capfd.readouterr() == ("", "")


@pytest.mark.quick
@pytest.mark.parametrize("answer", [3.0, None, torch.ones(2), "half", [half], ...])
def test_what_is_no_function_is_said_at_once(answer):
    verdict = verdict_on(answer)
    assert (verdict.status, verdict.score, len(verdict.results)) == ("failed", 0.0, 1)
    assert 'Write check("toy_half", half), without brackets' in " ".join(verdict.message.split())


@pytest.mark.quick
def test_ctrl_c_gets_through_and_leaves_no_trace():
    before = torch.get_rng_state()

    def interrupted(x):
        torch.rand(3)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judge(HALF, interrupted, seed=0)
    assert torch.equal(torch.get_rng_state(), before)
    assert verdict_on(half).status == "passed"


@pytest.mark.quick
def test_the_stub_is_not_done_yet():
    def stub(x):
        raise NotImplementedError

    def stub_with_text(x):
        raise NotImplementedError("your answer")

    for answer in (stub, stub_with_text):
        verdict = verdict_on(answer)
        assert (verdict.status, verdict.score, len(verdict.results)) == ("unfinished", 0.0, 1)
        assert verdict.message.startswith("[not done yet] half(x): 0 of 3 points.")


@pytest.mark.quick
def test_a_stub_in_one_branch_keeps_the_marks_of_the_other():
    def halfway(x):
        if x > 0:
            return x / 2
        raise NotImplementedError("later")

    verdict = verdict_on(halfway)
    assert (verdict.status, verdict.score) == ("failed", 1.0 / 2)
    assert "still says `raise NotImplementedError`" in verdict.message
    by_heart = verdict_on(lambda x: 3.0 if x > 0 else halfway(x))
    assert by_heart.score == 0.0


@pytest.mark.quick
def test_torchs_own_not_implemented_error_is_no_stub():
    def no_kernel(x):
        return float(torch.ones(2, device="meta").sum().item())

    verdict = verdict_on(no_kernel)
    assert verdict.status == "failed"
    assert "of your code" in verdict.message


@pytest.mark.quick
def test_an_error_names_the_learners_line_not_the_librarys():
    def answer(x):
        return torch.nn.functional.pad(torch.ones(2), (1, 2, 3))  # this very line

    verdict = verdict_on(answer)
    assert "# this very line" in " ".join(verdict.message.split())
    assert "site-packages" not in verdict.message


def test_an_answer_that_checks_itself_is_told_to_stop():
    def answer(x):
        judge(HALF, answer, seed=0)
        return x / 2

    began = time.process_time()
    verdict = verdict_on(answer)
    assert "move that line out of the function" in " ".join(verdict.message.split())
    assert time.process_time() - began < 2
    assert verdict_on(half).status == "passed"


# --- what an answer leaves behind ------------------------------------------------------------


@pytest.mark.quick
def test_arguments_are_fresh_each_time():
    def spoils(x):
        result = x - x.mean(0)
        x.zero_()
        return result

    kept = [case.args[0].copy() for case in CENTRED.by_hand]
    for _ in range(2):
        verdict = verdict_on(spoils, CENTRED)
        assert all(result.only_changed for result in verdict.results)
    for case, before in zip(CENTRED.by_hand, kept, strict=True):
        assert np.array_equal(case.args[0], before)


@pytest.mark.quick
@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64, bool])
def test_an_adapter_hands_out_copies(dtype):
    array, nested = np.ones(3, dtype=dtype), [np.ones(3, dtype=dtype)]
    ONCE["call"](lambda x, xs: (x.zero_(), xs[0].zero_(), xs.clear()), array, nested)
    assert array.all()
    assert nested[0].all()


@pytest.mark.quick
def test_a_buffer_used_again_does_not_change_earlier_results():
    buffer = torch.zeros(1)

    def answer(x):
        return buffer.fill_(x / 2 if x > 0 else 0.0)

    verdict = verdict_on(answer)
    assert verdict.score == 1.0 / 2
    assert verdict.results[0].outcome.value == 3.0


@pytest.mark.quick
def test_random_states_and_settings_are_put_back():
    def state():
        return (
            random.getstate(),
            str(np.random.get_state()),  # noqa: NPY002
            torch.get_rng_state().tolist(),
            torch.get_default_dtype(),
            torch.is_grad_enabled(),
            np.geterr(),
            logging.root.manager.disable,
            list(warnings.filters),
            (sys.stdout, sys.stderr),
        )

    def meddles(x):
        random.seed(0)
        np.random.seed(0)  # noqa: NPY002
        torch.manual_seed(0)
        torch.set_default_dtype(torch.float64)
        torch.set_grad_enabled(False)
        np.seterr(all="raise")
        logging.disable(logging.NOTSET)
        warnings.simplefilter("error")
        sys.stdout.close()
        sys.stdout = None
        return x / 2

    before = state()
    assert verdict_on(meddles).status == "passed"
    assert state() == before


@pytest.mark.quick
def test_nothing_reaches_the_streams(capfd):
    handler = logging.StreamHandler(sys.stderr)  # as set up by an earlier cell
    logger = logging.getLogger("earlier cell")
    logger.addHandler(handler)

    def noisy(x):
        print("to stdout")
        print("to stderr", file=sys.stderr)
        sys.stderr.flush()
        warnings.warn("a warning", stacklevel=1)
        np.float64(1.0) / np.float64(0.0)
        logging.warning("through the root")
        logger.error("through a handler")
        return x / 2

    assert verdict_on(noisy).status == "passed"
    assert capfd.readouterr() == ("", "")
    logger.error("heard again")
    assert "heard again" in capfd.readouterr().err
    logger.removeHandler(handler)


@pytest.mark.quick
def test_megabytes_of_print_are_cut():
    text = "x" * 1000

    def chatty(x):
        for _ in range(20_000):  # 20 MB a case
            print(text)
        return None

    tracemalloc.start()
    verdict = verdict_on(chatty)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000
    assert len(verdict.results[0].outcome.printed) == 2000
    assert len(verdict.message) < 1000


@pytest.mark.quick
def test_a_right_answer_that_prints_is_right_and_the_print_of_a_wrong_one_is_shown():
    assert "It printed" not in verdict_on(lambda x: print("mean", x) or x / 2).message
    assert "It printed: mean 6.0" in verdict_on(lambda x: print("mean", x) or x).message


# --- time ------------------------------------------------------------------------------------


@pytest.fixture
def short_limits(monkeypatch):
    monkeypatch.setattr(engine, "SECONDS_PER_CASE", 0.2)
    monkeypatch.setattr(engine, "SECONDS_PER_ANSWER", 0.6)


GIVE_UP = 30.0  # seconds after which a loop of these tests ends by itself, should nothing stop it


def forever():
    end = time.monotonic() + GIVE_UP
    while time.monotonic() < end:
        yield


def loops(x):
    for _ in forever():
        pass


def sleeps(x):
    time.sleep(GIVE_UP)


def catches_exceptions(x):
    for _ in forever():
        try:  # noqa: SIM105
            sum(range(1000))
        except Exception:
            pass


def catches_everything(x):
    for _ in forever():
        try:  # noqa: SIM105
            sum(range(1000))
        except:  # noqa: E722
            pass


def sleeps_and_catches_everything(x):
    for _ in forever():
        try:
            time.sleep(0.01)
        except BaseException:
            continue


SWALLOWS = """
def swallow():
    try:
        sum(range(1000))
    finally:
        return 0
"""


def returns_in_finally(x):
    names = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python 3.14 warns of it
        exec(SWALLOWS, names)
    for _ in forever():
        names["swallow"]()


@pytest.mark.parametrize(
    "answer",
    [
        loops,
        sleeps,
        catches_exceptions,
        catches_everything,
        sleeps_and_catches_everything,
        returns_in_finally,
    ],
)
def test_loops_are_stopped(answer, short_limits, capfd):
    began = time.monotonic()
    verdict = verdict_on(answer)
    assert verdict.results[0].outcome.kind == "timeout"
    assert verdict.score == 0.0
    assert "took more than 0.2 s and was stopped" in verdict.message
    assert time.monotonic() - began < GIVE_UP / 2
    assert capfd.readouterr() == ("", "")


def test_a_loop_in_one_group_leaves_time_for_the_others(short_limits):
    def answer(x):
        return x / 2 if x < 0 else loops(x)

    verdict = verdict_on(answer)
    assert verdict.score == 2.0
    assert [r.outcome.kind for r in verdict.results].count("timeout") == 1


def test_all_cases_together_have_a_limit(short_limits):
    def answer(x):
        time.sleep(0.15)
        return x / 2

    verdict = verdict_on(answer)
    assert verdict.results[-1].outcome.kind == "timeout"
    assert verdict.results[-1].outcome.detail == "0.6 s"


def test_an_import_is_not_cut_in_two(short_limits, tmp_path, monkeypatch):
    (tmp_path / "slow_to_load.py").write_text("import time\ntime.sleep(0.7)\nBY = 2\n")
    monkeypatch.syspath_prepend(tmp_path)

    def answer(x):
        import slow_to_load

        return x / slow_to_load.BY

    verdict = verdict_on(answer)
    assert verdict.status == "passed", verdict.message
    sys.modules.pop("slow_to_load")


def test_no_alarm_rings_afterwards(short_limits):
    before = signal.getsignal(signal.SIGALRM)
    verdict_on(loops)
    assert signal.getsignal(signal.SIGALRM) is before
    assert signal.getitimer(signal.ITIMER_REAL)[0] == 0.0
    time.sleep(0.3)


def test_a_callers_own_alarm_is_put_back(short_limits):
    rung = []
    before = signal.signal(signal.SIGALRM, lambda *_: rung.append(1))
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    try:
        verdict_on(half)
        time.sleep(0.4)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert rung == [1]


@pytest.mark.quick
def test_in_a_thread_there_is_no_limit_but_a_verdict():
    verdicts = []
    thread = threading.Thread(target=lambda: verdicts.append(verdict_on(half)))
    thread.start()
    thread.join()
    assert verdicts[0].status == "passed"


# --- marks only for what is right ------------------------------------------------------------


def leaves(value):
    """Numbers in a result as a person would list them, or None where something else is in it."""
    if isinstance(value, bool | np.bool_ | str | dict) or value is None:
        return None
    if isinstance(value, list | tuple):
        parts = [leaves(v) for v in value]
        return None if None in parts else [x for part in parts for x in part]
    array = np.asarray(value)
    return None if array.dtype.kind not in "iuf" else [float(x) for x in array.ravel()]


near = st.sampled_from([ODD_VALUE, ODD_VALUE * (1 + 1e-6), ODD_VALUE * 1.001, -ODD_VALUE])


@settings(deadline=None, max_examples=150)
@given(data | near | st.lists(near, max_size=2) | near.map(torch.tensor) | near.map(np.float32))
@example([[ODD_VALUE]])
@example([True])
@example(str(ODD_VALUE))
@example(10**400)
def test_no_returned_value_breaks_the_judge_and_only_the_right_one_earns(value):
    verdict = verdict_on(lambda x: value, ODD)
    numbers = None if isinstance(value, int) and abs(value) > 1e300 else leaves(value)
    right = (
        numbers is not None and len(numbers) == 1 and abs(numbers[0] - ODD_VALUE) < 1e-4 * ODD_VALUE
    )
    assert (verdict.score == 1.0) == right


@settings(deadline=None, max_examples=100)
@given(data)
def test_no_returned_value_breaks_an_exercise_that_wants_a_block(value):
    verdict = verdict_on(lambda x: value, CENTRED)
    assert verdict.score == 0.0


@pytest.mark.quick
@pytest.mark.parametrize("seed", range(5))
def test_by_hand_values_learned_by_heart_earn_nothing(seed):
    def by_heart(x):
        return [[-1.0, -2.0], [1.0, 2.0]]

    verdict = verdict_on(by_heart, CENTRED, seed)
    assert verdict.results[0].passed
    assert verdict.score == 0.0
    assert verdict_on(centred, CENTRED, seed).status == "passed"
