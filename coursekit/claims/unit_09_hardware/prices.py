"""Claims on what a step costs: three best batches, checkpoints, a gradient sent in part."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.checkpoint import checkpoint

from coursekit.claims.decide import all_of, any_of, decide, inside, no, ratio_above, ratio_below
from coursekit.claims.declare import Claim, Values
from coursekit.claims.unit_09_hardware.clocks import (
    CRITICAL,
    clock,
    interleaved,
    step_timer,
)
from coursekit.claims.unit_09_hardware.repeatability import device_for
from coursekit.data.splits import load
from coursekit.gradients import per_example_gradients
from coursekit.hardware.compression import compressed_noise, random_share
from coursekit.hardware.memory import peak_saved_bytes
from coursekit.hardware.plan import Prices, best_batches
from coursekit.hardware.step_time import fit_step_time
from coursekit.models.perceptrons import mlp

UNIT = "09_hardware"
TIMED = {
    "tiny": (1, 4, 16, 64, 256),
    "cpu": tuple(2**k for k in range(13)),
    "gpu": tuple(2**k for k in range(4, 17)),
}
HOUR = {"tiny": 0.10, "cpu": 0.10, "gpu": 4.00}  # of the device, in round numbers
MILLION = 0.007  # a million examples, half a millisecond of a core at 0.05 an hour each
DEPTH, SEGMENT = 16, 4
SHARE, WORKERS, BATCH = 0.1, 8, 256


def measure_best(size: str) -> dict[str, list[float]]:
    """H1: the best batch by examples, seconds and money, from each round's times."""
    sizes = TIMED[size]
    times = interleaved(step_timer(size), sizes, lambda b: max(1, min(5, 2048 // b)))
    rounds = np.array([times[b] for b in sizes]).T
    values: dict[str, list[float]] = {}
    for seconds in rounds:
        law = fit_step_time(sizes, seconds)
        best = best_batches(
            sorted({round(2 ** (k / 4)) for k in range(4 * int(np.log2(sizes[-1])) + 1)}),
            steps=lambda b: 1 + CRITICAL / b,
            step_seconds=law.seconds,
            prices=Prices(HOUR[size], MILLION),
        )
        found = {"examples": best.examples, "money": best.money, "seconds": best.seconds}
        for name, b in found.items():
            values.setdefault(f"best_{name}", []).append(float(b))
        values.setdefault("money_over_examples", []).append(best.money / best.examples)
        values.setdefault("seconds_over_money", []).append(best.seconds / best.money)
    for name, b in (("smallest", sizes[0]), ("largest", sizes[-1])):
        values[f"ms_{name}"] = [1e3 * t for t in times[b]]
    return values


def best_verdict(values: Values) -> str:
    """H1 fails if fewest examples, least money and fewest seconds come in this order of B."""
    parts = [ratio_above(values[n]) for n in ("money_over_examples", "seconds_over_money")]
    return decide(fails=all_of(*parts), holds=all_of(*[no(p) for p in parts]))


def checkpointed(size: str) -> tuple[nn.Module, Callable[[int], None]]:
    """Return sixteen equal layers, and a forward and backward pass with so long segments."""
    width, rows = {"tiny": (16, 8), "cpu": (256, 256), "gpu": (2048, 4096)}[size]
    device, g = device_for(size), torch.Generator().manual_seed(0)
    model = mlp((width,) * (DEPTH + 1), generator=g).to(device)
    modules = list(model)
    layers = [nn.Sequential(*modules[2 * i : 2 * i + 2]) for i in range(DEPTH)]
    inputs = torch.randn(rows, width, generator=g).to(device)

    def step(segment: int) -> None:
        hidden = inputs.clone().requires_grad_()
        for start in range(0, DEPTH, segment):
            part = nn.Sequential(*layers[start : start + segment])
            again = start + segment < DEPTH
            hidden = checkpoint(part, hidden, use_reentrant=True) if again else part(hidden)
        hidden.sum().backward()

    return model, step


def measure_checkpoints(size: str) -> dict[str, list[float]]:
    """H2: time and memory with a checkpoint at every fourth of 16 layers, over without."""
    model, step = checkpointed(size)
    device = device_for(size)

    def seconds(segment: int, repetitions: int) -> float:
        began = clock(device)
        for _ in range(repetitions):
            step(segment)
        return (clock(device) - began) / repetitions

    times = interleaved(seconds, (DEPTH, SEGMENT), lambda segment: 1)
    held = [peak_saved_bytes(model, lambda k=k: step(k)) for k in (SEGMENT, DEPTH)]  # type: ignore[misc]
    return {
        "time": (np.array(times[SEGMENT]) / np.array(times[DEPTH])).tolist(),
        "memory": [held[0] / held[1]],
    }


def checkpoints_verdict(values: Values) -> str:
    """H2 holds if a step takes between 1.2 and 1.5 times as long."""
    longer, shorter = ratio_above(values["time"], 1.2), ratio_below(values["time"], 1.5)
    return decide(holds=all_of(longer, shorter), fails=any_of(no(longer), no(shorter)))


def errors_of(rows: torch.Tensor, share: float, tries: int, g: torch.Generator) -> list[float]:
    """Return squared errors of the workers' averages, their gradients sent in part."""
    mean, errors = rows.mean(dim=0), []
    for _ in range(tries):
        index = torch.randint(len(rows), (WORKERS, BATCH // WORKERS), generator=g).to(rows.device)
        sent = [random_share(rows[i].mean(dim=0), share, generator=g) for i in index]
        errors.append((torch.stack(sent).mean(dim=0) - mean).square().sum().item())
    return errors


def measure_sparse(size: str) -> dict[str, list[float]]:
    """H3: the batch that would be as noisy as one whose gradients are sent by a tenth."""
    data = load("mnist1d", num_train=256 if size == "tiny" else 2048, device=device_for(size))
    pair = (data.train_inputs, data.train_targets)
    tries = {"tiny": 4, "cpu": 100, "gpu": 300}[size]
    values: dict[str, list[float]] = {}
    for seed in range({"tiny": 2, "cpu": 8, "gpu": 16}[size]):
        g = torch.Generator().manual_seed(seed)
        model = mlp((40, 64, 64, 10), generator=g).to(pair[0].device)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for name, steps in (("start", 0), ("later", 2 if size == "tiny" else 300)):
            for _ in range(steps):
                index = torch.randint(len(pair[0]), (64,), generator=g).to(pair[0].device)
                optimizer.zero_grad()
                cross_entropy(model(pair[0][index]), pair[1][index]).backward()
                optimizer.step()
            rows = per_example_gradients(model, cross_entropy, pair)
            signal = rows.mean(dim=0).square().sum().item()
            trace = rows.var(dim=0).sum().item()
            noise = float(np.mean(errors_of(rows, SHARE, tries, g)))
            law = compressed_noise(signal, trace, BATCH, num_workers=WORKERS, share=SHARE)
            values.setdefault(f"share_{name}", []).append(trace / noise / BATCH)
            values.setdefault(f"formula_{name}", []).append(noise / law)
    return values


def sparse_verdict(values: Values) -> str:
    """H3 fails if the step is as noisy as one of less than half of its batch, early and late."""
    less = [ratio_below(values[f"share_{name}"], 0.5) for name in ("start", "later")]
    return decide(fails=all_of(*less), holds=all_of(*[no(part) for part in less]))


def formula_fits(values: Values) -> Sequence[bool | None]:
    """Say whether the formula gives the noise to 10 %, at the start and later."""
    return [inside(values[f"formula_{name}"], 0.9, 1.1) for name in ("start", "later")]


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="H1",
        statement="A machine and a model have one best batch size.",
        heard="questions that name no goal",
        unit=UNIT,
        source="",
        rule="steps in proportion to 1 + 100/B, seconds a step as fitted to each round's times; "
        "fails if the cheapest batch lies above that with the fewest examples, and the fastest "
        "above the cheapest (95 % intervals of the ratios' logs over rounds); holds if neither "
        "does",
        setting="MLP 40-64-64-10, one thread, an hour at 0.10 (on a GPU width 2048, an hour at "
        "4.00); a million examples at 0.007; eight interleaved rounds",
        measure=measure_best,
        verdict=best_verdict,
        expected="fails",
        changes="Examples that cost nothing: then money and seconds agree. A device so dear that "
        "the knee comes before the cheapest batch.",
        shown=("best_examples", "best_money", "best_seconds"),
        portable=False,
    ),
    Claim(
        id="H2",
        statement="Activation checkpoints cost about a third more time.",
        heard="documentation of frameworks, interview answers",
        unit=UNIT,
        source="Chen et al. 2016, arXiv:1604.06174",
        rule="time of a forward and backward pass with a checkpoint at every fourth layer over "
        "that without: holds if its 95 % interval over rounds lies within 1.2 to 1.5, fails if it "
        "lies outside",
        setting="16 layers of 256, B = 256, one thread, eight interleaved rounds (on a GPU width "
        "2048, B = 4,096)",
        measure=measure_checkpoints,
        verdict=checkpoints_verdict,
        expected="holds",
        finding="The last of four segments is not computed twice, so the count of layers says a "
        "quarter: a GPU shows it, a CPU a little more.",
        changes="Layers so small that calling them takes the time; segments that are cheap to "
        "compute and dear to keep.",
        shown=("time", "memory"),
        portable=False,
    ),
    Claim(
        id="H3",
        statement="Sending a random tenth of the gradient, scaled up, hardly hurts: it stays "
        "unbiased.",
        heard="summaries of gradient compression",
        unit=UNIT,
        source="",
        rule="the batch that would be as noisy, over the batch that was paid for: fails if its 95 "
        "% interval lies below one half at the start and after 300 steps, holds if at neither",
        setting="8 workers, B = 256, MLP 40-64-64-10 on MNIST-1D, N=2048, each entry sent with "
        "chance 0.1; 100 steps' errors a seed",
        measure=measure_sparse,
        verdict=sparse_verdict,
        expected="fails",
        changes="The largest entries in place of random ones, and what was not sent kept for the "
        "next step: biased at once, and far less noisy.",
        shown=("share_start", "share_later", "formula_start", "formula_later"),
    ),
)
