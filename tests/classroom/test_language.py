"""A unit in another language: every text there, the same code, ids and marks, other words."""

import ast
import dataclasses
import json
import re

import nbformat
import pytest
from instructor import ROOT

from coursekit.classroom.handing_in.repair import read_release
from coursekit.classroom.judge.marks import QuestionMark
from coursekit.classroom.learner import class_release
from coursekit.classroom.learner.home import _heading
from coursekit.classroom.release.build import release_files
from coursekit.classroom.release.language import Language, all_texts, state_of
from coursekit.classroom.release.source import SourceError, read_unit
from coursekit.classroom.release.translated import paragraphs, prose_of, translated_cell
from coursekit.classroom.returning.unit_text import unit_text
from coursekit.commands import build_language
from coursekit.commands.build import points_of
from coursekit.exercises import EXERCISES, teach
from coursekit.exercises.engine.card import LOOKS
from coursekit.explorers import reveal
from coursekit.explorers.predictions import BUTTONS
from coursekit.languages import (
    COURSE,
    Catalogue,
    disagreements,
    languages,
    read_catalogue,
    say,
    speak,
    spoken,
    units_in,
)

UNIT = "00_start"
SOURCE = read_unit(ROOT / "solutions" / f"{UNIT}.py")
PAIRS = [(language, unit) for language in languages() for unit in units_in(language)]


def built(language=None):
    files = release_files([SOURCE], points_of=points_of, quote=lambda _: "0", language=language)
    return {name.split("/")[0]: nbformat.reads(text, as_version=4) for name, text in files.items()}


@pytest.fixture(scope="module")
def german():
    whole = Language(read_catalogue("de", COURSE), {UNIT: read_catalogue("de", UNIT)})
    return built(whole)


@pytest.fixture
def speaking_german():
    speak("de")
    yield
    speak("en")


@pytest.mark.parametrize(("language", "unit"), PAIRS)
def test_every_text_of_a_unit_has_its_translation_and_both_sides_agree(language, unit):
    source = read_unit(ROOT / "solutions" / f"{unit}.py")
    state = state_of(source, read_catalogue(language, unit), EXERCISES)
    assert (state.missing, state.unused, state.differ) == ((), (), ())
    assert state.texts > 50
    for english, said in read_catalogue(language, COURSE).texts.items():
        assert disagreements(english, said) == []


def test_ids_roles_code_and_points_are_those_of_the_english_unit(german):
    english = built()["notebooks"]
    own = [cell for cell in german["notebooks"].cells if cell.id != "u00-language"]
    assert [cell.id for cell in own] == [cell.id for cell in english.cells]
    for cell, other in zip(own, english.cells, strict=True):
        marks = [dict(one.metadata.get("nbgrader", {})) for one in (cell, other)]
        for mark in marks:
            mark.pop("checksum", None)
        assert marks[0] == marks[1]
        assert cell.source != other.source or cell.cell_type == "code"
    (speaks,) = [cell for cell in german["notebooks"].cells if cell.id == "u00-language"]
    assert speaks.source.endswith('speak("de")')
    assert german["notebooks"].metadata.coursekit.language == "de"
    assert not any("Hint 1" in cell.source for cell in own)


def test_titles_and_minutes_are_read_from_a_german_release(german, tmp_path):
    path = tmp_path / f"{UNIT}.ipynb"
    path.write_text(nbformat.writes(german["notebooks"]), encoding="utf-8")
    task = unit_text(read_release(path)).task("u00_best_lr")
    assert (task.title, task.minutes) == ("0.6 Aufgabe: Lies die Ebene", 8)
    assert task.asks == "Die beste Lernrate zu jeder Batchgröße."
    assert class_release.language_of(path) == "de"
    assert _heading(path) == ("00 · Die Frage", "25 bis 35 Minuten")
    public = ROOT / "notebooks" / UNIT / f"{UNIT}.ipynb"
    assert _heading(public) == ("00 · The question", "25 to 35 minutes")


