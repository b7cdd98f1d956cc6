"""Runs behind the claim on a language model's critical batch: text without end, whole runs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from coursekit.claims.stages import Tell
from coursekit.claims.unit_05_noise_scale.tuned_steps import pseudo_values, tuned_fit
from coursekit.data.corpus import ALPHABET, echoed_windows, load_corpus, next_character_loss
from coursekit.data.splits import Dataset, from_splits
from coursekit.experiments.branching import Course, start_course
from coursekit.experiments.octaves import until_inside
from coursekit.experiments.trade_off import RunsToTarget, choose_by_others
from coursekit.models.transformer import char_transformer
from coursekit.noise.critical_batch import steps_to_target
from coursekit.noise.offline import model_moments
from coursekit.train.optim import Adam

OPTIMIZER = Adam(beta1=0.9, beta2=0.95)
LR = 2.0**-9  # at the trunk's batch
NUM_LOOKS = 24  # of a whole run, each a seventh later than the last
# about the root rule's lr, to begin with: every grid grows until its best lies inside. A first run
# had 19 of 28 bests at an end of four fixed octaves, a second two of 28 at one of five to seven.
OCTAVES = range(-1, 2)


@dataclass(frozen=True)
class Plan:
    """Sizes of the experiment; examples are windows of text."""

    num_seeds: int
    context: int
    width: int
    num_layers: int
    pool: int  # training windows, from which examples are drawn
    held_out: int
    ages: tuple[int, ...]  # examples at which the trunk is left; the first batch is the trunk's
    batch_sizes: tuple[int, ...]
    longest: int  # examples of a branch at most
    whole: dict[int, int]  # batch size -> examples of a whole run at most
    for_noise: int  # windows on which the noise scale is measured


PLANS = {
    "tiny": Plan(3, 8, 8, 1, 256, 32, (64, 80, 96, 112), (4, 8), 64,
                 {4: 96, 8: 96, 16: 128}, 32),
    "gpu": Plan(8, 32, 64, 2, 1 << 19, 2048, (2048, 8192, 32768, 131072),
                tuple(2**k for k in range(4, 12)), 32768,
                {16: 65536, 64: 81920, 256: 163840, 512: 327680}, 16384),
}  # fmt: skip


def text_without_end(plan: Plan, device: torch.device) -> Dataset:
    """Return windows drawn from a chain with the shipped text's statistics up to 3 characters."""
    g = torch.Generator().manual_seed(7)
    text = load_corpus().train
    x, y = echoed_windows(text, plan.pool, plan.context, generator=g)
    held = echoed_windows(text, plan.held_out, plan.context, generator=g)
    tensors = [t.to(device) for t in (x, y, *held, *held)]
    return from_splits("text without end", tensors, num_classes=len(ALPHABET))


def untrained(plan: Plan, data: Dataset, lrs: Sequence[float]) -> Course:
    """Return every seed's character transformer, at every learning rate."""
    make = partial(
        char_transformer,
        len(ALPHABET),
        context=plan.context,
        width=plan.width,
        num_heads=2 if plan.width < 64 else 4,
        num_layers=plan.num_layers,
    )
    return start_course(
        make,
        data,
        seeds=range(plan.num_seeds),
        lrs=lrs,
        optimizer=OPTIMIZER,
        loss_fn=next_character_loss,
        device=data.train_inputs.device,
    )


def simple_scales(course: Course, data: Dataset, count: int) -> list[float]:
    """Return B_simple of every replica, in windows, from fresh ones."""
    pair = (data.train_inputs[-count:], data.train_targets[-count:])
    return [
        model_moments(m, next_character_loss, pair, target="population").grad_noise_scale
        for m in course.models()
    ]


def whole_runs(
    plan: Plan, data: Dataset, targets: dict[str, float], tell: Tell
) -> dict[str, RunsToTarget]:
    """Train from the start at each batch size to the losses that the trunk had at some ages.

    Runs at one batch stop two looks after all seeds of one learning rate have met the targets:
    slower rates are not waited for, and count as not arrived.
    """
    tables: dict[str, list[np.ndarray]] = {name: [] for name in targets}
    grids: list[list[float]] = []
    octaves = OCTAVES
    for b, examples in plan.whole.items():
        num_steps = examples // b
        shares = np.geomspace(0.04, 1, NUM_LOOKS)
        looks = sorted({max(1, round(num_steps * share)) for share in shares})
        root = LR * math.sqrt(b / plan.batch_sizes[0])
        met = partial(all_met, target=min(targets.values()), num_seeds=plan.num_seeds)

        def curves(some: list[int], b: int = b, root: float = root, looks: list = looks,
                   met: partial = met) -> np.ndarray:  # fmt: skip
            course = untrained(plan, data, [root * 2.0**k for k in some])
            losses = course.advance(b, looks[-1], key=1, looks=looks, enough=met)
            return losses.reshape(plan.num_seeds, len(some), -1)

        def bests(losses: np.ndarray, looks: list = looks) -> list[int]:
            steps = [steps_of(losses, looks, target) for target in targets.values()]
            return [fastest(found, losses) for found in steps]

        tried, losses = until_inside(
            octaves, curves, bests, tell=tell, about=f"whole runs at B={b}"
        )
        for name, target in targets.items():
            tables[name].append(steps_of(losses, looks, target))
        best = [tried[place] for place in bests(losses)]
        octaves = range(min(best) - 1, max(best) + 2)
        grids.append([root * 2.0**k for k in tried])
    found = {}
    for name, target in targets.items():
        chosen = [choose_by_others(table) for table in tables[name]]
        found[name] = RunsToTarget(
            target,
            tuple(plan.whole),
            np.stack([steps for steps, _ in chosen], axis=1),
            tuple(rates[best] for rates, (_, best) in zip(grids, chosen, strict=True)),
            tuple(0 < best < len(r) - 1 for r, (_, best) in zip(grids, chosen, strict=True)),
            tuple(tables[name]),
        )
    return found


def all_met(seen: list[np.ndarray], *, target: float, num_seeds: int) -> bool:
    """Say whether all seeds of one learning rate had met the target two looks ago."""
    if len(seen) < 3:
        return False
    lowest = np.fmin.reduce(seen[:-2]).reshape(num_seeds, -1)
    return bool((lowest <= target).all(axis=0).any())


def steps_of(losses: np.ndarray, looks: list[int], target: float) -> np.ndarray:
    """Return steps to a target, (seeds, lrs), from curves (seeds, lrs, looks); nan: not met."""
    start = math.log(len(ALPHABET))  # loss before the first step
    filled = np.where(np.isfinite(losses), losses, np.inf)
    found = np.full(losses.shape[:2], math.nan)
    for place in np.ndindex(*found.shape):
        found[place] = steps_to_target([0, *looks], [start, *filled[place]], target)
    return found


def fastest(steps: np.ndarray, losses: np.ndarray) -> int:
    """Return the rate with the fewest mean steps; where none has all seeds there, the lowest."""
    means = np.where(np.isfinite(steps), steps, np.inf).mean(axis=0)
    if np.isfinite(means).any():
        return int(means.argmin())
    lows = np.where(np.isfinite(losses), losses, np.inf).min(axis=-1).mean(axis=0)
    return int(lows.argmin())


def fitted(runs: RunsToTarget) -> list[float]:
    """Return one B_crit a seed; nan where runs missed the target, or do not show it."""
    if not np.isfinite(runs.steps).all():
        return [math.nan] * len(runs.steps)
    return pseudo_values(tuned_fit(runs))
