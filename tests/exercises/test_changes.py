"""Changed tasks: sound, told apart from their slips, and not earned by a line around the public
answer."""

import ast
import builtins
import dataclasses
import functools
import re
import warnings
from pathlib import Path

import pytest
from wrappers import OF_AN_ARGUMENT, OF_NUMBERS, WITH_A_NUMBER, earned_by_wrapper

from coursekit.classroom.release.changed_unit import differences, variant_unit
from coursekit.classroom.release.source import SourceError, read_unit
from coursekit.classroom.release.variant import Variant
from coursekit.exercises import EXERCISES
from coursekit.exercises.changes.catalogue import (
    TASKS,
    change_with_code,
    changes_of,
    choose_change,
    read_changes,
)
from coursekit.exercises.changes.change import (
    PUBLIC,
    Slip,
    carried_back,
    changed_exercise,
    function_of,
    given_arguments,
    names_of_slips,
    slipped,
)
from coursekit.exercises.changes.checks import changed_bank
from coursekit.exercises.engine.adapters import ONCE
from coursekit.exercises.engine.judge import judge

ROOT = Path(__file__).resolve().parents[2]
GRADED = [name for name, exercise in EXERCISES.items() if exercise.graded]
WRITTEN = [name for name in GRADED if (TASKS / f"unit_{name[1:3]}.toml").is_file()]
ALL = [change for name in WRITTEN for change in changes_of(name).values() if change.task]
ONE_EACH = [next(iter(changes_of(name).values())) for name in WRITTEN]
MOST_EARNED = 0.05  # of the points of all variants, by the best of the wrappers for each
LEAST_CHANGES = 3


def named(change):
    return f"{change.exercise_id}-{change.name}"


@functools.cache
def unit_of(exercise_id):
    (path,) = (ROOT / "solutions").glob(f"{exercise_id[1:3]}_*.py")
    return read_unit(path)


def faults_of(change, seeds):
    """Return what is wrong with a change: its answers, its slips, and what the public one earns."""
    public = EXERCISES[change.exercise_id]
    changed = changed_exercise(public, change)
    for seed in seeds:
        for answer in (changed.reference, *changed.accepted):
            verdict = judge(changed, answer, seed=seed)
            if verdict.status != "passed":
                yield f"a right answer fails: {verdict.message}"
        for mistake in changed.mistakes:
            verdict = judge(changed, mistake.answer, seed=seed)
            if verdict.status == "passed":
                yield f"{mistake.name!r} passes"
            elif verdict.mistake is None or verdict.mistake.hint != mistake.hint:
                yield f"{mistake.name!r} is taken for {verdict.mistake and verdict.mistake.name!r}"
            if mistake.name == PUBLIC and verdict.score > 0:
                yield f"the public answer earns {verdict.score:g}"
    yield from faults_of_texts(change, changed)


def faults_of_texts(change, changed):
    """Return what is wrong with the words: hints that tell, names that the unit does not have."""
    if (change.task and len(change.hints) < 2) or len(change.slips) < 2:
        yield "fewer than two hints or two slips"
    for slip in change.slips:
        if not slip.hint.rstrip().endswith("?"):
            yield f"this hint asks nothing: {slip.hint}"
    missing = names_used(change.solution) - names_known(change) - set(changed.parameters)
    if missing:
        yield f"the unit does not import {', '.join(missing)}"
    lines = [*change.solution.split("\n"), change.docstring.split("\n")[0]]
    yield from (f"too long: {line}" for line in lines if len(line) > 94)


