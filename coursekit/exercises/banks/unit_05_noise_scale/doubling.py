"""A colleague's GPUs: what a larger batch saves in time and costs in GPU-hours."""

import numpy as np

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def doubling(
    num_gpus: int, extra_gpus: int, local_batch: int, critical_batch: float, efficiency: float
) -> list[float]:
    before, after = num_gpus * local_batch, (num_gpus + extra_gpus) * local_batch
    steps = (1 + critical_batch / before) / (1 + critical_batch / after)
    speedup = steps * efficiency
    return [speedup, (num_gpus + extra_gpus) / num_gpus / speedup]


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
        cases.append(Case(group, (gpus, extra, local, critical, efficiency)))
    return cases


def variant(steps=None, cost=None, speedup=None, efficiency=lambda e: e):
    """Return a mistake; the cost follows from the speedup unless it is changed itself."""

    def answer(n, x, b, critical, e):
        ratio = (1 + critical / (n * b)) / (1 + critical / ((n + x) * b))
        ratio = ratio if steps is None else steps(n, x, b, critical)
        fast = ratio * efficiency(e) if speedup is None else speedup(ratio, e)
        paid = (n + x) / n / fast if cost is None else cost(n, x, b, critical, e, fast)
        return [fast, paid]

    return answer


U05_DOUBLING = Exercise(
    id="u05_doubling",
    call="doubling(num_gpus, extra_gpus, local_batch, critical_batch, efficiency)",
    points={"steps as fast": 1.0, "slower steps": 1.0},
    by_hand=(
        Case("steps as fast", (2, 2, 10, 40.0, 1.0), keeps=("range",)),
        Case("steps as fast", (2, 3, 10, 30.0, 1.0), keeps=("uneven",)),  # not doubled
        Case("slower steps", (2, 2, 10, 40.0, 0.8), keeps=("by hand",)),
        Case("slower steps", (1, 4, 10, 30.0, 0.5), keeps=("smallest",)),
    ),
    promises=("by hand", "range", "smallest", "uneven"),
    draw=draw_clusters,
    reference=doubling,
    mistakes=(
        Mistake(
            "twice the GPUs, twice as fast",
            "Your speedup is the ratio of the GPUs. Does a batch k times as large need k times "
            "fewer steps at every B?",
            variant(steps=lambda n, x, b, critical: (n + x) / n),
        ),
        Mistake(
            "no fewer steps",
            "Your larger batch saves no steps. Did you put the same batch into both, the local one "
            "perhaps? From which batch size on would that be nearly true?",
            variant(steps=lambda n, x, b, critical: 1.0),
        ),
        Mistake(
            "local batch for the whole",
            "You put the local batch into the law of the steps. How many examples does one "
            "optimizer step use?",
            variant(
                steps=lambda n, x, b, critical: (
                    (1 + critical / b) / (1 + critical * n / ((n + x) * b))
                )
            ),
        ),
        Mistake(
            "local batch, doubled",
            "You put the local batch into the law, and twice as much after. How many examples "
            "does one optimizer step use, before and after?",
            variant(steps=lambda n, x, b, critical: (1 + critical / b) / (1 + critical / (2 * b))),
        ),
        Mistake(
            "local batch before, all GPUs after",
            "Before, your step uses one GPU's examples, and after, those of all. How many GPUs "
            "work on one step before?",
            variant(
                steps=lambda n, x, b, critical: (1 + critical / b) / (1 + critical / ((n + x) * b))
            ),
        ),
        Mistake(
            "GPUs for the batch",
            "You put the number of GPUs in place of the batch size. How many examples does one "
            "optimizer step use?",
            variant(steps=lambda n, x, b, critical: (1 + critical / n) / (1 + critical / (n + x))),
        ),
        Mistake(
            "all GPUs are the extra ones",
            "Your larger cluster has only the extra GPUs. What happened to the first ones?",
            variant(
                steps=lambda n, x, b, critical: (1 + critical / (n * b)) / (1 + critical / (x * b)),
                cost=lambda n, x, b, critical, e, fast: x / n / fast,
            ),
        ),
        Mistake(
            "B and B_crit exchanged",
            "In your law a larger batch needs more steps. Which of B and B_crit stands on top?",
            variant(
                steps=lambda n, x, b, critical: (
                    (1 + n * b / critical) / (1 + (n + x) * b / critical)
                )
            ),
        ),
        Mistake(
            "time in place of speedup",
            "Your first number is below one where the run gets faster. Which of the two times "
            "stands on top?",
            variant(
                speedup=lambda ratio, e: 1 / (ratio * e),
                cost=lambda n, x, b, critical, e, fast: (n + x) / n * fast,
            ),
        ),
        Mistake(
            "time in place of speedup, cost from it",
            "Your first number is below one where the run gets faster, and the cost was computed "
            "from it. Which of the two times stands on top?",
            variant(speedup=lambda ratio, e: 1 / (ratio * e)),
        ),
        Mistake(
            "efficiency ignored",
            "Your steps are as fast on the larger cluster. What does an efficiency below one do to "
            "them?",
            variant(efficiency=lambda e: 1.0),
        ),
        Mistake(
            "efficiency upside down",
            "A less efficient cluster is faster in your formula. Is a step's time multiplied or "
            "divided by the efficiency?",
            variant(efficiency=lambda e: 1 / e),
        ),
        Mistake(
            "efficiency applied twice",
            "The efficiency enters your cost once more. Is it not already in the time?",
            variant(cost=lambda n, x, b, critical, e, fast: (n + x) / n / fast / e),
        ),
        Mistake(
            "efficiency lowers the cost",
            "Slower steps make the run cheaper in your formula. Are GPUs paid for the time they "
            "wait?",
            variant(cost=lambda n, x, b, critical, e, fast: (n + x) / n / fast * e**2),
        ),
        Mistake(
            "efficiency in the batch",
            "You take the efficiency off the batch. What becomes longer when it is below one: the "
            "way to the target in steps, or each step?",
            lambda n, x, b, critical, e: variant(
                steps=lambda n, x, b, critical: (
                    (1 + critical / (n * b)) / (1 + critical / ((n + x) * b * e))
                ),
                efficiency=lambda e: 1.0,
            )(n, x, b, critical, e),
        ),
        Mistake(
            "steps also faster",
            "You count the new GPUs twice: in a larger batch and in faster steps. At the same "
            "local batch, does a step get shorter?",
            variant(
                speedup=lambda ratio, e: ratio * e,
                steps=lambda n, x, b, critical: (
                    (n + x) / n * (1 + critical / (n * b)) / (1 + critical / ((n + x) * b))
                ),
            ),
        ),
        Mistake(
            "gain and extra cost",
            "You return by how much time and cost change. Which ratios are asked for?",
            lambda *args: [number - 1 for number in doubling(*args)],
        ),
        Mistake(
            "batch of the extra GPUs alone",
            "Your larger batch holds the extra GPUs' examples only. What do the first GPUs do?",
            variant(
                steps=lambda n, x, b, critical: (1 + critical / (n * b)) / (1 + critical / (x * b))
            ),
        ),
        Mistake(
            "efficiency not in the cost",
            "Your cost knows nothing of slower steps. Are GPUs paid for the time they wait?",
            variant(cost=lambda n, x, b, critical, e, fast: (n + x) / n / fast * e),
        ),
        Mistake(
            "more GPUs cost more, whatever they save",
            "Your cost is the ratio of the GPUs. For how long are they paid now?",
            variant(cost=lambda n, x, b, critical, e, fast: (n + x) / n),
        ),
        Mistake(
            "time as cost",
            "Your cost is the ratio of the times. How many GPUs are paid during that time?",
            variant(cost=lambda n, x, b, critical, e, fast: 1 / fast),
        ),
        Mistake(
            "cost upside down",
            "Your cost falls where the run needs more GPU-hours. Which of before and after stands "
            "on top?",
            variant(cost=lambda n, x, b, critical, e, fast: n * fast / (n + x)),
        ),
        Mistake(
            "cost with the speedup on top",
            "In your formula a faster run costs more. Is a GPU paid by the hour or by the speed?",
            variant(cost=lambda n, x, b, critical, e, fast: (n + x) / n * fast),
        ),
        Mistake(
            "only the extra GPUs are paid",
            "You count the extra GPUs alone. Do the first ones work for nothing?",
            variant(cost=lambda n, x, b, critical, e, fast: x / n / fast),
        ),
        Mistake(
            "extra cost only",
            "You return by how much the cost rises. Which ratio is asked for?",
            variant(cost=lambda n, x, b, critical, e, fast: (n + x) / n / fast - 1),
        ),
        Mistake(
            "only how many more GPUs",
            "Your second number is by how much the number of GPUs grows. For how long are they "
            "paid, before and after?",
            variant(cost=lambda n, x, b, critical, e, fast: x / n),
        ),
        Mistake(
            "always doubled",
            "You double the GPUs, whatever the colleague offers. Which argument tells how many "
            "come?",
            lambda n, x, b, critical, e: doubling(n, n, b, critical, e),
        ),
        Mistake(
            "linear speed-up, cost of slower steps only",
            "Your speed-up is the GPUs' ratio, slowed by the efficiency. Does a batch k times "
            "as large need k times fewer steps at every B?",
            variant(
                steps=lambda n, x, b, critical: (n + x) / n,
                cost=lambda n, x, b, critical, e, fast: (n + x) / n,
            ),
        ),
        Mistake(
            "order of the two",
            "Your two numbers look exchanged. Which comes first?",
            lambda *args: doubling(*args)[::-1],
        ),
    ),
    accepted=(doubling_by_examples, doubling_by_running),
    lesson="Far below B_crit more GPUs are nearly free and nearly twice as fast; far above they "
    "cost twice as much and save nothing. B over B_crit decides.",
    answered_by=(
        "coursekit.noise.critical_batch",
        "coursekit.experiments.trade_off",
        "coursekit.experiments.flagship",
    ),
)
