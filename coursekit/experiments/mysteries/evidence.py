"""What a practitioner has of a run that went wrong: words, settings, log lines, curves."""

import math
from dataclasses import dataclass

import numpy as np

from coursekit.experiments.mysteries.carry_out import GRID, run_of, sweep
from coursekit.experiments.mysteries.cases import Mystery
from coursekit.experiments.mysteries.training import Setup
from coursekit.experiments.mysteries.words import EXPERIMENTS, EXPLANATIONS

MOST_LINES = 14


@dataclass(frozen=True)
class Evidence:
    """All that is shown of a mystery; a strategy sees this and nothing else.

    Attributes:
        story: What the team says.
        config: Name of a setting -> (the run before, this run).
        steps: Step of each log line.
        loss: The loss the log prints, (runs, lines).
        grad_norm: |g| before clipping, (runs, lines).
        lr: The learning rate, (lines,).
        epoch_ends: Steps at the end of each epoch that was finished.
        validation: Validation accuracy in % after each of them, (runs, epochs).
        before: Of the run before: "validation" in % at its end, "first |g|".
        train: Training accuracy in % at the end; nan where the run was stopped.
        table: Batch size -> accuracies (rates, seeds) over `grid`; empty without a sweep.
        grid: Learning rates of the sweep.
        suspects: Explanations to choose from.
        menu: Experiment -> its price in runs.
    """

    story: str
    config: dict[str, tuple[str, str]]
    steps: np.ndarray
    loss: np.ndarray
    grad_norm: np.ndarray
    lr: np.ndarray
    epoch_ends: np.ndarray
    validation: np.ndarray
    before: dict[str, float]
    train: float
    table: dict[int, np.ndarray]
    grid: tuple[float, ...]
    suspects: tuple[str, ...]
    menu: dict[str, float]


def evidence_of(mystery: Mystery) -> Evidence:
    """Run a mystery, and the run before it; return what the team has of both."""
    is_sweep = mystery.fault == "grid edge"
    wrong = run_of(mystery.wrong, mystery.seeds)
    before = run_of(mystery.before, mystery.seeds)
    stop = mystery.wrong.stops_after or math.inf
    lines, epochs = wrong.steps <= stop, wrong.epoch_ends <= stop
    if stop < math.inf:
        epochs[:] = False  # nobody had evaluated it yet
    setups = (mystery.before, mystery.wrong)
    table = {s.batch_size: sweep(s, GRID, mystery.seeds) for s in setups} if is_sweep else {}
    return Evidence(
        story=mystery.story,
        config=config_of(*setups, is_sweep=is_sweep),
        steps=wrong.steps[lines],
        loss=wrong.loss[:, lines],
        grad_norm=wrong.grad_norm[:, lines],
        lr=wrong.lr[0, lines],
        epoch_ends=wrong.epoch_ends[epochs],
        validation=wrong.validation[:, epochs],
        before={
            "validation": float(before.validation[:, -1].mean()),
            "first |g|": float(before.first_norm.mean()),
        },
        train=float(wrong.train.mean()) if stop == math.inf else math.nan,
        table=table,
        grid=GRID if is_sweep else (),
        suspects=mystery.suspects,
        menu={name: EXPERIMENTS[name].price for name in mystery.menu},
    )


def config_of(before: Setup, wrong: Setup, *, is_sweep: bool) -> dict[str, tuple[str, str]]:
    """Return what the configuration files of two runs say, as their author wrote them."""

    def lines(s: Setup) -> dict[str, str]:
        said = {
            "training rows": f"{s.num_train}",
            "epochs": f"{s.num_epochs}",
            "batch size": f"{s.batch_size}",
            "micro-batch size": f"{s.micro_batch_size}",
            "learning rate": "tuned" if is_sweep else f"{s.lr:g}",
            "warmup": f"{s.warmup_share:.0%} of the run" if s.warmup_share else "none",
            "clipping": f"|g| <= {s.clip_norm:g}" if math.isfinite(s.clip_norm) else "none",
            "BatchNorm": "yes" if s.batch_norm else "no",
        }
        return said

    return {k: (v, lines(wrong)[k]) for k, v in lines(before).items()}


def log_lines(evidence: Evidence) -> list[str]:
    """Return the log of the first run as the team has it: thinned out, or a piece of it."""
    count = len(evidence.steps)
    keep = sorted({round(x) for x in np.linspace(0, count - 1, min(count, MOST_LINES))})
    if count > 1 and evidence.steps[1] == 1:  # each step is there: the first epoch's end and on
        keep = list(range(4, 4 + MOST_LINES))
    lines = ["  step    loss     |g|      lr"]
    for i in keep:
        loss, norm = evidence.loss[0, i], evidence.grad_norm[0, i]
        lines.append(f"{evidence.steps[i]:6d} {loss:7.4f} {norm:7.3g} {evidence.lr[i]:7.3g}")
    return lines


def show_lines(evidence: Evidence) -> list[str]:
    """Return everything but the curves as lines of text."""
    lines = [f'"{evidence.story}"', "", f"{'setting':18s}{'before':>16s}{'this run':>16s}"]
    for name, (old, new) in evidence.config.items():
        mark = "   <- changed" if old != new else ""
        lines.append(f"{name:18s}{old:>16s}{new:>16s}{mark}")
    if not evidence.table:
        lines.append(
            f"the run before: {evidence.before['validation']:.1f} % on validation data, first |g| "
            f"{evidence.before['first |g|']:.2f}"
        )
    lines.append("")
    for size, table in evidence.table.items():
        cells = [f"{lr:g}: {row.mean():.1f}" for lr, row in zip(evidence.grid, table, strict=True)]
        lines.append(f"validation accuracy at B = {size:3d}, by learning rate: {', '.join(cells)}")
    if evidence.table:
        return lines
    lines += log_lines(evidence)
    if len(evidence.epoch_ends):
        last = evidence.validation[:, -1]
        said = ", ".join(f"{x:.1f}" for x in last)
        lines.append(f"at the end: training {evidence.train:.1f} %, validation {said} % (3 seeds)")
    else:
        lines.append("stopped before the first evaluation")
    return lines


def question_lines(evidence: Evidence) -> list[str]:
    """Return the three lists to choose from, numbered from 1."""
    lines = ["", "What went wrong?"]
    lines += [f"  {i}  {EXPLANATIONS[name]}" for i, name in enumerate(evidence.suspects, 1)]
    lines += ["", "Which experiment? (price in runs like this one; what can come out)"]
    for i, (name, price) in enumerate(evidence.menu.items(), 1):
        about = EXPERIMENTS[name]
        outcomes = ", ".join(f"{k} {o}" for k, o in enumerate(about.outcomes, 1))
        lines.append(f"  {i}  {price:<5g} {about.does}  [{outcomes}]")
    return lines
