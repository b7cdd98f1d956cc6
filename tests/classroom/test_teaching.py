"""The teaching kit: slides, notes on mistakes, an exam with its key."""

import re
from pathlib import Path

import pytest

from coursekit.claims import load_ledger
from coursekit.claims.register import CLAIMS
from coursekit.classroom.release.source import read_unit, read_units
from coursekit.classroom.teaching import (
    draw_exam,
    exam_page,
    key_page,
    notes_of_unit,
    slides_of_unit,
)
from coursekit.classroom.teaching.exam import SLOWER
from coursekit.commands import teach
from coursekit.exercises.bank import EXERCISES
from coursekit.interview.numeric import write_number
from coursekit.interview.quantity import in_unit

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted(path.stem for path in (ROOT / "solutions").glob("*.py"))


def test_an_exam_fits_its_time_is_repeatable_and_mixes_units():
    exam = draw_exam(7, minutes=60)
    assert exam_page(exam, "x") == exam_page(draw_exam(7, minutes=60), "x")
    assert exam_page(exam, "x") != exam_page(draw_exam(8, minutes=60), "x")
    assert 50 <= SLOWER * sum(task.question.minutes for task in exam.tasks) <= 60
    assert len({task.question.units[0] for task in exam.tasks}) >= 6
    families = [task.question.family for task in exam.tasks if task.question.family]
    assert len(families) == len(set(families))
    few = draw_exam(7, minutes=20, units=["05_noise_scale"])
    assert {task.question.units[0] for task in few.tasks} == {"05_noise_scale"}
    with pytest.raises(ValueError, match="fits 1 min"):
        draw_exam(7, minutes=1)


def test_the_key_has_values_that_the_judge_accepts_and_the_exam_has_none():
    exam = draw_exam(3, minutes=90)
    paper, key = exam_page(exam, "x"), key_page(exam, "x")
    for task in exam.tasks:
        said = write_number(task.value, task.unit)
        assert f"{said} ({task.marks} marks)" in re.sub(r"<[^>]+>", "", key)
        assert in_unit(said, task.unit) == pytest.approx(task.value, rel=0.02)
        assert task.question.id not in paper
        for name, value in task.slips:
            assert name in re.sub(r"&#x27;", "'", key)
            assert abs(value - task.value) > 0.02 * abs(task.value)
    assert str(exam.marks) in paper


@pytest.mark.parametrize("unit", UNITS)
def test_slides_ask_before_they_answer_and_need_nothing_else(unit):
    page = slides_of_unit(unit, load_ledger())
    own = [claim for claim in CLAIMS.values() if claim.unit == unit]
    sections = re.findall(r"<section>.*?</section>", page, flags=re.DOTALL)
    assert len(sections) == 1 + 2 * len(own)
    for asked, answered in zip(sections[1::2], sections[2::2], strict=True):
        assert "holds</li>" in asked
        assert "class='verdict'" not in asked
        assert "class='verdict'" in answered
    assert not re.search(r"(?:src|href)='(?!data:)", page)
    assert "http" not in re.sub(r"data:image/svg\+xml;base64,[\w+/=]+", "", page).replace(
        "http-equiv", ""
    )


def test_a_unit_without_claims_is_refused():
    with pytest.raises(ValueError, match="no claims"):
        slides_of_unit("99_none", load_ledger())


def test_notes_have_each_exercise_with_questions_and_no_answers():
    for unit in read_units(ROOT / "solutions"):
        notes = notes_of_unit(unit)
        for name in unit.exercises:
            exercise = EXERCISES[name]
            assert f"## `{exercise.call}`" in notes
            part = notes.split(f"## `{exercise.call}`")[1].split("\n## ")[0]
            asked = re.findall(r"^\| .+ \| (.+) \|$", part, flags=re.MULTILINE)[1:]
            assert 3 <= len(asked) <= 8
            assert len(asked) == len(set(asked))


def test_the_command_writes_new_files_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert teach.run("exam", ["01"], seed=4, minutes=20) == 0
    assert teach.run("notes", ["gradient"]) == 0
    assert sorted(path.name for path in (tmp_path / "teaching").iterdir()) == [
        *("exam_4-key.html", "exam_4.html", "notes_01_gradient_noise.md"),
    ]
    capsys.readouterr()
    with pytest.raises(ValueError, match="is there already"):
        teach.run("exam", [], seed=4)
    with pytest.raises(ValueError, match="slides are of one unit"):
        teach.run("slides", [])
    with pytest.raises(ValueError, match="choose one of slides, notes, exam"):
        teach.run("poster", ["01"])


def test_open_questions_can_be_put_into_a_unit_as_they_stand(tmp_path):
    page = (ROOT / "docs/teaching/open_questions.md").read_text(encoding="utf-8")
    cells = re.findall(r"```python\n(# %% \[markdown\]\n.*?)```", page, flags=re.DOTALL)
    seen = set()
    for cell in cells:
        (number,) = re.findall(r'essay="u(\d\d)_', cell)
        name = next(unit for unit in UNITS if unit.startswith(number))
        path = tmp_path / f"{name}.py"
        source = (ROOT / "solutions" / f"{name}.py").read_text(encoding="utf-8")
        path.write_text(f"{source}\n{cell}", encoding="utf-8")
        essays = [c for c in read_unit(path).cells if c.role == "essay"]
        (essay,) = [one for one in essays if f'"{one.name}"' in cell]
        rubric = [float(n) for n in re.findall(r"^# - (\d) point: ", cell, flags=re.MULTILINE)]
        assert sum(rubric) == essay.points > 0
        seen.add(name)
    assert seen >= set(UNITS) - {"10_capstone"}  # which has two of its own
