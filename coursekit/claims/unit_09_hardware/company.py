"""Claims on what an example's company changes: bits in another batch, workers that train alone."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from coursekit.claims.decide import above, all_of, below, decide, no
from coursekit.claims.declare import Claim, Measured, Values
from coursekit.claims.tuning import keep
from coursekit.claims.unit_09_hardware.repeatability import device_for
from coursekit.data.splits import load
from coursekit.experiments.local_steps import Outer, train_locally
from coursekit.hardware.row_stable import row_stable
from coursekit.models.perceptrons import mlp

UNIT = "09_hardware"
ROWS, BLOCK = 64, 32
COMPANIES = (1, 2, 16)  # batch sizes that are compared with all 64 at once
LRS = (0.1, 0.2, 0.4, 0.8, 1.6)
ARMS = {"every": (1, None), "mean": (16, None), "outer": (16, Outer(lr=0.7, momentum=0.9))}
MARGIN = 1.0  # points of accuracy that count as nothing


def in_parts(net: nn.Module, rows: Tensor, size: int) -> Tensor:
    """Return the outputs of all rows, computed so many at a time."""
    return torch.cat([net(part) for part in rows.split(size)])


@torch.no_grad()
def measure_company(size: str) -> dict[str, list[float]]:
    """P12: rows (in %) whose outputs change a bit with the batch, and by how much."""
    device = device_for(size)
    width = {"tiny": 64, "cpu": 256, "gpu": 2048}[size]
    values: dict[str, list[float]] = {}
    for seed in range({"tiny": 2, "cpu": 8, "gpu": 16}[size]):
        g = torch.Generator().manual_seed(seed)
        net = mlp((40, width, width, 10), generator=g).to(device)
        rows = torch.randn(ROWS, 40, generator=g).to(device)
        for kind, dtype in (("", torch.float32), ("_bfloat16", torch.bfloat16)):
            typed, inputs = net.to(dtype), rows.to(dtype)
            whole = typed(inputs)
            for company in COMPANIES:
                parts = in_parts(typed, inputs, company)
                changed = (parts != whole).any(dim=1).double().mean().item()
                values.setdefault(f"changed{kind}_{company}", []).append(100 * changed)
                gap = (parts.double() - whole.double()).abs().max().item()
                values.setdefault(f"gap{kind}_{company}", []).append(gap)
            stable = row_stable(typed, inputs, block=BLOCK)
            alone = torch.cat([row_stable(typed, row[None], block=BLOCK) for row in inputs])
            values.setdefault(f"changed{kind}_in_blocks", []).append(
                100 * (alone != stable).any(dim=1).double().mean().item()
            )
            net = net.to(torch.float32)
    return values


def company_verdict(values: Values) -> str:
    """P12 fails if some row alone has other bits than in company, in every seed."""
    alone = values["changed_1"]
    return decide(fails=min(alone) > 0, holds=max(alone) == 0)


def measure_outer(size: str) -> Measured:
    """P14: accuracy of workers that meet every 16 steps, minus every step's, each rate tuned."""
    tiny = size == "tiny"
    data = load("mnist1d", num_train=256 if tiny else 2048, device=device_for(size))
    seeds: Sequence[int] = range({"tiny": 3, "cpu": 12, "gpu": 64}[size])
    steps = 16 if tiny else 320
    values: Measured = {}
    for kind, skewed in (("shuffled", False), ("sorted", True)):
        found = {}
        for arm, (local, outer) in ARMS.items():
            columns = [
                train_locally(
                    data, seeds=seeds, lr=lr, local_steps=local, rounds=steps // local,
                    skewed=skewed, outer=outer, each_example=True,
                )
                for lr in LRS
            ]  # fmt: skip
            right = np.stack(columns, axis=1)  # (seed, lr, test example)
            scores = right.mean(axis=2)
            labels = [f"{lr:g}" for lr in LRS]
            found[arm] = keep(values, f"{arm}_{kind}", labels, scores, right)
            values[f"{arm}_{kind}"] = found[arm]
            values[f"lr_{arm}_{kind}"] = [LRS[int(scores.mean(axis=0).argmax())]]
        for arm in ("mean", "outer"):
            values[f"{arm}_gain_{kind}"] = found[arm] - found["every"]
    return values


def outer_verdict(values: Values) -> str:
    """P14 by where the outer optimizer is less than a point behind a meeting at every step."""
    shuffled = above(values["outer_gain_shuffled"], -MARGIN)
    skewed = above(values["outer_gain_sorted"], -MARGIN)
    return decide(
        holds=all_of(shuffled, skewed),
        depends=all_of(shuffled, no(skewed)),
        fails=below(values["outer_gain_shuffled"], -MARGIN),
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="P12",
        statement="In evaluation mode, with no randomness, an example's output does not depend on "
        "what else is in its batch.",
        heard="assumed by whoever tests an endpoint with one prompt",
        unit=UNIT,
        source="against it: He 2025, Defeating Nondeterminism in LLM Inference (Thinking Machines)",
        rule="fails if in every seed some of 64 rows alone have another bit than all 64 together; "
        "holds if in no seed any has",
        setting="MLP 40-256-256-10 (on a GPU width 2048), float32 and bfloat16, 64 random rows in "
        "batches of 1, 2 and 16 against all at once; in blocks of 32: filled up to 32 rows",
        measure=measure_company,
        verdict=company_verdict,
        expected="fails",
        changes="A kernel that adds in one order whatever the shape; blocks of one size. Another "
        "machine's kernels may part at other sizes.",
        shown=("changed_1", "changed_2", "changed_16", "changed_in_blocks"),
        portable=False,
    ),
    Claim(
        id="P14",
        statement="Workers that train alone for 16 steps lose nothing if an outer optimizer with "
        "momentum joins them.",
        heard="summaries of DiLoCo",
        unit=UNIT,
        source="Douillard et al. 2023, arXiv:2311.08105; Charles et al. 2025, arXiv:2503.09799",
        rule="accuracy with an outer optimizer (Nesterov, lr 0.7, momentum 0.9) every 16 steps "
        "minus that of a meeting at every step, each at its own rate, chosen for a seed by the "
        "others: holds if above -1 point with shuffled and with sorted shards, depends if above it "
        "with shuffled ones alone, fails if below it there (95 % intervals)",
        setting="4 workers of 16 examples, MLP 40-64-64-10 on MNIST-1D, N=2048, SGD, 320 steps, lr "
        "0.1 to 1.6",
        measure=measure_outer,
        verdict=outer_verdict,
        expected="depends",
        finding="With sorted shards ten points are missing, as expected. With shuffled ones twelve "
        "seeds cannot tell a mean difference near nothing from a point; 64 on a GPU can: depends.",
        changes="Outer settings tuned too; fewer local steps; workers whose data differ less.",
        shown=(
            "outer_gain_shuffled",
            "outer_gain_sorted",
            "mean_gain_shuffled",
            "mean_gain_sorted",
        ),
    ),
)