def names_used(body):
    tree = ast.parse(f"def f():\n{chr(10).join('    ' + line for line in body.split(chr(10)))}")
    made = {
        n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    made |= {n.arg for n in ast.walk(tree) if isinstance(n, ast.arg)}
    made |= {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} - made - set(dir(builtins))


def names_known(change):
    prelude = next(cell for cell in unit_of(change.exercise_id).cells if cell.role == "prelude")
    imports = [
        n for n in ast.walk(ast.parse(prelude.text)) if isinstance(n, ast.Import | ast.ImportFrom)
    ]
    return {alias.asname or alias.name for node in imports for alias in node.names}


@pytest.mark.in_turn
@pytest.mark.parametrize("change", ONE_EACH, ids=named)
def test_the_first_change_of_every_exercise_is_sound(change):
    assert list(faults_of(change, seeds=[100])) == []


@pytest.mark.slow
@pytest.mark.parametrize("change", ALL, ids=named)
def test_every_change_is_sound(change):
    assert list(faults_of(change, seeds=[100, 101, 102])) == []


@pytest.mark.quick
@pytest.mark.parametrize("exercise_id", WRITTEN)
def test_every_graded_exercise_has_changes_of_its_own(exercise_id):
    assert len(changes_of(exercise_id)) >= LEAST_CHANGES


@pytest.mark.parametrize("change", ALL, ids=named)
def test_every_sentence_that_a_change_replaces_is_in_the_unit(change):
    unit = unit_of(change.exercise_id)
    variant = Variant({}, {change.exercise_id: change.name})
    made = variant_unit(unit, variant, EXERCISES)
    text = "\n".join(cell.text for cell in made.cells)
    for old, new in change.texts:
        assert new in text
        assert old in new or " ".join(old.split()) not in " ".join(text.split())
    assert change.task in text
    (solution,) = [c for c in made.cells if c.role == "solution" and c.name == change.exercise_id]
    assert ast.get_docstring(ast.parse(solution.text).body[0]).split() == change.docstring.split()
    (checks,) = [cell.text for cell in made.cells if "checks_of_release" in cell.text]
    assert change.name not in checks
    assert change.code in checks
    uses = f'mine_or_library("{change.exercise_id}"' in text
    below = [cell.role == "check" and cell.name == change.exercise_id for cell in made.cells]
    says = made.cells[below.index(True) + 1].text.startswith("*The cells below go on with")
    assert says == (uses and not change.public)


@pytest.mark.quick
def test_slips_have_names_that_a_report_can_show():
    for change in ALL:
        names = names_of_slips(change)
        assert len(set(names)) == len(names)
        for name, slip in zip(names, change.slips, strict=True):
            assert slip.hint.startswith(re.sub(r" \(\d+\)$", "", name))


@pytest.mark.quick
def test_no_change_leans_on_another_exercise():
    """A release changes that one too: "the loop of exercise 1" is then another loop."""
    for change in ALL:
        words = " ".join([change.task, *change.hints, change.docstring, change.lesson])
        assert not re.search(r"[Ee]xercise \d", words), named(change)


def lost_to_wrappers(changes, draws):
    """Return points that the best wrapper of each change earns, points there are, and a table."""
    table = []
    for change in changes:
        public = EXERCISES[change.exercise_id]
        found = earned_by_wrapper(public, changed_exercise(public, change), draws=draws)
        best = max(found.values(), default=0.0)
        table.append(
            (best, public.max_score, named(change), [k for k in found if found[k] == best])
        )
    lost = [row for row in table if row[0]]
    return sum(row[0] for row in table), sum(row[1] for row in table), lost


@pytest.mark.quick
def test_the_table_of_wrappers_is_long_enough():
    assert len(OF_NUMBERS) + len(OF_AN_ARGUMENT) + len(WITH_A_NUMBER) >= 100


@pytest.mark.quick
def test_the_table_of_wrappers_undoes_changes_that_are_no_protection():
    """The changes of earlier releases, one of each kind: a wrapper has each of them."""
    public = EXERCISES["u01_tr_cov"]
    for of_result, argument in (
        ("-{}", "g"),
        ("{} ** 2", "g"),
        ("{} / g.shape[1]", "g"),
        ("{}", "g.T"),
    ):
        body = "return " + of_result.format(f"public({argument})")
        weak = dataclasses.replace(
            public, reference=function_of(body, "f(g)", public=public.reference)
        )
        assert max(earned_by_wrapper(public, weak).values()) == public.max_score


@pytest.mark.in_turn(of=3)
def test_wrappers_around_public_answers_earn_next_to_nothing():
    """A third of all changes, another for each exercise; the slow test tries them all."""
    sampled = [change for i, change in enumerate(ALL) if i % 3 == 0]
    lost, points, table = lost_to_wrappers(sampled, draws=1)
    assert lost <= MOST_EARNED * points, table


@pytest.mark.slow
def test_wrappers_around_public_answers_earn_next_to_nothing_in_any_change():
    lost, points, table = lost_to_wrappers(ALL, draws=2)
    assert lost <= MOST_EARNED * points, table
    assert all(best <= of / 3 for best, of, *_ in table), table


@pytest.mark.parametrize("change", [c for c in ALL if c.public], ids=named)
def test_a_changed_answer_gives_the_public_one_where_it_says_so(change):
    public = EXERCISES[change.exercise_id]
    changed = changed_exercise(public, change)
    carried = carried_back(public, change, changed.reference)
    for case in public.by_hand:
        if not is_of(changed, given_arguments(public, change, case.args)):
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of one row, where the new task wants two
            got = ONCE[public.run](carried, *case.args)
        assert public.same(got, ONCE[public.run](public.reference, *case.args)), case


@pytest.mark.quick
def test_an_answer_carried_back_takes_its_arguments_by_name_and_may_be_asked_again():
    public = EXERCISES["u00_best_lr"]
    change = next(iter(changes_of("u00_best_lr").values()))
    asking = dataclasses.replace(change, given="", call="", public="[answer(accuracy, lrs), value]")
    seen = []
    carried = carried_back(public, asking, lambda *args: seen.append(args) or len(seen))
    assert carried(1, lrs=2) == [2, 1]
    assert seen == [(1, 2), (1, 2)]
    silent = dataclasses.replace(asking, public="accuracy + lrs")
    assert carried_back(public, silent, seen.clear)(lrs=4, accuracy=3) == 7  # nobody was asked


def is_of(changed, args):
    return len(args) == len(changed.parameters)


@pytest.mark.quick
def test_seeds_choose_differently_and_repeatably_and_leave_out_what_they_shall():
    names = {seed: choose_change("u00_best_lr", seed).name for seed in range(12)}
    assert len(set(names.values())) > 1
    assert choose_change("u00_best_lr", 3).name == names[3]
    for without in (names[3], f"u00_best_lr: {names[3]}"):
        assert choose_change("u00_best_lr", 3, [without]).name != names[3]
    assert choose_change("u00_best_lr", 3, ["u00_x: " + names[3]]).name == names[3]
    assert choose_change("u00_best_lr", 3, list(changes_of("u00_best_lr"))) is None


@pytest.mark.quick
def test_a_change_hands_over_other_arguments_and_the_same_for_the_same_case():
    public, change = EXERCISES["u00_best_lr"], next(iter(changes_of("u00_best_lr").values()))
    args = public.by_hand[0].args
    other = dataclasses.replace(
        change, given="return accuracy.T, rng.normal()", call="best_lr(a, x)"
    )
    first, second = (given_arguments(public, other, args) for _ in range(2))
    assert first[0].shape == args[0].T.shape
    assert first[1] == second[1]


@pytest.mark.quick
def test_a_slip_has_to_stand_in_the_solution():
    change = next(iter(changes_of("u00_best_lr").values()))
    with pytest.raises(ValueError, match="'no such text' stands 0 times"):
        slipped(change, Slip("?", "no such text", ""))


@pytest.mark.quick
def test_what_a_release_names_has_to_exist():
    with pytest.raises(ValueError, match="no exercise 'u99_x'"):
        changed_bank({"u99_x": "square"}, EXERCISES)
    with pytest.raises(ValueError, match="u00_best_lr: no change 'x': there are "):
        changed_bank({"u00_best_lr": "x"}, EXERCISES)
    with pytest.raises(ValueError, match="does not have"):
        change_with_code("u00_best_lr", "00000000")


@pytest.mark.quick
@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[u01_x]]\nname = 'a'", "is missing"),
        ("name = ", "x.toml"),
    ],
)
def test_a_file_of_changes_that_cannot_be_used_is_named(tmp_path, text, says):
    (tmp_path / "x.toml").write_text(text)
    with pytest.raises(ValueError, match=says):
        read_changes(tmp_path / "x.toml")


@pytest.mark.quick
def test_a_sentence_that_is_gone_is_named():
    change = next(c for c in ALL if c.texts)
    unit = unit_of(change.exercise_id)
    old = change.texts[0][0]
    cells = tuple(dataclasses.replace(c, text=c.text.replace(old, "gone")) for c in unit.cells)
    broken = dataclasses.replace(unit, cells=cells)
    with pytest.raises(SourceError, match="stands 0 times in the unit"):
        variant_unit(broken, Variant({}, {change.exercise_id: change.name}), EXERCISES)


def test_differences_show_every_passage():
    change = next(c for c in ALL if c.texts)
    variant = Variant({}, {change.exercise_id: change.name})
    found = differences(unit_of(change.exercise_id), variant, EXERCISES)
    kinds = [one.what for one in found]
    assert kinds.count("text") == len(change.texts)
    assert {"task", "docstring", "solution", "right answer"} <= set(kinds)
    task = next(one for one in found if one.what == "task")
    assert all(re.search(r"\(\d points?", text) for text in (task.old, task.new))
    assert change.task in task.new