def test_what_lacks_stays_english_and_is_listed_with_what_is_too_much_or_differs(capsys):
    texts = dict(read_catalogue("de", UNIT).texts)
    gone = "What broke?"
    texts.pop(gone)
    texts["A sentence that was changed."] = "Ein Satz."
    steps = "B = {batch_size}: {use_num_steps(4096, batch_size, 20)} steps in 20 epochs"
    texts[steps] = "B = {batch_size}: Schritte in 21 Epochen"
    state = state_of(SOURCE, Catalogue("de", UNIT, texts), EXERCISES)
    assert state.missing == (gone,)
    assert state.unused == ("A sentence that was changed.",)
    said = "\n".join(build_language.lines_of(state))
    assert "1 texts without a translation, they stay English:\n  What broke?" in said
    assert "number '21' is not in the English text" in said
    assert "{use_num_steps(4096, batch_size, 20)}' is missing" in said
    texts.pop(steps)
    whole = Language(Catalogue("de", COURSE), {UNIT: Catalogue("de", UNIT, texts)})
    assert any('("What broke?", "offen' in c.source for c in built(whole)["notebooks"].cells)


def test_a_translation_that_changes_the_code_is_refused():
    prose = prose_of(SOURCE)
    (cell,) = [c for c in SOURCE.cells if "steps in 20 epochs" in c.text]
    english = "B = {batch_size}: {use_num_steps(4096, batch_size, 20)} steps in 20 epochs"
    for said in ("B: {print(1)} Schritte", 'x" + exit() + f"{batch_size} y', "{"):
        words = Catalogue("de", UNIT, {english: said})
        with pytest.raises(SourceError, match="changes what this cell does"):
            translated_cell(cell, words, prose)


def test_words_that_are_read_are_told_from_names():
    prose = prose_of(SOURCE)
    assert {"higher", "about the same"} <= prose
    texts = all_texts(SOURCE, EXERCISES)
    assert not {"mnist1d", "00_start", "what_broke", "test_accuracy"} & {*texts, *prose}
    assert "(seeds, learning rates, batch sizes)" in texts  # a comment
    assert not any("fmt" in text or "SOLUTION" in text for text in texts)
    fenced = "One.\n\n```python\na = 1\n\nb = 2\n```\n\n| | |\n|-|-|"
    assert paragraphs(fenced) == ["One.", "```python\na = 1\n\nb = 2\n```"]


def test_a_check_speaks_german_and_judges_as_before(speaking_german, capsys):
    def first_seed(accuracy, lrs):
        return [lrs[int(i)] for i in accuracy[0].argmax(dim=0)]

    verdict = teach.evaluate("u00_best_lr", first_seed)
    assert verdict.mistake.name == "the first seed"
    assert "[noch nicht] best_lr(accuracy, lrs): 0.5 von 2 Punkten." in verdict.message
    assert "Richtig: ein Seed. Noch nicht: mehrere Seeds." in verdict.message
    assert "Überlege: Du siehst nur auf den ersten Seed." in verdict.message
    speak("en")
    english = teach.evaluate("u00_best_lr", first_seed)
    assert (english.score, english.mistake.name) == (verdict.score, verdict.mistake.name)
    assert "Think: You look at the first seed alone." in english.message


def test_what_an_untranslated_unit_asks_is_still_english(speaking_german):
    verdict = teach.evaluate("u01_tr_cov", lambda per_example_grads: None)
    assert "Deine Funktion gab None zurück." in verdict.message  # the course's words
    hints = [mistake.hint for mistake in teach.find("u01_tr_cov").mistakes]
    assert hints == [mistake.hint for mistake in EXERCISES["u01_tr_cov"].mistakes]


def test_predictions_and_their_end_are_german(speaking_german):
    assert reveal.standing("higher", "offen: bald") == "open"
    row = reveal.Row("Frage", "höher", "höher (+4)", "right", "Abschnitt 0.8")
    assert reveal.in_a_line(row) == "du hast gesagt: höher; es war: höher (+4) (richtig)"
    assert reveal.headline([row]) == "Du hast 1 von 1 richtig vorhergesagt."


