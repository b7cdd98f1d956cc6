"""The whole bank: right answers earn all, every mistake is caught and gets its own hint."""

import dataclasses
import functools
import inspect
import pickle
import re
import time

import numpy as np
import pytest
import torch
from judged_together import judged_together, light

from coursekit.exercises import EXERCISES
from coursekit.exercises.bank import BANKS
from coursekit.exercises.engine import judge as judging
from coursekit.exercises.engine.describe import describe
from coursekit.exercises.engine.hints import declared_result, foretells
from coursekit.exercises.engine.judge import SECONDS_PER_CASE, expected_value, judge, run_case
from coursekit.exercises.engine.plain import as_array, plain

SEEDS = range(20)  # what goes wrong in one draw of seven is seen with 95 %: 1 - (6/7)**20
MISTAKE_SEEDS = range(8)  # in one draw of three, with 96 %; there are up to 150 mistakes a piece

LEAK_SEEDS = range(3)  # whose messages are searched for the value they ask for

each_exercise = pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)


@functools.cache
def verdicts_of(exercise_id):
    """Judge every declared answer at every seed; return the verdicts, right ones and others.

    Also return the mistakes whose message, on drawn cases alone, holds the value that it asks for,
    and the answers that give something else when they are asked again, the last case first.
    """
    exercise = EXERCISES[exercise_id]
    leaking, unlike = set(), set()

    def ask_again(asked, seed, answers):
        if seed == 0:
            cases = [*asked.by_hand, *asked.draw(None)]
            unlike.update(a.__qualname__ for a in reversed(answers) if differs(asked, a, cases))

    def judged_at(seed):
        return [m for m in exercise.mistakes if seed == 0 or m.name not in decided]

    def look_twice(asked, seed):
        ask_again(asked, seed, wrong)
        drawn_only = dataclasses.replace(asked, by_hand=())
        for mistake in judged_at(seed) if seed in LEAK_SEEDS else ():
            if leaks(judge(drawn_only, mistake.answer, seed=seed)):
                leaking.add(mistake.name)

    right = [exercise.reference, *exercise.accepted]
    wrong = [mistake.answer for mistake in exercise.mistakes]
    decided = decided_by_hand(exercise)
    again = functools.partial(ask_again, answers=right)
    rights = [light(row) for row in judged_together(exercise, right, seeds=SEEDS, beside=again)]
    wrongs = judged_together(
        exercise,
        lambda asked, seed: [mistake.answer for mistake in judged_at(seed)],
        seeds=MISTAKE_SEEDS,
        beside=look_twice,
    )
    pairs = [
        pair
        for seed, row in zip(MISTAKE_SEEDS, wrongs, strict=True)
        for pair in zip(judged_at(seed), light(row), strict=True)
    ]
    return [verdict for row in rights for verdict in row], pairs, leaking, unlike


def decided_by_hand(exercise):
    """Return the names of the mistakes of which another draw can say nothing new.

    The by-hand cases, the same at every seed, go first. Where they leave a mistake less than a
    third of the points, and no other one fits them, the drawn cases behind them can neither pass
    it nor rename it: they only take points and candidates away. So it is judged at one seed.
    """
    decided = set()

    def look(asked, seed):
        for mistake in exercise.mistakes:
            verdict = judge(asked, mistake.answer, seed=seed)
            if verdict.score < exercise.max_score / 3 and fitting(verdict) == [mistake]:
                decided.add(mistake.name)

    def fitting(verdict):
        first = verdict.first_failure
        group = [r for r in verdict.results if r.case.group == first.case.group]
        return [
            m
            for m in exercise.mistakes
            if foretells(exercise, m, first)
            and not any(foretells(exercise, m, result) is False for result in group)
        ]

    alone = dataclasses.replace(exercise, draw=lambda rng: [])
    wrong = [mistake.answer for mistake in exercise.mistakes]
    assert len(list(judged_together(alone, wrong, seeds=[0], beside=look))) == 1
    return decided


