"""Ten faults: the setup of a run that has it, its best rival, what each experiment would say.

`menu` maps an experiment to its outcome under the fault and under the rival. An experiment
separates the two where these differ.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from coursekit.experiments.mysteries.training import Setup

Pair = tuple[Setup, Setup]  # the run before, which was fine; the run that went wrong


@dataclass(frozen=True)
class Fault:
    """One way to go wrong.

    Attributes:
        rival: The explanation that fits the curve nearly as well.
        others: Further explanations that somebody would name.
        story: What the team says.
        draw: Random numbers -> the run before, and the run that went wrong.
        menu: Experiment -> (outcome under this fault, outcome under the rival).
    """

    rival: str
    others: tuple[str, ...]
    story: str
    draw: Callable[[Random], Pair]
    menu: dict[str, tuple[str, str]]


def diverged(rng: Random) -> Pair:
    """Scale in proportion, from a good small batch to above the limit."""
    before = Setup(batch_size=32, micro_batch_size=32, lr=rng.choice([0.5, 0.55]), num_epochs=12)
    return before, replace(before, batch_size=256, lr=8 * before.lr, log_every=4)


def sums(rng: Random) -> Pair:
    """Scale in proportion to a good rate, and accumulate without dividing."""
    before = Setup(lr=rng.choice([0.125, 0.15, 0.175]), num_epochs=12)
    wrong = replace(before, batch_size=256, micro_batch_size=32, lr=4 * before.lr, log_every=4)
    return before, replace(wrong, sums=True)


def small_rate(rng: Random) -> Pair:
    """Let the batch grow and not the rate; clipping is there and never acts."""
    lr = rng.choice([0.02, 0.025, 0.03])
    before = Setup(batch_size=32, micro_batch_size=32, lr=lr, num_epochs=10, clip_norm=10.0)
    return before, replace(before, batch_size=256, micro_batch_size=rng.choice([16, 32]))


def clips_each(rng: Random) -> Pair:
    """Cut each micro-batch to the length that the mean was meant to have at most."""
    clip = rng.choice([0.2, 0.25, 0.3])
    before = Setup(batch_size=32, micro_batch_size=32, lr=0.1, num_epochs=10, clip_norm=clip)
    wrong = replace(before, batch_size=128, micro_batch_size=rng.choice([8, 16]), lr=0.2)
    return before, replace(wrong, clips_each=True)


def tiny_batch_norm(rng: Random) -> Pair:
    """Give BatchNorm micro-batches of two, on a smaller GPU."""
    lr = rng.choice([0.15, 0.2, 0.25])
    before = Setup(batch_size=64, micro_batch_size=64, lr=lr, num_epochs=8, batch_norm=True)
    return before, replace(before, micro_batch_size=2)


def duplicates(rng: Random) -> Pair:
    """Export the data anew, with as many rows and far fewer examples."""
    before = Setup(batch_size=rng.choice([32, 64]), micro_batch_size=32, lr=0.1, num_epochs=16)
    return before, replace(before, copies=rng.choice([16, 32]))


def grid_edge(rng: Random) -> Pair:
    """Tune a small and a large batch on one grid; the setups are those of the two."""
    small = Setup(batch_size=4, micro_batch_size=4, lr=0.05, num_epochs=3, log_every=1)
    size = rng.choice([256, 512])
    return small, replace(small, batch_size=size, micro_batch_size=size)


def warmup_micro(rng: Random) -> Pair:
    """Warm up over a tenth of the run, computed from the number of micro-batches."""
    before = Setup(batch_size=32, micro_batch_size=32, lr=0.03, num_epochs=10, warmup_share=0.1)
    lr = rng.choice([0.15, 0.2, 0.25])
    wrong = replace(before, batch_size=256, micro_batch_size=16, lr=lr, log_every=4)
    return before, replace(wrong, counts_micro=True)


def logging(rng: Random) -> Pair:
    """Print a loss that is renewed every 64 steps, in a healthy run."""
    before = Setup(batch_size=32, micro_batch_size=32, lr=0.1, num_epochs=10)
    wrong = replace(before, batch_size=64, micro_batch_size=64, lr=rng.choice([0.1, 0.15, 0.2]))
    return before, replace(wrong, log_every=8, refresh_every=64, stops_after=56)


def last_window(rng: Random) -> Pair:
    """Remove a few rows, so that micro-batches are left over in every epoch."""
    lr = rng.choice([0.4, 0.5])
    before = Setup(batch_size=128, micro_batch_size=8, lr=lr, num_epochs=12, log_every=1)
    removed = rng.choice([8, 16])
    return before, replace(before, num_train=1024 - removed, last_window="unscaled")


FAULTS = {
    "diverged early": Fault(
        "sums",
        ("lr too small", "logging interval", "noise lost"),
        "We went from B = {B0} to B = {B1}, in {K} micro-batches, and scaled the learning rate in "
        "proportion. Now nothing is learned.",
        diverged,
        {
            "two norms": ("equal", "K times"),
            "log each step": ("a jump", "a jump"),
            "lr / 4": ("better", "better"),
            "one micro-batch": ("same", "better"),
            "twice the epochs": ("same", "same"),
            "more seeds": ("same", "same"),
        },
    ),
    "sums": Fault(
        "diverged early",
        ("lr too small", "last window", "noise lost"),
        "We went from B = {B0} to B = {B1}, in {K} micro-batches, and scaled the learning rate in "
        "proportion. Now nothing is learned.",
        sums,
        {
            "two norms": ("K times", "equal"),
            "log each step": ("a jump", "a jump"),
            "lr / 4": ("better", "better"),
            "one micro-batch": ("better", "same"),
            "twice the epochs": ("same", "same"),
            "more seeds": ("same", "same"),
        },
    ),
    "lr too small": Fault(
        "clips each",
        ("sums", "duplicates", "noise lost"),
        "We went from B = {B0} to B = {B1}, in {K} micro-batches; nothing else was touched. The "
        "loss falls, but far too slowly.",
        small_rate,
        {
            "log each step": ("a fall", "a fall"),
            "lr x 4": ("better", "better"),
            "no clipping": ("same", "better"),
            "shuffle anew": ("same", "same"),
            "twice the epochs": ("better", "better"),
            "more seeds": ("same", "same"),
        },
    ),
    "clips each": Fault(
        "lr too small",
        ("warmup in micro-steps", "duplicates", "noise lost"),
        "We went from B = {B0} to B = {B1}, in {K} micro-batches, and raised the learning rate by "
        "less. The loss falls, but far too slowly.",
        clips_each,
        {
            "log each step": ("a fall", "a fall"),
            "lr x 4": ("better", "better"),
            "no clipping": ("better", "same"),
            "shuffle anew": ("same", "same"),
            "twice the epochs": ("better", "better"),
            "more seeds": ("same", "same"),
        },
    ),
    "tiny batch norm": Fault(
        "lr too small",
        ("duplicates", "sums", "last window"),
        "Same batch, same learning rate, on a smaller GPU: {K} micro-batches in place of one. The "
        "loss stays high.",
        tiny_batch_norm,
        {
            "loss at evaluation": ("far below", "as logged"),
            "log each step": ("a fall", "a fall"),
            "shuffle anew": ("same", "same"),
            "larger micro-batch": ("better", "same"),
            "twice the epochs": ("same", "better"),
            "more seeds": ("same", "same"),
        },
    ),
    "duplicates": Fault(
        "trained too long",
        ("diverged early", "noise lost", "lr too small"),
        "Same settings, on a new export of the data with as many rows as before. Training is "
        "perfect, validation is not.",
        duplicates,
        {
            "count rows": ("copies", "all differ"),
            "half the epochs": ("same", "better"),
            "shuffle anew": ("same", "same"),
            "lr / 4": ("same", "same"),
            "twice the epochs": ("same", "same"),
            "more seeds": ("same", "same"),
        },
    ),
    "grid edge": Fault(
        "noise lost",
        ("lr too small", "trained too long", "duplicates"),
        "We tuned the learning rate at both batch sizes, on one grid. The large batch is worse, "
        "each at its best.",
        grid_edge,
        {
            "wider grid": ("better", "same"),
            "half the epochs": ("worse", "worse"),
            "shuffle anew": ("same", "same"),
            "lr / 4": ("worse", "worse"),
            "more seeds": ("same", "same"),
        },
    ),
    "warmup in micro-steps": Fault(
        "lr too small",
        ("clips each", "duplicates", "noise lost"),
        "We went from B = {B0} to B = {B1}, in {K} micro-batches, and raised the learning rate. "
        "The warmup is a tenth of the run, as before. The loss falls, but too slowly.",
        warmup_micro,
        {
            "log each step": ("a fall", "a fall"),
            "lr x 4": ("better", "better"),
            "warmup by steps": ("better", "same"),
            "shuffle anew": ("same", "same"),
            "twice the epochs": ("better", "better"),
            "more seeds": ("same", "same"),
        },
    ),
    "logging interval": Fault(
        "lr too small",
        ("diverged early", "duplicates", "noise lost"),
        "We went from B = {B0} to B = {B1}. The loss did not move for {stop} steps, and somebody "
        "stopped the run.",
        logging,
        {
            "log each step": ("a fall", "flat"),
            "shuffle anew": ("same", "same"),
            "lr x 4": ("same", "better"),
            "twice the epochs": ("same", "same"),
            "more seeds": ("same", "same"),
        },
    ),
    "last window": Fault(
        "diverged early",
        ("lr too small", "sums", "duplicates"),
        "Same settings; we removed {removed} bad rows from the data. Now the loss jumps again "
        "and again.",
        last_window,
        {
            "drop last window": ("better", "same"),
            "lr / 4": ("better", "better"),
            "count rows": ("all differ", "all differ"),
            "twice the epochs": ("same", "same"),
            "more seeds": ("same", "same"),
        },
    ),
}
