"""Who listens to an answer: the offline check, or a program that the learner brings.

A program of one's own, say a local model or somebody's API behind a few lines, gets JSON on its
standard input and prints JSON:

    {"question": ..., "points": [...], "answer": ...}  ->  ["words it heard", "", ...]

It is held to the rubric: one entry a point, and what it heard must stand in the answer, word for
word; anything else counts as not heard. It never marks. The report says how often it agreed with
the learner's own ticks.
"""

import json
import shlex
import subprocess
from collections.abc import Callable

from coursekit.interview.declare import Question
from coursekit.interview.proposal import propose

Listener = Callable[[Question, str], tuple[str, ...]]  # what was heard of each point
SECONDS = 60


def check(question: Question, answer: str) -> tuple[str, ...]:
    """Listen with the offline check: the words that it heard of each point, "" for none."""
    return tuple(", ".join(words) for words in propose(question, answer).seen)


def program(command: str) -> Listener:
    """Return a listener that asks a program of the learner's own.

    Raises:
        ValueError: From the listener, if the program fails or does not answer as agreed.
    """

    def listen(question: Question, answer: str) -> tuple[str, ...]:
        if not answer.strip():
            return ("",) * len(question.points)
        points = [point.text for point in question.points]
        asked = {"question": question.prompt, "points": points, "answer": answer}
        try:
            done = subprocess.run(
                shlex.split(command),
                input=json.dumps(asked),
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=True,
            )
            heard = json.loads(done.stdout)
        except (OSError, subprocess.SubprocessError, json.JSONDecodeError) as error:
            raise ValueError(f"the judge {command!r} gave no answer: {error}") from error
        if not (isinstance(heard, list) and len(heard) == len(points)):
            raise ValueError(f"the judge {command!r} must print a list of {len(points)} strings")
        inside = " ".join(answer.lower().split())
        return tuple(
            words
            if isinstance(words, str)
            and words.strip()
            and " ".join(words.lower().split()) in inside
            else ""
            for words in heard
        )

    return listen
