"""Find the flaw: a warmup that counts micro-batches, begins at zero and mislays leftovers."""

import math

import numpy as np

from coursekit.exercises.banks.unit_03_warmup.warmup_loop_slips import (
    UNITS,
    by_micro_batches,
    by_whole_batches,
    ramp,
)
from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def lrs_used(
    peak_lr: float,
    warmup_epochs: int,
    num_epochs: int,
    num_examples: int,
    batch_size: int,
    micro_batch_size: int,
) -> list[float]:
    per_epoch = num_examples // batch_size
    rise = warmup_epochs * per_epoch
    return [peak_lr * min(1.0, (t + 1) / rise) for t in range(num_epochs * per_epoch)]


def lrs_by_loop(peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size):
    accumulate = batch_size // micro_batch_size
    rise = warmup_epochs * (num_examples // batch_size)
    taken, found = 0, []
    for _ in range(num_epochs):
        waiting = 0
        for _ in range(num_examples // micro_batch_size):
            waiting += 1
            if waiting == accumulate:
                waiting, taken = 0, taken + 1
                found.append(peak_lr * taken / rise if taken < rise else peak_lr)
    return found


def lrs_by_interpolation(
    peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size
):
    epochs = np.arange(1, num_epochs * (num_examples // batch_size) + 1) / (
        num_examples // batch_size
    )
    return np.interp(epochs, [0, warmup_epochs], [0, peak_lr])


def draw_runs(rng: np.random.Generator) -> list[Case]:
    cases = []
    for k in range(6):
        group = ("even", "leftovers")[k % 2]
        micro, accumulate = int(rng.integers(2, 5)), int(rng.integers(2, 4))
        per_epoch = int(rng.integers(3, 5))
        warmup_epochs = int(rng.integers(2, 4))
        if k == 0:  # a rise that is no multiple of the micro-batches in a batch
            accumulate, per_epoch, warmup_epochs = 2, int(rng.choice([3, 5])), 3
        batch = micro * accumulate
        extra = 0 if group == "even" else micro * int(rng.integers(1, accumulate))
        extra += 0 if group == "even" else int(rng.integers(0, micro))
        if group == "leftovers":  # those of the warmup's epochs together would fill a batch
            warmup_epochs = max(warmup_epochs, math.ceil(batch / extra))
        epochs = warmup_epochs + 1
        peak = float(rng.uniform(0.2, 2.0))
        cases.append(
            Case(group, (peak, warmup_epochs, epochs, per_epoch * batch + extra, batch, micro))
        )
    return cases


MOVES = "the first optimizer step already moves, the last one of the warmup is at the peak."

U03_WARMUP_LOOP = Exercise(
    id="u03_warmup_loop",
    call="lrs_used(peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size)",
    points={"even": 2.0, "leftovers": 1.0},
    by_hand=(
        Case("even", (0.8, 1, 2, 8, 4, 2), ("by hand",), MOVES),
        Case("even", (0.8, 1, 1, 4, 4, 2), ("smallest", "range"), MOVES),
        Case(
            "leftovers",
            (0.8, 1, 2, 11, 4, 2),
            ("uneven",),
            "what is left at the end of an epoch and fills no whole batch is dropped, and not "
            "carried over",
        ),
    ),
    promises=(
        "by hand",
        "uneven",
        "smallest",
    ),
    draw=draw_runs,
    reference=lrs_used,
    mistakes=(
        Mistake(
            "the loop as it was",
            "Every micro-batch still moves the schedule on. How many of them make one optimizer "
            "step, and how short does the warmup become?",
            lambda p, we, e, n, b, m: by_micro_batches(p, we, e, n, b, m, first=0),
        ),
        Mistake(
            "counts micro-batches from one",
            "You mended the start, but every micro-batch still moves the schedule on. How many of "
            "them make one optimizer step?",
            lambda p, we, e, n, b, m: by_micro_batches(p, we, e, n, b, m, first=1),
        ),
        Mistake(
            "the first step does nothing",
            "Your first optimizer step has a learning rate of zero. Which share of the peak "
            "should step number zero take?",
            lambda p, we, e, n, b, m: ramp(p, we * (n // b), e * (n // b), first=0),
        ),
        Mistake(
            "one value an epoch",
            "Your learning rate changes once an epoch. Should the warmup rise with every epoch or "
            "with every step?",
            lambda p, we, e, n, b, m: [
                p * min(1.0, (i + 1) / we) for i in range(e) for _ in range(n // b)
            ],
        ),
        Mistake(
            "epochs taken for steps",
            "Your warmup is over after as many steps as it should have epochs. How many steps "
            "has an epoch?",
            lambda p, we, e, n, b, m: ramp(p, we, e * (n // b)),
        ),
        Mistake(
            "warmup in micro-batches",
            "You measure the warmup in micro-batches and go along it in steps, so it takes too "
            "long. Which of the two is the unit of both?",
            lambda p, we, e, n, b, m: ramp(p, we * (n // m), e * (n // b)),
        ),
        Mistake(
            "a value a micro-batch",
            "You return a learning rate for every micro-batch. How many optimizer steps does the "
            "run take?",
            lambda p, we, e, n, b, m: ramp(p, we * (n // m), e * (n // m)),
        ),
        Mistake(
            "begins anew each epoch",
            "Your warmup starts again with each epoch. Where is the step counter set to zero?",
            lambda p, we, e, n, b, m: ramp(p, we * (n // b), n // b) * e,
        ),
        Mistake(
            "micro-batches counted across epochs",
            "You divide a count of all micro-batches, and after an epoch with leftovers it is "
            "ahead of the optimizer. What takes an optimizer step, and what does not?",
            by_whole_batches,
        ),
        Mistake(
            "a short batch at the end",
            "You count a step for the examples that fill no batch. What happens to those here?",
            lambda p, we, e, n, b, m: ramp(p, we * math.ceil(n / b), e * math.ceil(n / b)),
        ),
        Mistake(
            "leftovers carried over",
            "You carry the leftovers of an epoch over to the next. What happens to them here?",
            lambda p, we, e, n, b, m: ramp(p, we * (n // b), e * n // b),
        ),
        Mistake(
            "leftovers carried over, also in the warmup",
            "You divide all the examples by the batch, as if leftovers were kept for the next "
            "epoch. What happens to them here?",
            lambda p, we, e, n, b, m: ramp(p, we * n // b, e * n // b),
        ),
        Mistake(
            "warmup with a fraction of a step",
            "Your warmup counts the leftovers among its examples. Are they ever trained on?",
            lambda p, we, e, n, b, m: ramp(p, we * n / b, e * (n // b)),
        ),
        Mistake(
            "peak too late",
            "Your rise has a part more than the warmup has steps. What should its last step reach?",
            lambda p, we, e, n, b, m: ramp(p, we * (n // b) + 1, e * (n // b)),
        ),
        Mistake(
            "no warmup",
            "All your steps are at the peak. What is left of the warmup?",
            lambda p, we, e, n, b, m: [p] * (e * (n // b)),
        ),
        Mistake(
            "never stops rising",
            "Behind the warmup your learning rate is above the peak. What holds it there?",
            lambda p, we, e, n, b, m: [p * (t + 1) / (we * (n // b)) for t in range(e * (n // b))],
        ),
        Mistake(
            "the warmup alone",
            "Your list ends with the warmup. How long does the run go on?",
            lambda p, we, e, n, b, m: ramp(p, we * (n // b), we * (n // b)),
        ),
        Mistake(
            "two steps ahead",
            "Your first step takes two parts of the rise. Do you count before or after you "
            "use the number?",
            lambda p, we, e, n, b, m: ramp(p, we * (n // b), e * (n // b), first=2),
        ),
        Mistake(
            "both in micro-batches, from zero",
            "You count steps and warmup in micro-batches. What does the very first optimizer step "
            "get then if a batch is one micro-batch, and do leftovers count?",
            lambda p, we, e, n, b, m: by_micro_batches(
                p, we, e, n, b, m, first=0, rise=we * (n // m)
            ),
        ),
        Mistake(
            "the first micro-batch of each batch",
            "You read the learning rate at a batch's first micro-batch, so your first step gets a "
            "part of its part. When does the optimizer step?",
            lambda p, we, e, n, b, m: [
                p * min(1.0, (t * (b // m) + 1) / (we * (n // b) * (b // m)))
                for t in range(e * (n // b))
            ],
        ),
        Mistake(
            "peak over the micro-batches",
            "You divide the peak by the number of micro-batches. Is that the business of the "
            "schedule, or of the loss that is added up?",
            lambda p, we, e, n, b, m: ramp(p * m / b, we * (n // b), e * (n // b)),
        ),
        Mistake(
            "from zero to the peak",
            "Your warmup begins with a step of zero and still ends at the peak. Into how many "
            "equal parts does exercise three cut the rise?",
            lambda p, we, e, n, b, m: ramp(p, max(1, we * (n // b) - 1), e * (n // b), first=0),
        ),
        Mistake(
            "the length divided by the micro-batches",
            "You divide the length of the warmup by the number of micro-batches. In which unit was "
            "it before?",
            lambda p, we, e, n, b, m: ramp(p, max(1, we * (n // b) * m // b), e * (n // b)),
        ),
        Mistake(
            "leftovers move the schedule",
            "Your micro-batches of the dropped rest move the schedule on. Which of them lead to "
            "an optimizer step?",
            lambda p, we, e, n, b, m: by_micro_batches(
                p, we, e, n, b, m, first=1, rise=we * (n // b) * (b // m)
            ),
        ),
        *UNITS,
        Mistake(
            "rounded once for all epochs",
            "You round once for the whole warmup, so leftovers of several epochs make a step of "
            "it. At which moment are they dropped?",
            lambda p, we, e, n, b, m: ramp(p, we * n // b, e * (n // b)),
        ),
    ),
    accepted=(lrs_by_loop, lrs_by_interpolation),
    lesson="A schedule has a unit. Count it in optimizer steps, and turn epochs into steps with "
    "the batch that is really used: otherwise accumulation shortens a warmup in silence.",
    answered_by=("coursekit.train.schedules", "coursekit.train.accumulation"),
)
