"""Cases: every branch leads on, and a path is worth what its moves are."""

import dataclasses
import itertools

import pytest
from small_question import hear

from coursekit.interview.case import (
    Move,
    Scene,
    all_cases,
    faults,
    hold_case,
    read_cases,
    score,
)
from coursekit.interview.events import AskChoice, Say

pytestmark = pytest.mark.quick
each_case = pytest.mark.parametrize("case", all_cases().values(), ids=all_cases())


def clock():
    return (10.0 * i for i in itertools.count()).__next__


def played(case, choose):
    """Play a case, each choice made by `choose(options)`; return (events, steps)."""
    talk, events, reply = hold_case(case, clock()), [], None
    while True:
        try:
            event = talk.send(reply)
        except StopIteration as stop:
            return events, stop.value
        events.append(event)
        reply = choose(event.options) if isinstance(event, AskChoice) else "so"


@each_case
def test_the_best_path_is_worth_everything_and_every_path_ends(case):
    best = {m.does for s in case.scenes for m in s.moves if m.worth == 2}
    _, steps = played(case, lambda options: next((o for o in options if o in best), options[0]))
    assert score(case, steps) == 1
    for order in (min, max):
        events, steps = played(case, order)
        assert 0 < len(steps) <= sum(len(s.moves) for s in case.scenes)
        assert events[-1] == Say("answer", case.lesson)


@each_case
def test_a_wrong_move_comes_back_and_is_not_offered_twice(case):
    first = case.scenes[0]
    if not any(m.goes == first.id for m in first.moves):
        pytest.fail("the first scene should forgive a wrong move")
    wrong = next(m.does for m in first.moves if m.goes == first.id)
    events, steps = played(case, lambda options: wrong if wrong in options else options[0])
    choices = [e for e in events if isinstance(e, AskChoice)]
    assert wrong not in choices[1].options
    assert score(case, steps) < 1


END = Move("a", "x", "y", 2)
FIRST = Scene("one", "?", (dataclasses.replace(END, goes="two"), Move("b", "x", "y", 0)))
SECOND = Scene("two", "?", (END, Move("b", "x", "y", 1, "two")))
SMALL = dataclasses.replace(all_cases()["opening"], scenes=(FIRST, SECOND))


def with_moves(*moves):
    return dataclasses.replace(SMALL, scenes=(SMALL.scenes[0], Scene("two", "?", moves)))


@pytest.mark.parametrize(
    ("case", "fault"),
    [
        (dataclasses.replace(SMALL, level="boss"), "level must be"),
        (dataclasses.replace(SMALL, scenes=()), "needs scenes"),
        (with_moves(END), "two moves or more"),
        (with_moves(END, END), "exactly one of them 2"),
        (with_moves(END, Move("b", "x", "y", 1, "three")), "no scene 'three'"),
        (with_moves(dataclasses.replace(END, goes="two"), Move("b", "x", "y", 1)), "must lead on"),
        (with_moves(dataclasses.replace(END, goes="one"), Move("b", "x", "y", 0)), "circle"),
        (dataclasses.replace(SMALL, scenes=SMALL.scenes[1:] + SMALL.scenes[:1]), "nobody comes"),
        (dataclasses.replace(SMALL, scenes=SMALL.scenes + SMALL.scenes[1:]), "one name"),
    ],
)
def test_what_could_not_be_played_is_named(case, fault):
    assert list(faults(SMALL)) == []
    assert any(fault in found for found in faults(case)), list(faults(case))


def test_a_file_that_is_no_case_is_named(tmp_path):
    (tmp_path / "x.toml").write_text("id = 3\n")
    with pytest.raises(ValueError, match=r"x\.toml: x\.toml"):
        read_cases(tmp_path)


def test_moves_stand_in_no_telling_order():
    case = dataclasses.replace(
        SMALL, scenes=(Scene("x", "?", (Move("b", "x", "y", 2), Move("a", "x", "y", 0))),)
    )
    events, _ = hear(hold_case(case, clock()), ["so", "b"])
    assert next(e.options for e in events if isinstance(e, AskChoice)) == ("a", "b")


def test_it_can_be_heard_to_its_end():
    moves = list(itertools.chain(*(("so", s.moves[0].does) for s in SMALL.scenes)))
    events, steps = hear(hold_case(SMALL, clock()), moves)
    assert [s.seconds for s in steps] == [10, 10]
    assert Say("result", "100 % of the best path") in events
