"""What a wrong answer is shown: its misconception, a public input in full, a drawn one in part."""

import json

import pytest
from toy_attempts import TIGHT, attempt, toy

from coursekit.classroom.judge.explained import explain_question
from coursekit.classroom.judge.marks import QuestionMark, Seen
from coursekit.classroom.judge.points_earned import judge_attempt
from coursekit.classroom.judge.shown import rounded, signature
from coursekit.classroom.marking.manifest import Record, _check, read_records, write_record
from coursekit.classroom.sandbox.opening import open_sandbox
from coursekit.exercises.engine.declare import Case
from coursekit.exercises.engine.verdict import CaseResult, Outcome

TWICE = toy("twice", lambda x: 2 * x, {"small": (1, 2), "large": (1e3, 2e3)}, by_hand=(
    Case("small", (0.0,)), Case("small", (1.5,)), Case("large", (2000.0,)),
))  # fmt: skip


@pytest.fixture(scope="module")
def question():
    """Return a function that judges `twice` alone."""
    with open_sandbox(limits=TIGHT) as sandbox:

        def run(text):
            submission = attempt(twice=text)
            mark = judge_attempt(
                submission,
                bank={TWICE.id: TWICE},
                exercise_ids=[TWICE.id],
                sandbox=sandbox,
                seed=3,
            )
            explained = explain_question(submission, TWICE, sandbox, 3)
            return mark.questions[0], explained

        yield run


@pytest.mark.sandbox
def test_a_misconception_is_named_and_its_smallest_public_input_shown_in_full(question):
    mark, (again, cases) = question("def twice(x):\n    return 0.0")
    assert (mark.status, mark.mistake, mark.hint) == ("wrong", "zero", "Is it always nothing?")
    assert mark.seen == Seen("x = 1.5", "Your function returned 0.", "3", public=True)
    assert again == mark
    assert [one.passed for one in cases] == [True, False, False] + [False] * 4
    assert [one.public for one in cases] == [True] * 3 + [False] * 4
    assert cases[-1].right  # the teacher reads what is right for drawn inputs too


@pytest.mark.sandbox
def test_of_an_input_that_was_drawn_the_right_result_is_not_told(question):
    by_hand = "{0.0: 0.0, 1.5: 3.0, 2000.0: 4000.0}"
    mark, _ = question(f"def twice(x):\n    return {by_hand}.get(x, 7.0)")
    assert (mark.status, mark.points, mark.mistake) == ("wrong", 0.0, "")
    assert (mark.seen.public, mark.seen.right) == (False, "")
    assert mark.seen.got == "Your function returned 7."
    assert "right result" not in mark.hint
    assert mark.hint  # every wrong answer has something to think about


@pytest.mark.sandbox
def test_an_answer_that_ends_the_process_at_a_public_input_keeps_its_mark(question):
    text = (
        "import os\ndef twice(x):\n    return os._exit(1) if x in (0.0, 1.5) else 2 * x + (x > 99)"
    )
    mark, _ = question(text)
    assert (mark.points, mark.status) == (0.5, "wrong")
    assert not mark.seen.public


def result(value, kind="value"):
    return CaseResult(Case("g", (1.0,)), Outcome(kind, value, "ValueError: x"), 1.0, False)


def test_equal_results_have_one_signature_whatever_their_rounding():
    one = signature([result(1.234567), result([1.0, 2.0])])
    assert one == signature([result(1.2345671), result([1.0000001, 2.0])])
    assert one != signature([result(1.26), result([1.0, 2.0])])
    assert one != signature([result(1.234567)])
    assert signature([result(None, "raised")]) == ""
    assert rounded(-0.0) == rounded(0.0)


def test_a_record_of_the_first_version_is_read_as_it_is(tmp_path):
    old = Record("07_toy", "ada", "hash", "ok", "1 wrong", (
        QuestionMark("u07_double", 0.0, 1.0, "wrong", "another result", "Is it?"),
    ), seed=1)  # fmt: skip
    write_record(tmp_path, old)
    path = tmp_path / "ada.json"
    content = json.loads(path.read_text())
    assert content.pop("version") == 2
    for name in ("mistake", "output", "seen"):
        del content["questions"][0][name]
    del content["check"]
    path.write_text(json.dumps({"version": 1, **content, "check": _check(content)}))
    records, damaged = read_records(tmp_path)
    assert (records["ada"], damaged) == (old, [])


def test_what_is_shown_is_kept_in_the_record(tmp_path):
    shown = Seen("x = 1", "Your function returned 2.", "3", public=True)
    mark = QuestionMark("u07_double", 0.0, 1.0, "wrong", "r", "h", "zero", "abc", shown)
    new = Record("07_toy", "ada", "hash", "ok", "1 wrong", (mark,), seed=1)
    write_record(tmp_path, new)
    assert read_records(tmp_path)[0]["ada"] == new