def differs(exercise, answer, cases):
    """Say whether an answer gives another outcome when it is asked once more, last case first."""
    for case in reversed(cases):
        known = judging.run_case(exercise, answer, case, SECONDS_PER_CASE)  # remembered
        if known.kind != "timeout":
            again = run_case(exercise, answer, case, SECONDS_PER_CASE)
            if pickle.dumps(again) != pickle.dumps(known):
                return True
    return False


def some(mistakes):
    """Return ten to nineteen of them, or all where there are fewer, from first to last."""
    return mistakes[:: max(1, len(mistakes) // 10)]


@functools.cache
def one_by_one(exercise_id):
    """Judge right answers and some ten of the wrong ones at the first seed, each by itself.

    Return the verdicts on these and on those, and the CPU seconds.
    """
    exercise = EXERCISES[exercise_id]
    for answer in (exercise.reference, *exercise.accepted):
        judge(exercise, answer, seed=99)  # what is loaded on first use counts for nobody
    right, few = [exercise.reference, *exercise.accepted], some(exercise.mistakes)
    answers = [*right, *(mistake.answer for mistake in few)]
    began = time.process_time()
    verdicts = [judge(exercise, answer, seed=0) for answer in answers]
    return verdicts[: len(right)], verdicts[len(right) :], time.process_time() - began


def all_cases(exercise, seeds=SEEDS):
    return [*exercise.by_hand, *(c for s in seeds for c in exercise.draw(np.random.default_rng(s)))]


@pytest.mark.quick
def test_the_bank_holds_every_exercise_once():
    assert len(EXERCISES) == sum(len(bank.EXERCISES) for bank in BANKS)
    assert all(name == exercise.id for name, exercise in EXERCISES.items())
    assert all(re.fullmatch(r"u\d\d_[a-z0-9_]+", name) for name in EXERCISES)
    for bank in BANKS[1:]:
        assert not bank.EXERCISES or sum(e.graded for e in bank.EXERCISES) >= 6


@pytest.mark.in_turn
@each_exercise
def test_right_answers_earn_full_marks(exercise):
    for verdict in verdicts_of(exercise.id)[0]:
        assert (verdict.status, verdict.score) == ("passed", exercise.max_score), verdict.message
        assert verdict.mistake is None


@pytest.mark.in_turn
@each_exercise
def test_every_mistake_loses_marks_and_gets_its_own_hint(exercise):
    for mistake, verdict in verdicts_of(exercise.id)[1]:
        assert 0 <= verdict.score < exercise.max_score, mistake.name
        found = verdict.mistake.name if verdict.mistake else None
        assert verdict.mistake is mistake, f"{mistake.name} is taken for {found}"
        assert " ".join(mistake.hint.split()) in " ".join(verdict.message.split())


@pytest.mark.in_turn
@each_exercise
def test_half_an_answer_earns_no_third(exercise):
    for mistake, verdict in verdicts_of(exercise.id)[1]:
        share = verdict.score / exercise.max_score
        assert share < 1 / 3 or share > 1 / 2, (mistake.name, share)


@pytest.mark.in_turn
@each_exercise
def test_lines_fit_a_notebook(exercise):
    for mistake, verdict in verdicts_of(exercise.id)[1]:
        lines = verdict.message.splitlines()
        assert max(map(len, lines)) <= 100, mistake.name
        assert len(lines) <= 30, mistake.name  # tables of runs are long


@pytest.mark.in_turn
@each_exercise
def test_no_answer_remembers_what_it_was_asked_before(exercise):
    assert verdicts_of(exercise.id)[3] == set()


@pytest.mark.in_turn
@each_exercise
def test_judged_together_or_alone(exercise):
    """The verdict is the same: some ten mistakes show that of the way in which all are judged."""
    right_alone, wrong_alone, _ = one_by_one(exercise.id)
    right, wrong = verdicts_of(exercise.id)[:2]
    together = [verdict for _, verdict in some(wrong[: len(exercise.mistakes)])]
    pairs = [*zip(right_alone, right, strict=False), *zip(wrong_alone, together, strict=True)]
    assert len(pairs) > 1 + len(exercise.accepted)
    for one, other in pairs:
        assert (one.score, one.mistake, one.message) == (other.score, other.mistake, other.message)


@pytest.mark.in_turn
@each_exercise
def test_an_evaluation_keeps_nobody_waiting(exercise):
    right, wrong, seconds = one_by_one(exercise.id)
    milliseconds = 1000 * seconds / len([*right, *wrong])
    print(f"{exercise.id}: {milliseconds:.1f} ms an evaluation")
    assert milliseconds < 150  # of processor time, twice as much beside others; most take 3 to 10


@pytest.mark.quick
@each_exercise
def test_the_declaration_is_complete(exercise):
    assert len(exercise.mistakes) >= 4
    assert len(exercise.accepted) >= 2
    for texts in ([m.name for m in exercise.mistakes], [m.hint for m in exercise.mistakes]):
        assert len(set(texts)) == len(texts)
    assert all(points > 0 for points in exercise.points.values())
    assert {case.group for case in exercise.by_hand} == set(exercise.points)
    assert all(module.startswith("coursekit.") for module in exercise.answered_by)
    bodies = [a.__code__.co_code for a in (exercise.reference, *exercise.accepted)]
    assert len(set(bodies)) == len(bodies), "two of the right answers are the same code"


@pytest.mark.quick
@each_exercise
def test_hints_ask(exercise):
    for mistake in exercise.mistakes:
        assert "?" in mistake.hint, mistake.name
        assert len(mistake.hint) < 200, f"{mistake.name}: too long for a tired reader"


@pytest.mark.quick
@each_exercise
def test_the_call_names_the_parameters_of_the_reference(exercise):
    name, parameters = re.fullmatch(r"(\w+)\((.*)\)", exercise.call).groups()
    assert name.isidentifier()
    assert parameters.split(", ") == list(inspect.signature(exercise.reference).parameters)
    assert all(len(case.args) == len(parameters.split(", ")) for case in all_cases(exercise, [0]))


@each_exercise
def test_cases_are_plain_data_drawn_from_the_generator_alone(exercise):
    for seed in SEEDS:
        drawn = exercise.draw(np.random.default_rng(seed))
        again = exercise.draw(np.random.default_rng(seed))
        assert {case.group for case in drawn} == set(exercise.points)
        for case, twin in zip(drawn, again, strict=True):
            assert case.group == twin.group
            assert same_data(list(case.args), list(twin.args))
            assert same_data(list(case.args), plain(case.args)), "types change on the way"
    first, second = (exercise.draw(np.random.default_rng(seed)) for seed in (0, 1))
    assert not all(same_data(a.args, b.args) for a, b in zip(first, second, strict=True))


def same_data(one, other):
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same_data, one, other))
    return one == other


