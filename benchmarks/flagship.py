"""The flagship plane, run and drawn: python benchmarks/flagship.py [PICTURE.png].

320 runs of SGD on MNIST-1D, 8 batch sizes x 10 learning rates x 4 seeds, 30 epochs each.
"""

import sys
import time
from pathlib import Path

import numpy as np

from coursekit.data import load
from coursekit.experiments import flagship
from coursekit.plots import flagship_plot, png

BATCH_SIZES = [2**k for k in range(4, 12)]
LRS = [2.0**k for k in range(-6, 4)]
SEEDS = range(4)
TARGET = 0.9  # training loss for B_crit


def main(picture: str) -> None:
    data = load("mnist1d", num_train=2048)
    began, cpu = time.perf_counter(), time.process_time()
    population = flagship.run_plane(
        data, seeds=SEEDS, batch_sizes=BATCH_SIZES, lrs=LRS, num_epochs=30
    )
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    print(f"{population.test_accuracy.size} runs of 30 epochs: {seconds:.1f} s, {cpu:.1f} s of CPU")
    frontier = flagship.fit_frontier(population)
    print(f"frontier: max_lr {frontier.max_lr:.2f}, critical batch {frontier.critical_batch:.0f}")
    crit = flagship.critical_batch(population, TARGET)
    print(f"B_crit at loss {TARGET}: {crit.value:.0f} ({crit.low:.0f} to {crit.high:.0f})")
    scales = flagship.noise_scale_band(
        data, seeds=SEEDS, batch_size=32, lr=0.25, steps=(10, 60, 300, 900, 1920)
    )
    print(f"B_simple along a run at B=32, lr 0.25: {scales[0]:.0f} to {scales[1]:.0f}")
    figure, alt = flagship_plot(
        population.values("test_accuracy", diverged_as=flagship.CHANCE).mean(axis=0),
        BATCH_SIZES,
        LRS,
        best=flagship.best_lrs(population),
        frontier=frontier.at(np.array(BATCH_SIZES)),
        num_steps=population.num_steps.tolist(),
        bands={
            "critical batch size, from runs": (crit.low, crit.high),
            "noise scale tr Σ / |G|², during a run": scales,
        },
        title=f"SGD on MNIST-1D, N = 2048, 30 epochs, mean of {len(SEEDS)} seeds",
    )
    Path(picture).write_bytes(png(figure))
    print(alt)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "docs/images/flagship.png")
