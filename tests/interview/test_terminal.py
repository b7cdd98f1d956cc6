"""The terminal: a session in a real pseudo-terminal, and what each key does."""

import csv
import dataclasses
import io
import json
import os
import pty
import random
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console
from small_question import SPOKEN

from coursekit.interview.case import all_cases, hold_case
from coursekit.interview.session import hold
from coursekit.interview.terminal import drive

ROOT = Path(__file__).resolve().parents[2]


def play(lines, *, questions=(SPOKEN,), aloud=False):
    """Feed lines to a session; return (screen, outcomes)."""
    feed = iter(lines)
    out = io.StringIO()

    def read(prompt):
        out.write(prompt)
        line = next(feed)
        if isinstance(line, BaseException):
            raise line
        return line

    saved = []
    console = Console(file=out, width=80, color_system=None, highlight=False)
    session = hold(questions, rng=random.Random(0), save=saved.append)
    drive(session, console=console, read=read, aloud=aloud)
    return out.getvalue(), saved


MARKS = ["2 4", "1", "", "in part"]


@pytest.mark.quick
def test_the_learner_ticks_from_blank():
    screen, (outcome,) = play(["Fewer steps.", "", "tune", "", *MARKS])
    assert outcome.answer == "Fewer steps."
    assert outcome.ticks == (True, True, False, True)
    assert outcome.score == pytest.approx(0.8 * 0.8 + 0.1)
    assert " 1 [ ] fewer steps (heard: fewer, steps)" in screen
    assert " 1 [x] fewer steps" in screen
    assert "Evidence P7" in screen
    assert max(map(len, screen.splitlines())) <= 100  # 80, and what was typed after a prompt


@pytest.mark.quick
def test_aloud_no_idea_and_a_word_that_is_no_choice(capsys):
    lines = ["", "perhaps", "weak", "", "9", "all", "", "made"]
    _, (outcome,) = play(lines, aloud=True)
    assert outcome.score == 1
    assert "no point 9" in capsys.readouterr().err
    screen, (outcome,) = play(["?", "?", "", "missed"])
    assert outcome.score == 0
    assert "How many steps?" in screen


@pytest.mark.quick
def test_long_options_are_chosen_by_number():
    talk = hold_case(all_cases()["opening"], time.monotonic)
    lines = iter(["I ask.", "", "9", "1"])
    out = io.StringIO()

    def read(prompt):
        out.write(prompt)
        line = next(lines, None)
        if line is None:
            raise KeyboardInterrupt
        return line

    console = Console(file=out, width=80, color_system=None, highlight=False)
    (step,) = drive(talk, console=console, read=read)
    assert (step.move, step.said) == (0, "I ask.")
    assert "Please write a number from 1 to 4." in out.getvalue()
    assert "Epochs were held fixed" in out.getvalue()


@pytest.mark.quick
@pytest.mark.parametrize("leaving", [KeyboardInterrupt(), EOFError()])
@pytest.mark.parametrize("typed", [[], ["Fewer steps"], ["Fewer steps.", "", "tune", "", "2"]])
def test_leaving_keeps_nothing_that_is_not_marked(leaving, typed):
    _, saved = play([*typed, leaving], questions=[SPOKEN, SPOKEN])
    assert saved == []