@pytest.mark.in_turn
@each_exercise
def test_at_most_one_mistake_is_a_constant_factor(exercise):
    cases = all_cases(exercise, range(3))
    wants = [as_array(expected_value(exercise, case)) for case in cases]
    factors = []
    for mistake in exercise.mistakes:
        gots = [as_array(declared_result(exercise, mistake.answer, case)) for case in cases]
        if any(got is None or got.shape != w.shape for got, w in zip(gots, wants, strict=True)):
            continue
        got, want = (np.concatenate([np.ravel(x) for x in xs]) for xs in (gots, wants))
        finite = np.isfinite(want) & (want != 0)
        factor = np.median(got[finite] / want[finite])
        if abs(factor - 1) < 1e-3:
            continue  # wrong by a few digits somewhere, as a rounded result is: that is no factor
        if factor > 0 and np.allclose(got, factor * want, rtol=1e-3, atol=1e-9, equal_nan=True):
            factors.append(mistake.name)
    assert len(factors) <= 1, factors  # a factor of -1 is a direction, not a constant


def numbers_in(text):
    return {float(token) for token in re.findall(r"(?<![\w.])\d+(?:\.\d+)?", text)}


@pytest.mark.quick
@each_exercise
def test_no_text_holds_a_value_of_the_by_hand_cases(exercise):
    values = {float(v) for c in exercise.by_hand for v in np.ravel(expected_value(exercise, c))}
    for mistake in exercise.mistakes:
        assert not numbers_in(mistake.hint) & values, mistake.name
    assert not numbers_in(exercise.lesson) & values


