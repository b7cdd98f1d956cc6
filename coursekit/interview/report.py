"""What a session showed: strengths, gaps by concept, and the unit to do again."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coursekit.interview.declare import Question

STRONG, WEAK = 0.75, 0.5


@dataclass(frozen=True)
class Outcome:
    """How one question went."""

    question_id: str
    score: float  # share of the rubric, 0 to 1
    marked_by: str  # "learner", "number", or "proposal" where the learner stopped before marking
    red_flags: tuple[str, ...]  # claims
    seconds: float
    answer: str
    left: bool = False  # the learner left the session here


def shares(
    outcomes: Sequence[Outcome], questions: Mapping[str, Question], names: str
) -> dict[str, tuple[float, int]]:
    """Return name -> (mean score, questions) over the "concepts" or "units" of the outcomes."""
    scores = defaultdict(list)
    for outcome in outcomes:
        for name in getattr(questions[outcome.question_id], names):
            scores[name].append(outcome.score)
    return {name: (sum(s) / len(s), len(s)) for name, s in scores.items()}


def write_report(
    outcomes: Sequence[Outcome], questions: Mapping[str, Question], planned_minutes: float
) -> str:
    """Return the report of a session as plain text, 80 columns at most."""
    if not outcomes:
        return "No question was answered."
    total = sum(outcome.score for outcome in outcomes) / len(outcomes)
    spent = sum(outcome.seconds for outcome in outcomes) / 60
    concepts = sorted(shares(outcomes, questions, "concepts").items(), key=lambda c: c[1][0])
    strong = [c for c in reversed(concepts) if c[1][0] >= STRONG]
    weak = [c for c in concepts if c[1][0] < WEAK]
    plural = "s" if len(outcomes) > 1 else ""
    lines = [
        f"{len(outcomes)} question{plural} in {spent:.0f} of {planned_minutes:.0f} minutes, "
        f"{100 * total:.0f} % of the rubrics",
        "",
        "  question                          level    score  time  marked by",
    ]
    for o in outcomes:
        minutes = f"{int(o.seconds) // 60}:{int(o.seconds) % 60:02d}"
        lines.append(
            f"  {o.question_id[:33]:33} {questions[o.question_id].level:7} "
            f"{100 * o.score:4.0f} %  {minutes:>5} {o.marked_by}"
        )
    for title, chosen in (("Strengths", strong), ("Gaps", weak)):
        lines += ["", f"{title}:" if chosen else f"{title}: none stands out"]
        lines += [f"  {100 * share:3.0f} %  {name}" for name, (share, _) in chosen[:5]]
    flags = sorted({claim for o in outcomes for claim in o.red_flags})
    if flags:
        lines += ["", f"Popular wrong answers that came up (claims): {', '.join(flags)}"]
    units = sorted(shares(outcomes, questions, "units").items(), key=lambda u: u[1][0])
    again = [name for name, (share, _) in units if share < STRONG]
    lines += ["", f"Do again: unit {again[0]}" if again else "Do again: nothing; go one level up"]
    return "\n".join(lines)
