"""Claim on a language model's critical batch: by branching, the noise scale and whole runs."""

import numpy as np
import torch

from coursekit.claims.decide import Part, all_of, any_of, decide, no, ratio_inside
from coursekit.claims.declare import Claim, Values
from coursekit.claims.stages import stages
from coursekit.claims.unit_05_noise_scale.branch_runs import (
    LR,
    OCTAVES,
    PLANS,
    fitted,
    simple_scales,
    text_without_end,
    untrained,
    whole_runs,
)
from coursekit.device import pick_device
from coursekit.experiments.branching import branch_losses, last_batch_within

UNIT = "05_noise_scale"
TOLERANCE = 0.01  # nats a character, as in the paper
SHARE = 0.1  # of what the branch at the trunk's batch gains


AGES = ("1", "2", "3", "4")
FITTED = ("2", "3")  # ages whose losses whole runs are trained to


def measure_branches(size: str) -> dict[str, list[float]]:
    """C8: the critical batch at four ages by branching, B_simple there, and B_crit of runs."""
    plan, tell = PLANS[size], stages("C8", size)
    device = pick_device() if size == "gpu" else torch.device("cpu")
    data = text_without_end(plan, device)
    tell("text drawn")
    trunk, base = untrained(plan, data, [LR]), plan.batch_sizes[0]
    values: dict[str, list[float]] = {}
    read = 0
    for key, (name, age) in enumerate(zip(AGES, plan.ages, strict=True), start=1):
        trunk.advance(base, (age - read) // base, key=key)
        read = age
        values[f"loss_{name}"] = trunk.held_out().tolist()
        tell(f"age {name}: trunk")
        values[f"simple_{name}"] = simple_scales(trunk, data, plan.for_noise)
        tell(f"age {name}: noise scale")
        examples = min(age, plan.longest)
        branches = branch_losses(
            trunk,
            batch_sizes=[b for b in plan.batch_sizes if 8 * b <= examples],
            examples=examples,
            lr=LR,
            octaves=OCTAVES,
            key=100 + key,
            tell=tell,
        )
        values[f"at_edge_{name}"] = [float(branches.at_edge)]
        values[f"progress_{name}"] = progress = [
            now - then
            for now, then in zip(values[f"loss_{name}"], branches.tuned[:, 0], strict=True)
        ]
        for kind, losses, tolerance in (
            ("branch", branches.tuned, TOLERANCE),
            ("share", branches.tuned, SHARE * np.clip(progress, 1e-9, None)),
            ("rule", branches.by_rule, TOLERANCE),
        ):
            found, not_left = last_batch_within(branches.batch_sizes, losses, tolerance)
            values[f"{kind}_{name}"] = found.tolist()
            values[f"{kind}_open_{name}"] = [float(not_left.mean())]
            values[f"{kind}_low_{name}"] = [float((found < branches.batch_sizes[1]).mean())]
        for i, b in enumerate(branches.batch_sizes[1:], start=1):
            lag = branches.tuned[:, i] - branches.tuned[:, 0]
            values[f"lag_{name}_B{b}"] = lag.tolist()
    for kind in ("branch", "share", "rule", "simple"):
        first, last = (np.array(values[f"{kind}_{n}"]) for n in (AGES[0], AGES[-1]))
        values[f"{kind}_growth"] = (last / first).tolist()
    targets = {name: float(np.mean(values[f"loss_{name}"])) for name in FITTED}
    for name, runs in whole_runs(plan, data, targets, tell).items():
        values[f"fit_{name}"] = fitted(runs)
        values[f"fit_interior_{name}"] = [float(sum(runs.interior))]
    tell("fits")
    return values


def changes_along(values: Values, kind: str) -> Part:
    """Tell whether one definition's critical batch leaves a factor of 2 between first and last age.

    Open where the first is a lower bound (then growth is none), and where it seems not to change
    but the last is a bound too.
    """
    if values[f"{kind}_open_1"][0] > 0:
        return None
    same = ratio_inside(values[f"{kind}_growth"], 0.5, 2)
    bounded = values[f"{kind}_open_4"][0] > 0 or values[f"{kind}_low_4"][0] > 0
    return None if same and bounded else no(same)


def branches_verdict(values: Values) -> str:
    """C8 fails if the critical batch changes along a run by both definitions of leaving."""
    if values["at_edge_1"][0] or values["at_edge_4"][0]:
        return "unresolved"
    kinds = [changes_along(values, kind) for kind in ("branch", "share")]
    return decide(
        fails=all_of(*kinds),
        holds=all_of(*map(no, kinds)),
        depends=all_of(any_of(*kinds), any_of(*map(no, kinds))),
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="C8",
        statement="A language model has one fixed critical batch size.",
        heard="scaling discussions, training guides",
        unit=UNIT,
        source="Merrill et al. 2025, arXiv:2505.23971: near 0 at initialisation, a plateau at "
        "about 4096 documents of 4096 tokens; Zhang et al. 2024, arXiv:2410.21676: grows with the "
        "data, hardly with the model; Bergsma et al. 2025, arXiv:2505.13738: a power of the tokens",
        rule="branches leave a run at four ages and train for equal examples at B = 16 to 2048, "
        "each B with the lr that the other seeds choose, of octaves about the root rule's; "
        "critical is the largest B whose held-out loss, averaged over the last fifth, lies within "
        "0.01 nats of the branch at B=16; and, since loss falls ever more slowly, within a tenth "
        "of what that branch gains. Fails if by both definitions that batch at the last age over "
        "that at the first (logarithms over seeds) is not within a factor of 2, holds if by "
        "neither, depends if by one; open where a bound cannot tell, or a best lr at the first or "
        "last age is at an end of its grid. Set on 29 November 2026 before any branch was run; "
        "the last condition, and grids that grow until the best lies inside, after two runs had "
        "bests at an end. That it fails if the batch changes along a run by more than its error "
        "was written before",
        setting="character transformer, width 64, 2 blocks, context 32, Adam (.9, .95), constant "
        "lr 2^-9 at B=16 (best of 5 in a pilot of 1,024 steps); text without end with the shipped "
        "text's statistics up to 3 characters; ages 2,048, 8,192, 32,768 and 131,072 windows, "
        "branches as long as their age (at most 32,768), none of "
        "fewer than eight steps. Beside it B_simple from 16,384 windows, "
        "and B_crit fitted to whole runs at B = 16, 64, 256, 512 to the losses of ages 2 and 3 "
        "(until the first run had measured, the last was 1024)",
        measure=measure_branches,
        verdict=branches_verdict,
        looked=True,
        expected="fails",
        gpu_only=True,
        finding="It grows some twentyfold or more by both definitions, the noise scale two- to "
        "threefold. A fit to whole runs grows too, and more slowly: a whole run holds its earlier "
        "ages. At the first age the largest batch makes eight steps. Intervals run over seeds, "
        "which agree closely at the last age; how a batch is read off the octaves is not in them. "
        "Straight lines over log B cross early: a smooth curve through the same losses crosses up "
        "to a tenth later, at 692 windows in place of 633 at the last age.",
        changes="One point of training and one amount of data: there it is a number.",
        shown=("branch_1", "branch_2", "branch_3", "branch_4", "branch_growth", "share_growth",
               "simple_1", "simple_4", "fit_2", "fit_3"),
    ),
)  # fmt: skip
