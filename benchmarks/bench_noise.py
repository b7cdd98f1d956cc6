"""The noise scale: variance of its estimators at equal data, and what the online one costs.

    python benchmarks/bench_noise.py [--draws 3000] [--rounds 150] [--device cuda]

1. Statistics. Weights fixed, batches of 320 digits as ten micro-batches of 32. Every rule sees the
   same draws. The rule of gpt-neox (|g_small|^2 from the last micro-batch only) is emulated, not
   run. Bar: 8 times its variance, for tr(Sigma).
2. Cost. Four training steps with and without `NoiseScale`, taken in turn; the overhead is the
   median of per-pair differences over the median. Bar: 2 % on the CNN at B = 32, with the
   default of measuring every eighth step.
"""

import argparse
import copy
import statistics
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from bench_gradients import workloads
from interleave import interleave, machine
from torch import Tensor, nn

from coursekit.gradients import per_example_gradients
from coursekit.noise import NoiseScale, mean_moments, model_moments, two_batch_moments

MICRO, NUM_MICRO = 32, 10


def trained_mlp(device: torch.device) -> tuple[nn.Module, Tensor, Tensor]:
    """Return the MLP after 100 steps of SGD, where signal and noise are both visible."""
    model, inputs, targets = workloads(device)["mlp"]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    rng = torch.Generator().manual_seed(1)
    for _ in range(100):
        index = torch.randint(len(inputs), (32,), generator=rng)
        optimizer.zero_grad()
        F.cross_entropy(model(inputs[index]), targets[index]).backward()
        optimizer.step()
    return model, inputs, targets


def statistics_of_rules(device: torch.device, draws: int) -> list[dict[str, Any]]:
    model, inputs, targets = trained_mlp(device)
    truth = model_moments(model, F.cross_entropy, (inputs, targets), target="training set")
    rows = per_example_gradients(model, F.cross_entropy, inputs, targets)
    products = (rows @ rows.T).double()  # all norms of batches are sums of these
    rng = torch.Generator().manual_seed(2)
    small, last, big, per_example = [], [], [], []
    for _ in range(draws):
        index = torch.randperm(len(rows), generator=rng)[: MICRO * NUM_MICRO]
        block = products[index][:, index]
        micro = block.reshape(NUM_MICRO, MICRO, NUM_MICRO, MICRO).sum(dim=(1, 3)) / MICRO**2
        small.append(micro.diagonal().mean().item())
        last.append(micro[-1, -1].item())
        big.append(micro.mean().item())
        per_example.append(block.diagonal().mean().item())
    total = MICRO * NUM_MICRO
    rules = {
        "last micro-batch only": (last, MICRO),
        "all micro-batches": (small, MICRO),
        "per-example norms": (per_example, 1),
    }
    found = []
    for name, (norms, size) in rules.items():
        trials = [
            two_batch_moments(s, b, size, total, num_examples=len(rows))
            for s, b in zip(norms, big, strict=True)
        ]
        pooled = mean_moments(trials)
        found.append(
            {
                "name": name,
                "var": statistics.variance(t.tr_cov for t in trials),
                "sd": statistics.stdev(t.tr_cov for t in trials) / truth.tr_cov,
                "z": (pooled.tr_cov - truth.tr_cov) / pooled.tr_cov_stderr,
                "negative": statistics.mean(t.grad_sq_norm <= 0 for t in trials),
                "ratio of means": pooled.grad_noise_scale,
                "mean of ratios": statistics.mean(t.tr_cov / t.grad_sq_norm for t in trials),
                "truth": truth.grad_noise_scale,
            }
        )
    return found


def training_steps(
    model: nn.Module, inputs: Tensor, targets: Tensor, num_micro: int, every: int | None
) -> Callable[[], None]:
    """Return eight optimizer steps; every=None: without NoiseScale."""
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4)
    size = len(inputs) // num_micro
    noise = None
    if every:
        noise = NoiseScale(
            model.parameters(), micro_batch_size=size, loss_factor=1 / num_micro, every=every
        )

    def steps() -> None:
        for _ in range(8):
            for x, y in zip(inputs.split(size), targets.split(size), strict=True):
                (F.cross_entropy(model(x), y) / num_micro).backward()
                if noise:
                    noise.micro_step()
            if noise:
                noise.step()
            optimizer.step()
            optimizer.zero_grad()

    return steps


def overheads(device: torch.device, rounds: int) -> list[dict[str, Any]]:
    found = []
    for workload, (model, inputs, targets) in workloads(device).items():
        for num_micro in (2, 4):
            batch = inputs[:32], targets[:32]
            # "again" is a second loop without NoiseScale: its overhead shows the resolution.
            kinds = {"plain": None, "again": None, "every step": 1, "every 8th": 8}
            runs = {
                kind: training_steps(copy.deepcopy(model), *batch, num_micro, every)
                for kind, every in kinds.items()
            }
            times = interleave(runs, rounds, device)
            base = statistics.median(times["plain"])
            row = {"workload": workload, "num_micro": num_micro, "ms": 1e3 * base / 8}
            for kind in list(kinds)[1:]:
                pairs = zip(times["plain"], times[kind], strict=True)
                row[kind] = statistics.median(b - a for a, b in pairs) / base
            found.append(row)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--draws", type=int, default=3000)
    parser.add_argument("--rounds", type=int, default=150)
    parser.add_argument("--device", default="cpu")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    device = torch.device(arguments.device)
    rules = statistics_of_rules(device, arguments.draws)
    print(f"Noise scale, {machine(device)}")
    print(
        f"{arguments.draws} draws of {NUM_MICRO} x {MICRO} without replacement; target: the "
        f"training set's gradient, truth {rules[0]['truth']:.1f} examples"
    )
    print(
        f"{'rule':22} {'sd/trSigma':>10} {'var ratio':>9} {'z of bias':>9} {'P(|G|^2<0)':>10} "
        f"{'ratio of means':>14} {'mean of ratios':>14}"
    )
    for rule in rules:
        print(
            f"{rule['name']:22} {rule['sd']:10.3f} {rules[0]['var'] / rule['var']:9.1f} "
            f"{rule['z']:9.1f} {rule['negative']:10.3f} {rule['ratio of means']:14.1f} "
            f"{rule['mean of ratios']:14.1f}"
        )
    print(f"Overhead of NoiseScale on training at B = 32, {arguments.rounds} rounds of eight steps")
    for row in overheads(device, arguments.rounds):
        print(
            f"{row['workload']:4} {row['num_micro']} micro-batches of {32 // row['num_micro']:2}: "
            f"{row['ms']:7.2f} ms a step; measuring every step {100 * row['every step']:+.2f} %, "
            f"every 8th {100 * row['every 8th']:+.2f} % (none: {100 * row['again']:+.2f} %)"
        )


if __name__ == "__main__":
    main()
