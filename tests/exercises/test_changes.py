"""Changed exercises: sound ones, which the public answer does not solve."""

import pytest

from coursekit.exercises import EXERCISES
from coursekit.exercises.changes.change import (
    Change,
    Given,
    changed_exercise,
    changed_function,
    is_usable,
)
from coursekit.exercises.changes.checks import changed_bank, checks_of_release
from coursekit.exercises.changes.declared import DECLARED
from coursekit.exercises.changes.general import changes_of, choose_change
from coursekit.exercises.engine.judge import judge

FRESH = range(100, 102)  # seeds on which no change was tried
ALL = [(exercise_id, change) for exercise_id in DECLARED for change in DECLARED[exercise_id]]
GRADED = [name for name, exercise in EXERCISES.items() if exercise.graded]


@pytest.mark.parametrize(("exercise_id", "change"), ALL, ids=lambda x: getattr(x, "name", x))
def test_every_declared_change_is_sound(exercise_id, change):
    public = EXERCISES[exercise_id]
    assert is_usable(public, change)
    changed = changed_exercise(public, change)
    for seed in FRESH:
        for answer in (changed.reference, *changed.accepted):
            assert judge(changed, answer, seed=seed).score == changed.max_score
        assert judge(changed, public.reference, seed=seed).score <= changed.max_score / 3
        for mistake in changed.mistakes:
            verdict = judge(changed, mistake.answer, seed=seed)
            assert verdict.score < changed.max_score, mistake.name
            assert verdict.mistake is not None, mistake.name


@pytest.mark.slow
@pytest.mark.parametrize("exercise_id", GRADED)
def test_every_unit_has_changes_for_what_returns_a_result(exercise_id):
    """At least half of each variant's exercises differ: here a change for each is looked for."""
    exercise = EXERCISES[exercise_id]
    change = choose_change(exercise, 2027)
    if change is None:
        unit = [name for name in GRADED if name[:3] == exercise_id[:3]]
        without = [name for name in unit if not changes_of(EXERCISES[name])]
        assert exercise_id in without or exercise.run == "parameters"
        assert len(without) < len(unit) / 2
        return
    changed = changed_exercise(exercise, change)
    for seed in FRESH:
        assert judge(changed, changed.reference, seed=seed).status == "passed"
        assert judge(changed, exercise.reference, seed=seed).score <= exercise.max_score / 3


def test_seeds_choose_differently_and_repeatably():
    names = {seed: choose_change(EXERCISES["u01_tr_cov"], seed).name for seed in range(8)}
    assert len(set(names.values())) > 1
    assert choose_change(EXERCISES["u01_tr_cov"], 3).name == names[3]


@pytest.mark.quick
def test_a_change_acts_on_arguments_and_result():
    exercise = EXERCISES["u01_effective_batch"]
    change = Change("x", "", "value / 2", given={"rho": Given("100 * rho", "rho / 100")})
    answer = changed_function(exercise.reference, exercise, change)
    assert float(answer([2, 2], 50.0)) == float(exercise.reference([2, 2], 0.5)) / 2
    case = changed_exercise(exercise, change).by_hand[3]
    assert case.args == ([2, 2], 50.0)


@pytest.mark.quick
def test_a_change_that_changes_nothing_is_not_used():
    exercise = EXERCISES["u01_tr_cov"]
    assert not is_usable(exercise, Change("nothing", "the same"))
    assert not is_usable(exercise, Change("broken", "", "value.no_such_thing"))
    assert not is_usable(
        exercise, Change("nothing is right", "", "float('nan') * value + id(value)")
    )


@pytest.mark.quick
def test_what_a_release_names_has_to_exist():
    with pytest.raises(ValueError, match="no exercise 'u99_x'"):
        changed_bank({"u99_x": "square"}, EXERCISES)
    with pytest.raises(ValueError, match="no change 'x': there are divisor n"):
        changed_bank({"u01_tr_cov": "x"}, EXERCISES)


def test_the_checks_of_a_release(capsys):
    check, mine_or_library = checks_of_release({"u01_tr_cov": "divisor n"})
    public = EXERCISES["u01_tr_cov"].reference
    assert check("u01_tr_cov", public) == 0.0
    assert "In this release" in " ".join(capsys.readouterr().out.split())
    assert check("u01_tr_cov", lambda g: public(g) * (len(g) - 1) / len(g)) == 2.0
    assert mine_or_library("u01_tr_cov", None) is public
    assert "as the public course has it" in capsys.readouterr().out
    accumulated = EXERCISES["u01_accumulated"].reference
    assert check("u01_accumulated", accumulated) == 2.0
