"""A colleague's GPUs: what a larger batch saves in time and costs in GPU-hours."""

import numpy as np

from coursekit.exercises.banks.unit_05_noise_scale.doubling_slips import MISTAKES, doubling
from coursekit.exercises.engine.declare import Case, Exercise


def doubling_by_examples(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    small = num_gpus * local_batch
    large = small + extra_gpus * local_batch
    cost = (large + critical_batch) / (small + critical_batch) / efficiency
    return [large / small / cost, cost]


def doubling_by_running(num_gpus, extra_gpus, local_batch, critical_batch, efficiency):
    hours, gpu_hours = [], []
    for gpus, step_time in ((num_gpus, 1.0), (num_gpus + extra_gpus, 1.0 / efficiency)):
        steps = 1000.0 + 1000.0 * critical_batch / (gpus * local_batch)
        hours.append(steps * step_time)
        gpu_hours.append(steps * step_time * gpus)
    return np.array([hours[0] / hours[1], gpu_hours[1] / gpu_hours[0]])


def draw_clusters(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("steps as fast", "slower steps") * 4:
        gpus, local = int(rng.integers(4, 20)), int(rng.integers(8, 100))
        extra = int(gpus * rng.choice([0.4, 1.0, 2.0])) + int(rng.integers(1, 3))
        critical = gpus * local * float(rng.uniform(0.4, 3.0))
        efficiency = 1.0 if group == "steps as fast" else float(rng.uniform(0.6, 0.9))
        if len(cases) == 7:  # far above B_crit, and slower steps: more GPUs take longer
            critical, efficiency = 0.1 * critical, 0.6
        cases.append(Case(group, (gpus, extra, local, critical, efficiency)))
    return cases


U05_DOUBLING = Exercise(
    id="u05_doubling",
    call="doubling(num_gpus, extra_gpus, local_batch, critical_batch, efficiency)",
    points={"steps as fast": 1.0, "slower steps": 1.0},
    by_hand=(
        Case("steps as fast", (2, 2, 10, 40.0, 1.0), keeps=("range",)),
        Case(
            "steps as fast",
            (2, 3, 10, 30.0, 1.0),
            keeps=("uneven",),
            quotes="the extra ones need not be as many as the first",
        ),
        Case("slower steps", (2, 2, 10, 40.0, 0.8), keeps=("by hand",)),
        Case(
            "slower steps",
            (2, 2, 20, 10.0, 0.5),
            keeps=("sign",),
            quotes="time to the target before, over after",
        ),
        Case("slower steps", (1, 4, 10, 30.0, 0.5), keeps=("smallest",)),
    ),
    promises=("by hand", "range", "sign", "smallest", "uneven"),
    draw=draw_clusters,
    reference=doubling,
    mistakes=MISTAKES,
    accepted=(doubling_by_examples, doubling_by_running),
    lesson="Far below B_crit more GPUs are nearly free and nearly twice as fast; far above they "
    "cost twice as much and save nothing. B over B_crit decides.",
    answered_by=(
        "coursekit.noise.critical_batch",
        "coursekit.experiments.trade_off",
        "coursekit.experiments.flagship",
    ),
)
