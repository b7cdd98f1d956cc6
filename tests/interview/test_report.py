"""The report of a sitting."""

import csv
import dataclasses
import json

import pytest
from small_question import SPOKEN

from coursekit.interview.outcome import Outcome
from coursekit.interview.report import missed, write_report
from coursekit.interview.report_file import COLUMNS, check_name, write_file

pytestmark = pytest.mark.quick
QUESTIONS = {
    "a": dataclasses.replace(SPOKEN, id="a", concepts=("warmup",), units=("03_warmup",)),
    "b": dataclasses.replace(SPOKEN, id="b", concepts=("noise", "cost"), units=("01_noise",)),
}
A = Outcome("a", 0.2, ("N6", "ZZ"), 90.0, "x", (False, True, False, False))
B = Outcome("b", 0.9, (), 30.0, "y", (True,) * 4)


def test_what_was_missed_and_one_thing_to_practise():
    earlier = [{"question_id": "a", "score": 0.1}, {"question_id": "a", "score": 0.4}]
    text = write_report([A, B], QUESTIONS, 10, earlier)
    assert "2 questions, 2 minutes of answering (10 planned), 55 %" in text
    row = next(line for line in text.splitlines() if line.startswith("  a "))
    assert row.split() == ["a", "screen", "20", "%", "40", "%", "1:30", "3:00"]
    assert "Not said in a:\n  - fewer steps\n  - an experiment\n  - stability" in text
    assert "Not said in b" not in text
    assert text.index("Strengths:") < text.index("90 %  cost") < text.index("Gaps:")
    assert text.index("Gaps:") < text.index("20 %  warmup")
    assert "ZZ. See `python3 -m coursekit claims show ZZ`" in text
    assert "One thing to practise: say this aloud" in text
    assert "  A quarter of the steps.\nThen do again: unit 03_warmup" in text
    assert max(map(len, text.splitlines())) <= 80


def test_little_to_tell():
    assert "1 question, " in write_report([B], QUESTIONS, 10)
    assert "   new " in write_report([B], QUESTIONS, 10)
    assert "go one level up" in write_report([B], QUESTIONS, 10)
    assert write_report([], QUESTIONS, 10) == "No question was marked."
    assert missed(B, QUESTIONS["b"]) == []
    assert missed(A, QUESTIONS["a"])[0] == "fewer steps"


SAID = 'He said "no, 5 > 3",\n- then left; σ²/B'
C = dataclasses.replace(A, answer=SAID, follow_up="in part", further="=1/3")


def test_csv_is_read_again_as_it_was_said(tmp_path):
    write_file(tmp_path / "r.csv", [C, B], QUESTIONS, 10)
    with (tmp_path / "r.csv").open(newline="", encoding="utf-8") as file:
        first, second = csv.DictReader(file)
    assert tuple(first) == COLUMNS
    assert [first[k] for k in ("question_id", "level", "units")] == ["a", "screen", "03_warmup"]
    assert first["answer"] == SAID
    assert (first["further"], first["follow_up"]) == ("=1/3", "in part")
    assert (float(first["score"]), float(first["seconds"])) == (0.2, 90)
    assert first["planned_seconds"] == "180"
    assert first["missed"] == "fewer steps | an experiment | stability"
    assert (first["red_flags"], first["points_made"], first["points_in_all"]) == ("N6 | ZZ", *"14")
    assert (second["concepts"], second["missed"]) == ("noise | cost", "")


def test_json_keeps_lists_apart(tmp_path):
    write_file(tmp_path / "r.JSON", [C, B], QUESTIONS, 10)
    told = json.loads((tmp_path / "r.JSON").read_text(encoding="utf-8"))
    assert (told["version"], told["planned_minutes"]) == (1, 10)
    assert told["score"] == pytest.approx(0.55)
    first, second = told["questions"]
    assert (first["answer"], first["red_flags"]) == (SAID, ["N6", "ZZ"])
    assert (second["concepts"], second["missed"]) == (["noise", "cost"], [])


def test_a_sitting_without_marks_leaves_a_header_or_an_empty_list(tmp_path):
    write_file(tmp_path / "r.csv", [], QUESTIONS, 10)
    assert (tmp_path / "r.csv").read_text() == ",".join(COLUMNS) + "\n"
    write_file(tmp_path / "r.json", [], QUESTIONS, 10)
    told = json.loads((tmp_path / "r.json").read_text())
    assert (told["questions"], told["score"]) == ([], None)


def test_a_name_that_is_no_report_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"r.xlsx: a report is written as .csv or .json"):
        check_name(tmp_path / "r.xlsx")
    (tmp_path / "r.csv").mkdir()
    with pytest.raises(ValueError, match="is a folder"):
        check_name(tmp_path / "r.csv")
