"""The terminal: a session in a real pseudo-terminal, and what each key does."""

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


@pytest.mark.quick
def test_the_learner_switches_ticks_and_decides():
    screen, (outcome,) = play(["Fewer steps.", "", "tune", "", "2 4", "1", ""])
    assert outcome.answer == "Fewer steps."
    assert outcome.score == pytest.approx(0.5)
    assert " 1 [x] fewer steps (I saw: fewer, steps)" in screen
    assert " 1 [ ] fewer steps" in screen
    assert "Evidence P7" in screen
    assert max(map(len, screen.splitlines())) <= 100  # 80, and what was typed after a prompt


@pytest.mark.quick
def test_aloud_and_a_word_that_is_no_choice(capsys):
    _, (outcome,) = play(["", "perhaps", "weak", "", "9", "1 2 3 4", ""], aloud=True)
    assert outcome.score == 1
    assert "no point 9" in capsys.readouterr().err


@pytest.mark.quick
@pytest.mark.parametrize("leaving", [KeyboardInterrupt(), EOFError()])
def test_leaving_keeps_the_lines_that_were_typed(leaving):
    _, (outcome,) = play(["Fewer steps", "at equal steps", leaving], questions=[SPOKEN, SPOKEN])
    assert outcome.answer == "Fewer steps\nat equal steps"
    assert outcome.marked_by == "proposal"
    _, saved = play([leaving])
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


PROMPTS = r"> |accept: |goes on: |weak: |Number(?: in [^:]+)?: "


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


def test_a_session_in_a_pseudo_terminal(terminal, tmp_path):
    session = terminal("--unit", "01", "--minutes", "1", "--seed", "1")
    replies = {"> ": "A quarter of the steps.\n", "Numb": "0.5\n"}
    written = 0
    while prompt := session.read_until(PROMPTS):
        session.type(replies.get(prompt[:4], "\n"))
        written += 1
        assert written < 30, session.text
        if prompt == "> ":
            session.read_until("> |accept: ")
            session.type("\n")
    assert session.end() == 0
    assert "Evidence" in session.text
    assert "Do again" in session.text
    assert "Kept." in session.text
    assert "\x1b[3" not in session.text  # no colours
    (kept,) = answers(tmp_path)
    assert kept["marked_by"] == "learner"
    assert kept["answer"]


def test_ctrl_c_keeps_what_was_answered(terminal, tmp_path):
    session = terminal("--unit", "01", "--minutes", "1", "--seed", "1")
    session.read_until(PROMPTS)
    session.type("Half an answer\n")
    session.read_until(PROMPTS)
    time.sleep(1)  # until it waits for a key: a signal on the way there would wait with it
    os.kill(session.process.pid, signal.SIGINT)
    assert session.end() == 0
    assert "Kept." in session.text
    (kept,) = answers(tmp_path)
    assert kept["answer"] == "Half an answer"
    assert kept["marked_by"] == "proposal"


def test_it_starts_without_torch_in_little_time(tmp_path):
    code = (
        "import sys, time; began = time.process_time()\n"
        "from coursekit.commands import interview\n"
        "interview.plan(15, level='', unit='', due=False, mock=False, rng=__import__('random'))\n"
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
    screen, _ = play(["Fewer steps.", "", "tune", "", "", "o"], questions=[measured])
    assert "in the ledger: holds" in screen
    (uri,) = opened
    assert uri.endswith("/docs/images/claims/N1.svg")
    monkeypatch.setattr("webbrowser.open", lambda uri: False)
    screen, _ = play(["Fewer steps.", "", "tune", "", "", "o"], questions=[measured])
    assert "no viewer found" in screen