def said_in(path):
    """Return every text that a module hands to `say`, as far as it stands there."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    values = {
        node.targets[0].id: node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say":
            parts = node.args[0]
            options = [parts.body, parts.orelse] if isinstance(parts, ast.IfExp) else [parts]
            for one in options:
                one = values.get(one.id, one) if isinstance(one, ast.Name) else one
                if isinstance(one, ast.Constant) and one.value:
                    yield one.value


def test_the_courses_own_words_are_all_there():
    package = ROOT / "coursekit"
    places = ["exercises/engine/*.py", "exercises/teach.py", "explorers/*.py"]
    places.append("classroom/release/going_on.py")
    asked = {text for place in places for path in package.glob(place) for text in said_in(path)}
    asked |= {*BUTTONS, *(word for _, word, _ in reveal.WORDS.values())}
    asked |= {look[1] for look in LOOKS.values()}
    assert len(asked) > 50
    for language in languages():
        words = read_catalogue(language, COURSE)
        assert [text for text in sorted(asked) if words.find(text) is None] == []


def test_a_file_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "de").mkdir()
    path = tmp_path / "de" / "course.toml"
    for text, said in (
        ("[[text]]\nen = 'a'\n", "entry 1 needs two texts, en and de"),
        ("[[text]]\nen = 'a'\nde = 'b'\n[[text]]\nen = 'a'\nde = 'c'\n", "entry 2 says another"),
        ("[[txt]]\nen = 'a'\n", "entries are called"),
        ("x = = 1\n", "course.toml: "),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=said):
            read_catalogue("de", COURSE, tmp_path)
    path.write_text("[[text]]\nen = 'a b'\nde = ''\n")
    assert read_catalogue("de", COURSE, tmp_path).find("a b") is None
    assert read_catalogue("de", UNIT, tmp_path).texts == {}
    with pytest.raises(ValueError, match="no language 'xx': there are en, de"):
        speak("xx")
    assert (spoken(), say("right")) == ("en", "right")


def test_building_a_language_makes_a_course_that_learners_take_in(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(build_language, "quote", lambda _: "0")
    assert build_language.run("de", check=True) == 0
    assert build_language.run("de", out=tmp_path) == 0
    told = re.search(r"00_start: (\d+) of \1 texts are in de", capsys.readouterr().out)
    assert told is not None
    assert (tmp_path / "nbgrader_config.py").is_file()
    notebook = tmp_path / "notebooks" / UNIT / f"{UNIT}.ipynb"
    work = tmp_path / "work"
    monkeypatch.setattr(class_release, "work_folder", lambda: work)
    monkeypatch.setattr(class_release, "class_folder", lambda: work / ".class")
    begun = work / UNIT / f"{UNIT}.ipynb"
    begun.parent.mkdir(parents=True)
    begun.write_bytes((ROOT / "notebooks" / UNIT / f"{UNIT}.ipynb").read_bytes())
    (moved,) = class_release.take_in(tmp_path / "notebooks")
    assert "Your copy of the other one is now" in moved  # the English one that was begun
    assert (work / ".class" / UNIT / f"{UNIT}.ipynb").read_bytes() == notebook.read_bytes()
    assert build_language.run("fr", missing="00") == 0
    printed = capsys.readouterr().out
    assert printed.count("[[text]]") == int(told[1])
    assert "en = '''What broke?'''\nfr = ''''''" in printed
    with pytest.raises(ValueError, match=r"no language 'fr': there are de"):
        build_language.run("fr")


def test_feedback_has_its_hints_in_the_words_of_the_release():
    from types import SimpleNamespace

    from coursekit.commands.feedback import with_hints

    @dataclasses.dataclass(frozen=True)
    class OneRecord:
        questions: tuple

    @dataclasses.dataclass(frozen=True)
    class OneResult:
        record: OneRecord

    hint = "You look at the first seed alone. What are the other planes for?"
    one = OneResult(OneRecord((QuestionMark("u00_best_lr", 0.0, 2.0, "wrong", "r", hint),)))
    said = with_hints(one, read_catalogue("de", UNIT))
    assert said.record.questions[0].hint.startswith("Du siehst nur auf den ersten Seed.")
    assert one.record.questions[0].hint == hint
    assert with_hints(SimpleNamespace(record=None), read_catalogue("de", UNIT)).record is None
    assert json.dumps(hint)
