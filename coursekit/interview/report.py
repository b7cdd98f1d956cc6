"""What a sitting showed: by question and by concept, the points missed, one thing to practise."""

import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from coursekit.interview.bank import told
from coursekit.interview.declare import Question
from coursekit.interview.outcome import Outcome

STRONG, WEAK = 0.75, 0.5
MOST_POINTS = 3  # missed points told of one question


def shares(
    outcomes: Sequence[Outcome], questions: Mapping[str, Question], names: str
) -> dict[str, tuple[float, int]]:
    """Return name -> (mean score, questions) over the "concepts" or "units" of the outcomes."""
    scores = defaultdict(list)
    for outcome in outcomes:
        for name in getattr(questions[outcome.question_id], names):
            scores[name].append(outcome.score)
    return {name: (sum(s) / len(s), len(s)) for name, s in scores.items()}


def missed(outcome: Outcome, question: Question) -> list[str]:
    """Return the points that were not made, the heaviest first."""
    left = [p for p, tick in zip(question.points, outcome.ticks, strict=True) if not tick]
    return [point.text for point in sorted(left, key=lambda p: -p.weight)]


def write_report(
    outcomes: Sequence[Outcome],
    questions: Mapping[str, Question],
    planned_minutes: float,
    earlier: Sequence[Mapping[str, Any]] = (),
) -> str:
    """Return the report of a sitting as plain text, 80 columns at most.

    Args:
        outcomes: What was marked.
        questions: The bank.
        planned_minutes: Of the sitting.
        earlier: Answers of earlier sittings as the progress file has them, for the trend.
    """
    if not outcomes:
        return "No question was marked."
    total = sum(outcome.score for outcome in outcomes) / len(outcomes)
    spent = sum(outcome.seconds for outcome in outcomes) / 60
    plural = "s" if len(outcomes) > 1 else ""
    lines = [
        f"{len(outcomes)} question{plural}, {spent:.0f} minutes of answering "
        f"({planned_minutes:.0f} planned), {100 * total:.0f} %",
        "",
        "  question                          level    score   before  time  good",
    ]
    before = {str(a["question_id"]): float(a["score"]) for a in earlier}  # the last one counts
    for o in outcomes:
        question = questions[o.question_id]
        then = f"{100 * before[o.question_id]:.0f} %" if o.question_id in before else "new"
        minutes = f"{round(o.seconds) // 60}:{round(o.seconds) % 60:02d}"
        lines.append(
            f"  {o.question_id[:33]:33} {question.level:7} {100 * o.score:4.0f} %  {then:>6} "
            f"{minutes:>6}  {question.minutes}:00"
        )
    lines += _missed_lines(outcomes, questions)
    concepts = sorted(shares(outcomes, questions, "concepts").items(), key=lambda c: c[1][0])
    strong = [c for c in reversed(concepts) if c[1][0] >= STRONG]
    weak = [c for c in concepts if c[1][0] < WEAK]
    for title, chosen in (("Strengths", strong), ("Gaps", weak)):
        lines += ["", f"{title}:" if chosen else f"{title}: none stands out"]
        lines += [
            f"  {100 * share:3.0f} %  {name}" + (f" ({n} questions)" if n > 1 else "")
            for name, (share, n) in chosen[:5]
        ]
    flags = sorted({claim for o in outcomes for claim in o.red_flags})
    if flags:
        lines += ["", "Popular wrong answers that came up:"]
        for claim in flags:
            lines += _wrapped(f"{claim}. {_settled(claim)}")
    lines += _agreement(outcomes)
    return "\n".join([*lines, "", *_practise(outcomes, questions)])


def _agreement(outcomes: Sequence[Outcome]) -> list[str]:
    """Return on how many points the listener agreed with the learner."""
    pairs = [pair for o in outcomes if o.heard for pair in zip(o.ticks, o.heard, strict=True)]
    if not pairs:
        return []
    agreed = sum(tick == heard for tick, heard in pairs)
    return ["", f"What was heard agrees with your ticks on {agreed} of {len(pairs)} points."]


def _missed_lines(outcomes: Sequence[Outcome], questions: Mapping[str, Question]) -> list[str]:
    lines = []
    for o in outcomes:
        if points := missed(o, questions[o.question_id]):
            lines += ["", f"Not said in {o.question_id}:"]
            for point in points[:MOST_POINTS]:
                lines += _wrapped(f"- {point}")
    return lines


def _settled(claim: str) -> str:
    """Return what settles a popular mistake; "" where the bank has no words for it."""
    try:
        return told(claim)
    except KeyError:
        return f"See `python3 -m coursekit claims show {claim}`."


def _practise(outcomes: Sequence[Outcome], questions: Mapping[str, Question]) -> list[str]:
    """Return the one thing to practise: the weakest answer's headline, and its unit."""
    worst = min(outcomes, key=lambda o: o.score)
    if worst.score >= STRONG:
        return ["One thing to practise: nothing here; go one level up."]
    question = questions[worst.question_id]
    return [
        "One thing to practise: say this aloud until it comes by itself.",
        *_wrapped(f"{question.headline}"),
        f"Then do again: unit {question.units[0]}",
    ]


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, 78, initial_indent="  ", subsequent_indent="    ")
