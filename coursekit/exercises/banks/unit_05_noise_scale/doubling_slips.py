"""Speed-up and cost of more GPUs, and wrong ones, each with its question."""

import numpy as np

from coursekit.exercises.engine.declare import Mistake


def doubling(
    num_gpus: int, extra_gpus: int, local_batch: int, critical_batch: float, efficiency: float
) -> list[float]:
    before, after = num_gpus * local_batch, (num_gpus + extra_gpus) * local_batch
    steps = (1 + critical_batch / before) / (1 + critical_batch / after)
    speedup = steps * efficiency
    return [speedup, (num_gpus + extra_gpus) / num_gpus / speedup]


def variant(steps=None, cost=None, speedup=None, efficiency=lambda e: e):
    """Return a mistake; the cost follows from the speedup unless it is changed itself."""

    def answer(n, x, b, critical, e):
        ratio = (1 + critical / (n * b)) / (1 + critical / ((n + x) * b))
        ratio = ratio if steps is None else steps(n, x, b, critical)
        fast = ratio * efficiency(e) if speedup is None else speedup(ratio, e)
        paid = (n + x) / n / fast if cost is None else cost(n, x, b, critical, e, fast)
        return [fast, paid]

    return answer


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "twice the GPUs, twice as fast",
        "Your speedup is the ratio of the GPUs. Does a batch k times as large need k times "
        "fewer steps at every B?",
        variant(steps=lambda n, x, b, critical: (n + x) / n),
    ),
    Mistake(
        "never slower",
        "You let no run become slower. Which weighs more here: the steps that are saved, or "
        "the time that each takes longer?",
        variant(speedup=lambda ratio, e: max(ratio * e, 1.0)),
    ),
    Mistake(
        "an efficiency for each doubling",
        "You apply the efficiency once for each doubling. Which two times of a step does it "
        "compare?",
        lambda n, x, b, critical, e: doubling(n, x, b, critical, e ** float(np.log2((n + x) / n))),
    ),
    Mistake(
        "longer by what is missing",
        "You make a step longer by 1 - e of what it took. If the old time over the new one is "
        "0.5, how long is the new one?",
        variant(efficiency=lambda e: 1 / (2 - e)),
    ),
    Mistake(
        "extra GPUs taken for examples",
        "Your larger batch is as many examples larger as there are extra GPUs. How many "
        "examples does each of them bring?",
        variant(
            steps=lambda n, x, b, critical: (1 + critical / (n * b)) / (1 + critical / (n * b + x))
        ),
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
            steps=lambda n, x, b, critical: (1 + critical / b) / (1 + critical * n / ((n + x) * b))
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
            steps=lambda n, x, b, critical: (1 + n * b / critical) / (1 + (n + x) * b / critical)
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
        "Slower steps make the run cheaper in your formula. Are GPUs paid for the time they wait?",
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
        "You double the GPUs, whatever the colleague offers. Which argument tells how many come?",
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
)
