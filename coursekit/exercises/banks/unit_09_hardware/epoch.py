"""An epoch whose last batch is not full: steps, seconds, and how much its examples count."""

import numpy as np

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def epoch(
    num_examples: int, batch_size: int, floor: float, rate: float, drop_last: bool
) -> list[float]:
    full, left = divmod(num_examples, batch_size)
    seconds = full * max(floor, batch_size / rate)
    if not left:
        return [full, seconds, 1.0]
    if drop_last:
        return [full, seconds, 0.0]
    return [full + 1, seconds + max(floor, left / rate), batch_size / left]


def epoch_by_walking(num_examples, batch_size, floor, rate, drop_last):
    steps, seconds, weight, seen = 0, 0.0, 1.0, 0
    while seen < num_examples:
        size = min(batch_size, num_examples - seen)
        seen += size
        if size < batch_size and drop_last:
            weight = 0
            break
        weight = batch_size / size
        steps, seconds = steps + 1, seconds + max(floor, size / rate)
    return steps, seconds, weight


def epoch_by_arrays(num_examples, batch_size, floor, rate, drop_last):
    which = np.arange(num_examples) // batch_size
    sizes = np.bincount(which).astype(float)
    taken = sizes[sizes == batch_size] if drop_last else sizes
    last = batch_size / sizes[-1] if len(taken) == len(sizes) else 0.0
    return np.array([len(taken), np.maximum(floor, taken / rate).sum(), last])


def draw_epochs(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group, drop in (("kept", False), ("dropped", True)) * 3:
        b = int(rng.integers(20, 200))
        full = int(rng.integers(3, 12))
        left = int(rng.integers(2, b // 3))
        rate = float(rng.uniform(200.0, 2000.0))
        floor = float(
            rng.uniform(1.5 * left, 0.8 * b) / rate if len(cases) < 4 else 0.5 * left / rate
        )
        cases.append(Case(group, (full * b + left, b, floor, rate, drop)))
    for group, drop in (("kept", False), ("dropped", True)):
        b, full = int(rng.integers(20, 200)), int(rng.integers(3, 12))
        rate = float(rng.uniform(200.0, 2000.0))
        cases.append(Case(group, (full * b, b, float(1.5 * b / rate), rate, drop)))
    return cases


def variant(steps=None, seconds=None, weight=None):
    """Return the mistake that changes one of the three."""

    def answer(n, b, floor, rate, drop):
        full, left = divmod(n, b)
        right = epoch(n, b, floor, rate, drop)
        changes = (steps, seconds, weight)
        return [
            r if change is None else float(change(full, left, b, floor, rate, drop, right))
            for r, change in zip(right, changes, strict=True)
        ]

    return answer


def of_count(count):
    """Return the mistake that takes another number of steps, all full ones."""

    def answer(n, b, floor, rate, drop):
        k = count(n, b, drop)
        return [k, k * max(floor, b / rate), epoch(n, b, floor, rate, drop)[2]]

    return answer


U09_EPOCH = Exercise(
    id="u09_epoch",
    call="epoch(num_examples, batch_size, floor, rate, drop_last)",
    points={"kept": 1.0, "dropped": 1.0},
    by_hand=(
        Case("kept", (10, 4, 1.0, 2.0, False), keeps=("by hand",)),
        Case("kept", (8, 4, 1.0, 2.0, False), keeps=("boundary",)),
        Case("kept", (6, 6, 1.0, 2.0, False), keeps=("range",)),
        Case("dropped", (10, 4, 1.0, 2.0, True), keeps=("by hand", "missing")),
        Case("dropped", (8, 4, 1.0, 2.0, True), keeps=("boundary",)),
    ),
    promises=("boundary", "by hand", "missing", "range"),
    draw=draw_epochs,
    reference=epoch,
    mistakes=(
        Mistake(
            "the last step as long as a full one",
            "Your last step takes as long as a full one. How many examples are in it?",
            variant(
                seconds=lambda full, left, b, floor, rate, drop, right: (
                    right[0] * max(floor, b / rate)
                )
            ),
        ),
        Mistake(
            "the last step below the floor",
            "Your last step is shorter than the shortest step. Does a small batch get below the "
            "floor?",
            variant(
                seconds=lambda full, left, b, floor, rate, drop, right: (
                    full * max(floor, b / rate) + (0 if drop else left / rate)
                )
            ),
        ),
        Mistake(
            "rounded down",
            "Your number of steps leaves examples out that should be kept. What happens to those "
            "that fill no batch?",
            of_count(lambda n, b, drop: n // b),
        ),
        Mistake(
            "rounded up",
            "Your number of steps has one more than there are full batches, though the last is "
            "dropped. What does drop_last do?",
            of_count(lambda n, b, drop: -(-n // b)),
        ),
        Mistake(
            "a share of a step",
            "Your number of steps is not whole. Does the optimizer take a part of a step?",
            of_count(lambda n, b, drop: n / b),
        ),
        Mistake(
            "one more in any case",
            "You add a step even where the batches come out even. Is there a last batch without "
            "examples?",
            of_count(lambda n, b, drop: n // b + (0 if drop else 1)),
        ),
        Mistake(
            "one dropped in any case",
            "You drop a batch even where all are full. Which batch does drop_last mean?",
            of_count(lambda n, b, drop: n // b - 1 if drop else -(-n // b)),
        ),
        Mistake(
            "throughput alone",
            "You divide the examples by the rate. Do steps below the knee go as fast?",
            variant(
                seconds=lambda full, left, b, floor, rate, drop, right: (
                    (full * b + (0 if drop else left)) / rate
                )
            ),
        ),
        Mistake(
            "floor and rate added",
            "You add the two times of a step. Does a step that is long enough also wait?",
            variant(
                seconds=lambda full, left, b, floor, rate, drop, right: (
                    right[0] * floor + (full * b + (0 if drop else left)) / rate
                )
            ),
        ),
        Mistake(
            "weight upside down",
            "You say that an example of the last batch counts less. Each step is a mean: over how "
            "many, in a small batch?",
            variant(
                weight=lambda full, left, b, floor, rate, drop, right: (
                    1 / right[2] if right[2] else right[2]
                )
            ),
        ),
        Mistake(
            "all count alike",
            "You say that all examples count alike. Each step is a mean: is it over as many in the "
            "last batch?",
            variant(weight=lambda *args: 1.0),
        ),
        Mistake(
            "weight though dropped",
            "You give a weight to examples that are dropped. In which step are they?",
            variant(
                weight=lambda full, left, b, floor, rate, drop, right: b / left if left else 1.0
            ),
        ),
        Mistake(
            "examples missing",
            "Your third number is how many examples a full batch has more. What is asked is a "
            "ratio: of what to what?",
            variant(
                weight=lambda full, left, b, floor, rate, drop, right: (
                    b - left if left and not drop else right[2]
                )
            ),
        ),
        Mistake(
            "weight zero where nothing is left over",
            "All batches are full, and you give their last one no weight. Does drop_last drop a "
            "full batch?",
            variant(
                weight=lambda full, left, b, floor, rate, drop, right: right[2] if left else 0.0
            ),
        ),
    ),
    accepted=(epoch_by_walking, epoch_by_arrays),
    lesson="A partial last batch costs a step at the floor, and its few examples count more than "
    "all others. Dropped, they wait for the next shuffle.",
    answered_by=("coursekit.hardware.step_time", "coursekit.train.loop"),
)