class Terminal:
    """`python -m coursekit interview` in a pseudo-terminal of 80 columns without colours."""

    def __init__(self, home, *options):
        self.master, slave = pty.openpty()
        environment = {
            **os.environ,
            "COURSEKIT_HOME": str(home),
            "COLUMNS": "80",
            "NO_COLOR": "1",
            "TERM": "dumb",
            "PYTHONPATH": str(ROOT),
            "COURSEKIT_NO_VENV": "1",
        }
        environment.pop("NBGRADER_EXECUTION", None)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "coursekit", "interview", *options],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
            cwd=ROOT,
            start_new_session=True,
        )
        os.close(slave)
        self.text, self.seen = "", 0

    def read_until(self, pattern, seconds=60):
        """Read until the new text ends in a pattern; return what matched."""
        end = time.monotonic() + seconds
        while (found := re.search(f"(?:{pattern})\\Z", self.text[self.seen :])) is None:
            assert time.monotonic() < end, f"no {pattern!r} at the end of:\n{self.text}"
            if select.select([self.master], [], [], 0.2)[0]:
                try:
                    self.text += os.read(self.master, 4096).decode(errors="replace")
                except OSError:  # the other end is closed
                    break
        self.seen = len(self.text)
        return found.group() if found else ""

    def type(self, text):
        os.write(self.master, text.encode())

    def end(self):
        """Read to the end; return the exit status."""
        self.read_until("never there", seconds=60)
        os.close(self.master)
        return self.process.wait(20)

    def abandon(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(20)


PROMPTS = r"> |when done: |goes on: |weak: |missed: |or no: |Number(?: in [^:]+)?: "


@pytest.fixture
def terminal(tmp_path):
    """Return a function that starts a session; whatever still runs at the end is stopped."""
    started = []

    def start(*options):
        started.append(Terminal(tmp_path, *options))
        return started[-1]

    yield start
    for session in started:
        session.abandon()


def answers(home):
    return json.loads((home / "progress.json").read_text())["answers"]


def answer_all(session, most=80):
    """Answer whatever is asked until the program ends; return the texts that were answered."""
    replies = {"Numb": "0.5\n", "weak": "weak\n", "miss": "made\n", "or n": "no\n", "when": "\n"}
    written = 0
    while prompt := session.read_until(PROMPTS):
        if prompt == "> ":
            session.type("A quarter of the steps.\n")
            session.read_until("> ")
            session.type("\n")
        else:
            session.type(replies.get(prompt[:4], "\n"))
        written += 1
        assert written < most, session.text


def test_a_session_in_a_pseudo_terminal(terminal, tmp_path):
    report = tmp_path / "r.csv"
    session = terminal("--unit", "01", "--minutes", "1", "--seed", "1", "--report", str(report))
    answer_all(session)
    assert session.end() == 0
    assert "Evidence" in session.text
    assert "One thing to practise" in session.text
    assert "Kept." in session.text
    assert "\x1b[3" not in session.text  # no colours
    (kept,) = answers(tmp_path)
    assert kept["follow_up"] == "made"
    assert kept["answer"]
    assert kept["further"]
    with report.open(newline="") as file:
        (row,) = csv.DictReader(file)
    for name in ("question_id", "answer", "further", "follow_up"):
        assert row[name] == kept[name]
    assert float(row["score"]) == kept["score"]


def test_ctrl_c_keeps_nothing_half(terminal, tmp_path):
    session = terminal("--unit", "01", "--minutes", "1", "--seed", "1")
    session.read_until(PROMPTS)
    session.type("Half an answer\n")
    session.read_until(PROMPTS)
    time.sleep(1)  # until it waits for a key: a signal on the way there would wait with it
    os.kill(session.process.pid, signal.SIGINT)
    assert session.end() == 0
    assert "No question was marked." in session.text
    assert not (tmp_path / "progress.json").exists()


def test_a_mock_is_left_resumed_and_reported(terminal, tmp_path):
    session = terminal("--mock", "8", "--seed", "3", "--level", "screen")
    prompt = session.read_until(PROMPTS)
    while "2 of " not in session.text:
        session.type("0.5\n" if prompt.startswith("Numb") else "It takes more steps.\n")
        if prompt == "> ":
            session.read_until("> ")
            session.type("\n")
        prompt = session.read_until(PROMPTS)
    time.sleep(1)
    os.kill(session.process.pid, signal.SIGINT)
    assert session.end() == 0
    assert "Go on with: python3 -m coursekit interview --resume" in session.text
    assert "| " not in session.text  # no model answer before the end
    session = terminal("--resume", "--report", str(tmp_path / "r.json"))
    session.read_until(PROMPTS)
    assert "Question 1 of" not in session.text
    session.type("A quarter.\n")
    answer_all(session)
    assert session.end() == 0
    assert "The interview is over." in session.text
    assert "Not said in" in session.text
    kept = answers(tmp_path)
    assert len(kept) >= 2
    told = json.loads((tmp_path / "r.json").read_text())["questions"]
    assert [row["question_id"] for row in told] == [answer["question_id"] for answer in kept]
    session = terminal("--resume")
    assert session.end() == 1
    assert "no mock interview was left" in session.text


def test_keys_and_a_long_line(terminal, tmp_path):
    """Arrow keys edit the line instead of writing their codes; 6,000 letters stay whole."""
    session = terminal("--unit", "00", "--minutes", "4", "--seed", "8", "--level", "staff")
    session.read_until("> ")
    session.type("abd\x1b[Dc" + " word" * 1200 + "\n")
    session.read_until("> ")
    session.type("\n")
    answer_all(session)
    assert session.end() == 0
    (kept,) = answers(tmp_path)
    assert kept["answer"] == "abc" + " word" * 1200 + "d"


def test_it_starts_without_torch_in_little_time(tmp_path):
    code = (
        "import sys, time; began = time.process_time()\n"
        "from coursekit.commands import interview\n"
        "interview.sitting(15, level='', unit='', due=False, rng=__import__('random').Random(0))\n"
        "print(time.process_time() - began, 'torch' in sys.modules)"
    )
    environment = {**os.environ, "COURSEKIT_HOME": str(tmp_path), "PYTHONPATH": str(ROOT)}
    out = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout
    seconds, torch = re.fullmatch(r"(\S+) (\w+)\n", out).groups()
    assert torch == "False"
    assert float(seconds) < 1.0


@pytest.mark.quick
def test_evidence_opens_its_picture(monkeypatch):
    opened = []
    monkeypatch.setattr("webbrowser.open", lambda uri: opened.append(uri) or True)
    measured = dataclasses.replace(SPOKEN, evidence=("N1",))
    screen, _ = play(["Fewer steps.", "", "tune", "", "", "made", "o"], questions=[measured])
    assert "in the ledger: holds" in screen
    (uri,) = opened
    assert uri.endswith("/docs/images/claims/N1.svg")
    monkeypatch.setattr("webbrowser.open", lambda uri: False)
    screen, _ = play(["Fewer steps.", "", "tune", "", "", "made", "o"], questions=[measured])
    assert "no viewer found" in screen
