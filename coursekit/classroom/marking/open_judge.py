"""Open the judge in a grading process: the bank, or a variant's, and a sandbox of its own."""

from dataclasses import dataclass, field
from multiprocessing.util import Finalize
from pathlib import Path

from coursekit.classroom.judge.marks import Attempt, SubmissionMark
from coursekit.classroom.marking.grade_one import Judge


@dataclass(frozen=True)
class JudgeSettings:
    """What each grading process has to know.

    Attributes:
        sandbox: "bubblewrap" or "none".
        risk_accepted: Has to be True for "none".
        variant: The file that says what a private release changes; None for the public bank.
        forbidden: What no submission may see; the sandbox proves that it cannot.
        limits: Fields of `sandbox.Limits` that differ from their defaults.
    """

    sandbox: str = "bubblewrap"
    risk_accepted: bool = False
    variant: Path | None = None
    forbidden: tuple[Path, ...] = ()
    limits: dict[str, float] = field(default_factory=dict)


def open_judge(settings: JudgeSettings) -> Judge:
    """Return a judge. Torch and the bank are imported here, not in the main process.

    Raises:
        RuntimeError: If a wall of the sandbox is missing.
        ValueError: For "none" without the risk accepted, or a variant that does not fit.
    """
    from coursekit.classroom.judge.points_earned import judge_attempt
    from coursekit.classroom.sandbox.opening import Limits, open_sandbox
    from coursekit.exercises.bank import EXERCISES

    bank = dict(EXERCISES)
    if settings.variant is not None:
        from coursekit.classroom.release.variant import read_variant, variant_bank

        bank = variant_bank(read_variant(settings.variant), bank)
    sandbox = open_sandbox(
        settings.sandbox,
        Limits(**settings.limits),  # type: ignore[arg-type]
        settings.risk_accepted,
        forbidden=settings.forbidden,
    )
    Finalize(None, sandbox.close, exitpriority=10)  # when this process ends, whoever started it

    def judge(attempt: Attempt, exercise_ids: list[str], seed: int) -> SubmissionMark:
        return judge_attempt(
            attempt, bank=bank, exercise_ids=exercise_ids, sandbox=sandbox, seed=seed
        )

    return judge
