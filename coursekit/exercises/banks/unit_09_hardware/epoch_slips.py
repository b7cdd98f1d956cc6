"""An epoch with a partial last batch, and wrong ways to count it."""

from coursekit.exercises.engine.declare import Mistake


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


def of_law(law):
    """Return the mistake with another time of a step."""

    def answer(n, b, floor, rate, drop):
        full, left = divmod(n, b)
        steps, _, weight = epoch(n, b, floor, rate, drop)
        last = law(left, floor, rate) if left and not drop else 0.0
        return [steps, full * law(b, floor, rate) + last, weight]

    return answer


def of_drop(decide):
    """Return the mistake that drops at another time."""
    return lambda n, b, floor, rate, drop: epoch(n, b, floor, rate, decide(drop))


def of_count(count):
    """Return the mistake that takes another number of steps, all full ones."""

    def answer(n, b, floor, rate, drop):
        k = count(n, b, drop)
        return [k, k * max(floor, b / rate), epoch(n, b, floor, rate, drop)[2]]

    return answer


MISTAKES = (
    Mistake(
        "the last step as long as a full one",
        "Your last step takes as long as a full one. How many examples are in it?",
        variant(
            seconds=lambda full, left, b, floor, rate, drop, right: right[0] * max(floor, b / rate)
        ),
    ),
    Mistake(
        "the last step below the floor",
        "Your last step is shorter than the shortest step. Does a small batch get below the floor?",
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
        variant(weight=lambda full, left, b, floor, rate, drop, right: b / left if left else 1.0),
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
        variant(weight=lambda full, left, b, floor, rate, drop, right: right[2] if left else 0.0),
    ),
    Mistake(
        "never dropped",
        "You keep the last batch in any case. What is `drop_last` for?",
        of_drop(lambda drop: False),
    ),
    Mistake(
        "always dropped",
        "You drop what is left over in any case. What is `drop_last` for?",
        of_drop(lambda drop: True),
    ),
    Mistake(
        "dropped the wrong way round",
        "You keep where you should drop, and drop where you should keep. What does True mean?",
        of_drop(lambda drop: not drop),
    ),
    Mistake(
        "the last step at the floor",
        "Your last step takes the floor. What if it has so many examples that it is above the"
        " knee?",
        variant(
            seconds=lambda full, left, b, floor, rate, drop, right: (
                full * max(floor, b / rate) + (floor if left and not drop else 0)
            )
        ),
    ),
    Mistake(
        "the shorter of the two",
        "You take the shorter of two times. Is a step over before both are?",
        of_law(lambda b, floor, rate: min(floor, b / rate)),
    ),
    Mistake(
        "times the rate",
        "You multiply by the rate. What are examples, over examples a second?",
        of_law(lambda b, floor, rate: max(floor, b * rate)),
    ),
    Mistake(
        "seconds of a step",
        "Your seconds are those of one step. How many are in an epoch?",
        variant(seconds=lambda full, left, b, floor, rate, drop, right: max(floor, b / rate)),
    ),
    Mistake(
        "weight not compared",
        "You say what an example of the last batch counts. Beside what?",
        variant(
            weight=lambda full, left, b, floor, rate, drop, right: (
                1 / left if left and not drop else right[2]
            )
        ),
    ),
    Mistake(
        "share of the epoch",
        "Your weight is the last batch's share of the examples. How much does one of them "
        "count in its step's mean?",
        variant(
            weight=lambda full, left, b, floor, rate, drop, right: (
                left / (full * b + left) if left and not drop else right[2]
            )
        ),
    ),
    Mistake(
        "a dropped one counts fully",
        "You say that dropped examples count like the others. Which step has them?",
        variant(weight=lambda full, left, b, floor, rate, drop, right: right[2] or 1.0),
    ),
    Mistake(
        "an empty step",
        "Your epoch ends with a step without examples. Where do the batches come out even?",
        lambda n, b, floor, rate, drop: [
            x + y * (n % b == 0 and not drop)
            for x, y in zip(epoch(n, b, floor, rate, drop), (1, floor, 0), strict=True)
        ],
    ),
    Mistake(
        "a full batch dropped",
        "You drop the last batch even if it is full. Which batch does `drop_last` mean?",
        lambda n, b, floor, rate, drop: [
            x - y * (n % b == 0 and drop)
            for x, y in zip(
                epoch(n, b, floor, rate, drop), (1, max(floor, b / rate), 0), strict=True
            )
        ],
    ),
    Mistake(
        "a share of a step, at its full time",
        "Your steps are not a whole number, and your seconds count whole ones. How many steps"
        " are taken?",
        variant(
            steps=lambda full, left, b, floor, rate, drop, right: (
                right[0] if drop else full + left / b
            )
        ),
    ),
)