def leaks(verdict):
    """Say whether a message holds what is asked, beyond what the learner's own call shows."""
    failure = verdict.first_failure
    asked = {describe(float(v)) for v in np.ravel(failure.expected)}
    shown = {describe(float(v)) for v in flat([*failure.case.args, failure.outcome.value])}
    sentences = verdict.message[verdict.message.index("Think:") :]
    told = verdict.message.partition("\n")[2]  # behind the line of the points, "0 of 3"
    return (
        any(number_stands_in(number, told) for number in asked - shown)
        or any(number_stands_in(number, sentences) for number in asked)
        or describe(failure.expected) in sentences
    )


@pytest.mark.in_turn
@each_exercise
def test_no_message_holds_the_value_it_asks_for(exercise):
    """By-hand cases are small, so their result may be an input too: show the drawn ones."""
    assert verdicts_of(exercise.id)[2] == set()


@pytest.mark.quick
@pytest.mark.in_turn
@each_exercise
def test_the_search_for_leaks_has_power(exercise):
    drawn_only = dataclasses.replace(exercise, by_hand=())
    verdict = judge(drawn_only, exercise.mistakes[0].answer, seed=0)
    value = np.ravel(verdict.first_failure.expected)[0]
    for planted in (f"Is it {value:.6g}?", f"Why not {value:.6g}."):
        assert leaks(dataclasses.replace(verdict, message=f"{verdict.message} {planted}"))


def flat(value):
    if value is None:
        return []  # an argument may hold None, for what is missing
    if isinstance(value, str):  # such as the name of a rule: no number in it
        return []
    if isinstance(value, list | tuple):
        return [x for v in value for x in flat(v)]
    return np.ravel(value)


def number_stands_in(number, text):
    return re.search(rf"(?<![\w.-]){re.escape(number)}(?![\w.]*\d)", text) is not None


@pytest.mark.quick
@each_exercise
def test_no_text_holds_a_line_of_the_reference(exercise):
    source = inspect.getsource(exercise.reference)
    lines = ["".join(line.split()) for line in source.splitlines()[1:]]
    lines += [line.removeprefix("return") for line in lines]
    lines = {line for line in lines if len(line) > 8}
    assert lines
    for text in (*(m.hint for m in exercise.mistakes), exercise.lesson):
        assert not any(line in "".join(text.split()) for line in lines), text


def in_float32(answer):
    """The same answer by someone who puts every number into a float32 tensor."""

    def rounded(*args):
        args = [float(np.float32(a)) if isinstance(a, float) else a for a in args]
        result = answer(*args)
        return torch.as_tensor(np.asarray(result), dtype=torch.float32)

    return rounded


@pytest.mark.in_turn
@each_exercise
def test_float32_costs_no_marks(exercise):
    answers = [in_float32(answer) for answer in (exercise.reference, *exercise.accepted)]
    for verdicts in judged_together(exercise, answers, seeds=range(5)):
        for verdict in verdicts:
            assert verdict.status == "passed", verdict.message


@each_exercise
def test_one_number_may_come_in_any_wrapping(exercise):
    if np.ndim(expected_value(exercise, exercise.by_hand[0])):
        wraps = (np.asarray, lambda x: torch.as_tensor(x, dtype=torch.float64), list, tuple)
    else:
        wraps = (float, np.float64, lambda x: torch.tensor([float(x)], requires_grad=True), list_of)
    for wrap in wraps:
        answer = wrapped(exercise.reference, wrap)
        assert judge(exercise, answer, seed=0).status == "passed", wrap


def list_of(value):
    return [value]


def wrapped(answer, wrap):
    return lambda *args: wrap(answer(*args))
