"""A mock interview: its mix, its silence until the end, its resumption after a break."""

import dataclasses
import itertools
import random

import pytest
from small_question import SPOKEN, hear

from coursekit.interview import kept
from coursekit.interview.bank import all_questions
from coursekit.interview.case import all_cases
from coursekit.interview.events import AskAnswer, AskChoice, AskTicks, Say, Stopped
from coursekit.interview.mock import Sheet, compose, family_of, interview, is_over

pytestmark = pytest.mark.quick
GOOD = "Fewer steps, unstable; compare at equal steps."
BANK = {
    "a": dataclasses.replace(SPOKEN, id="a"),
    "b": dataclasses.replace(SPOKEN, id="b", prompt="{gpus} GPUs?", numeric="double_batch"),
}


def clock():
    return (10.0 * i for i in itertools.count()).__next__


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("target", "levels"),
    [
        ("screen", ["onsite", "screen", "screen", "screen"]),
        ("onsite", ["onsite", "onsite", "screen", "screen", "staff"]),
        ("staff", ["onsite", "onsite", "screen", "staff", "staff"]),
    ],
)
def test_the_mix_of_levels_is_fixed_whatever_the_seed(seed, target, levels):
    chosen = compose(all_questions(), 200, target, random.Random(seed))
    first = compose(all_questions(), sum(q.minutes for q in chosen), target, random.Random(seed))
    assert first == chosen
    ranks = [("screen", "onsite", "staff").index(q.level) for q in chosen]
    assert ranks == sorted(ranks)
    families = [family_of(q) for q in chosen]
    assert len(set(families)) == len(families)
    short = compose(all_questions(), 18, target, random.Random(seed))
    assert 4 <= len(short) <= 6
    assert sum(q.minutes for q in short) <= 18
    assert {q.level for q in short} <= set(levels)
    assert sum(bool(q.numeric) for q in short) >= 1
    with pytest.raises(ValueError, match="no level 'boss'"):
        compose(all_questions(), 20, "boss", random.Random(0))


def talk(sheet, kept_sheets, saved):
    return interview(
        sheet, BANK, all_cases(), keep=kept_sheets.append, save=saved.append, clock=clock()
    )


MARKS = [[True, False, False, False], "in part"]


def test_nothing_is_told_before_the_end():
    sheets, saved = [], []
    replies = [GOOD, "tune", "0.75", "why", "then", *MARKS, *MARKS]
    events, sheet = hear(talk(Sheet(("a", "b"), 20, 1), sheets, saved), replies)
    kinds = [type(e) for e in events]
    last_question = max(i for i, kind in enumerate(kinds) if kind is AskAnswer)
    before = [e for e in events[:last_question] if isinstance(e, Say)]
    assert [e.kind for e in before] == ["title", "title"]
    assert kinds.index(AskTicks) > last_question
    assert [o.question_id for o in saved] == ["a", "b"]
    assert is_over(sheet)
    assert sheet.outcomes == tuple(saved)
    assert [s.further for s in sheet.said] == ["tune", "then"]


def test_a_break_after_any_reply_loses_at_most_the_question_at_hand(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSEKIT_HOME", str(tmp_path))
    replies = [GOOD, "tune", "0.75", "why", "then", *MARKS, *MARKS]
    for stop_after in range(len(replies)):
        sheets, saved = [], []
        going = talk(Sheet(("a", "b"), 20, 1), sheets, saved)
        event, queue = going.send(None), replies[:stop_after]
        while queue or not type(event).__name__.startswith("Ask"):
            event = going.send(queue.pop(0) if type(event).__name__.startswith("Ask") else None)
        with pytest.raises(StopIteration):
            going.throw(Stopped())
        kept.keep_sheet(sheets[-1] if sheets else Sheet(("a", "b"), 20, 1))
        again = kept.load().sheet
        done = {0: 0, 1: 0, 2: 2, 3: 2, 4: 2, 5: 5, 6: 5, 7: 7, 8: 7}[stop_after]
        _events, sheet = hear(talk(again, sheets, saved), replies[done:])
        assert is_over(sheet)
        assert [o.question_id for o in saved] == ["a", "b"]
        assert sheet.said[1].seed == sheets[-1].said[1].seed  # the same numbers are drawn


def test_when_time_is_up_the_rest_is_not_asked():
    sheets, saved = [], []
    sheet = Sheet(("a", "b"), 0.3, 1)  # 18 seconds; the first question takes 20
    events, done = hear(talk(sheet, sheets, saved), [GOOD, "tune", *MARKS])
    assert Say("note", "Time is up.") in events
    assert done.questions == ("a",)
    assert is_over(done)


def test_a_mock_that_opens_with_a_case_reviews_it_at_the_end():
    sheets, saved = [], []
    case = all_cases()["opening"]
    best = [next(m.does for m in s.moves if m.worth == 2) for s in case.scenes]
    replies = list(itertools.chain(*(("I would look.", move) for move in best)))
    sheet = Sheet(("a",), 20, 1, case="opening")
    events, done = hear(talk(sheet, sheets, saved), [*replies, GOOD, "tune", *MARKS])
    told = [e.text for e in events if isinstance(e, Say)]
    assert any("100 % of the best path" in text for text in told)
    assert told.index(case.lesson) > told.index("Question 1 of 1 · screen")
    assert len(done.steps) == len(case.scenes)
    assert sum(isinstance(e, AskChoice) for e in events) == len(best) + 1


def test_a_damaged_file_is_put_aside(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSEKIT_HOME", str(tmp_path))
    (tmp_path / "interview.json").write_text("{")
    assert kept.load() == kept.Kept()
    assert any("damaged" in path.name for path in tmp_path.iterdir())
    (tmp_path / "interview.json").write_text('{"version": 99}')
    with pytest.raises(ValueError, match="newer release"):
        kept.load()
