"""Find the flaw: an accumulation loop with leftovers, ragged micro-batches and AdamW."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from coursekit.exercises.bank_04_accumulation.linear_loss import sum_grad, weight_of
from coursekit.exercises.bank_04_accumulation.loop import MicroBatches
from coursekit.exercises.declare import Case, Exercise, Mistake

Optimizer = torch.optim.Optimizer
Epochs = list[MicroBatches]


def train_accumulated(
    model: nn.Sequential, optimizer: Optimizer, epochs: Epochs, accum_steps: int
) -> Tensor:
    for group in optimizer.param_groups:
        group["lr"] *= math.sqrt(accum_steps)
    for micro_batches in epochs:
        for start in range(0, len(micro_batches), accum_steps):
            window = micro_batches[start : start + accum_steps]
            total = sum(len(targets) for _, targets in window)
            for inputs, targets in window:
                loss = cross_entropy(model(inputs), targets)
                (loss * len(targets) / total).backward()
            optimizer.step()
            optimizer.zero_grad()
    return weight_of(model).detach()


def mended_with_counter(model, optimizer, epochs, accum_steps):
    optimizer.param_groups[0]["lr"] = optimizer.param_groups[0]["lr"] * accum_steps**0.5
    for micro_batches in epochs:
        count = 0
        for i, (x, y) in enumerate(micro_batches, start=1):
            cross_entropy(model(x), y, reduction="sum").backward()
            count += len(y)
            if i % accum_steps == 0 or i == len(micro_batches):
                for p in model.parameters():
                    p.grad /= count
                optimizer.step()
                optimizer.zero_grad()
                count = 0
    return weight_of(model).detach()


def mended_by_large_batches(model, optimizer, epochs, accum_steps):
    for group in optimizer.param_groups:
        group["lr"] = group["lr"] * math.sqrt(accum_steps)
    for micro_batches in epochs:
        left = list(micro_batches)
        while left:
            now, left = left[:accum_steps], left[accum_steps:]
            optimizer.zero_grad()
            batch = torch.cat([x for x, _ in now]), torch.cat([y for _, y in now])
            cross_entropy(model(batch[0]), batch[1]).backward()
            optimizer.step()
    return weight_of(model).detach()


def loop(
    *,
    lr: Callable[[int], float] = math.sqrt,
    by_size: bool = True,
    leftovers: str = "flush",
    when: str = "once",
    clear: bool = True,
    divisor: str = "window",
) -> Callable[..., Tensor]:
    """Return a loop with chosen faults; the defaults are right.

    `leftovers`: "flush", "leak", "drop", or "over_k" (flushed with the divisor of a full window).
    `when` the rate is scaled: "once", "each epoch", "each window", "by window" (by its length).
    `divisor` of the sums: examples of the "window", of the "epoch", "one", or "twice" (and by K).
    """

    def train(
        model: nn.Sequential, optimizer: Optimizer, epochs: Epochs, accum_steps: int
    ) -> Tensor:
        group, param = optimizer.param_groups[0], weight_of(model)
        base = group["lr"]
        group["lr"] = base * lr(accum_steps)
        for number, micro_batches in enumerate(epochs):
            if when == "each epoch" and number:
                group["lr"] *= lr(accum_steps)
            for start in range(0, len(micro_batches), accum_steps):
                window = micro_batches[start : start + accum_steps]
                whole = len(window) == accum_steps
                if when == "each window" and (number or start):
                    group["lr"] *= lr(accum_steps)
                if when == "by window":
                    group["lr"] = base * lr(len(window))
                if not whole and leftovers == "drop":
                    continue
                full = not whole and leftovers in ("leak", "over_k")
                total = sum(len(y) for _, y in window) * (accum_steps / len(window) if full else 1)
                everyone = sum(len(y) for _, y in micro_batches)
                total = {"one": 1, "epoch": everyone, "twice": total * accum_steps}.get(
                    divisor, total
                )
                parts = [] if param.grad is None else [param.grad]
                for x, y in window:
                    each = 1 / (len(y) * (accum_steps if full else len(window)))
                    parts.append(sum_grad(model, x, y) * (1 / total if by_size else each))
                param.grad = torch.stack(parts).sum(dim=0)
                if whole or leftovers != "leak":
                    optimizer.step()
                    if clear:
                        optimizer.zero_grad()
        return weight_of(model).detach()

    return train


def linear(accum_steps: int) -> float:
    return float(accum_steps)


def unscaled(accum_steps: int) -> float:
    return 1.0


def draw_trainings(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("equal micro-batches", "ragged micro-batches", "incomplete window"):
        k, b = (2 if group != "incomplete window" else 3), int(rng.integers(4, 7))
        count = k * (2 if k == 2 else 1) + (
            int(rng.integers(1, k)) if group == "incomplete window" else 0
        )
        sizes = [b] * count
        if group == "ragged micro-batches":
            sizes[-1] = int(rng.integers(1, b - 2))
        epochs = [
            [[rng.normal(size=(n, 2)) + 0.5, rng.integers(0, 3, n)] for n in sizes]
            for _ in range(2 if group == "incomplete window" else 1)
        ]
        lr = float(rng.uniform(0.02, 0.1))
        cases.append(Case(group, (rng.normal(size=(3, 2)), lr, epochs, k)))
    return cases


def hand(sizes: list[int], k: int, seed: int) -> tuple:
    """Return a small case with round numbers."""
    rng = np.random.default_rng(seed)
    epochs = [
        [[rng.integers(-2, 3, (n, 2)).astype(float), rng.integers(0, 2, n)] for n in sizes]
        for _ in range(2)
    ]
    return np.array([[1.0, 0.0], [0.0, 0.5]]), 0.1, epochs, k


U04_MENDED_LOOP = Exercise(
    id="u04_mended_loop",
    call="train_accumulated(model, optimizer, epochs, accum_steps)",
    points={"equal micro-batches": 1.0, "ragged micro-batches": 1.0, "incomplete window": 1.0},
    by_hand=(
        Case("equal micro-batches", hand([1, 1], 2, 3)),
        Case("ragged micro-batches", hand([3, 1], 2, 4)),
        Case("incomplete window", hand([2, 2, 2], 2, 5)),
    ),
    draw=draw_trainings,
    reference=train_accumulated,
    run="linear_steps",
    mistakes=(
        Mistake(
            "as it was found",
            "That is still the loop as it was found. Compare its rate, its weights and its last "
            "window with what a large batch would do: where do they part?",
            loop(lr=linear, by_size=False, leftovers="leak"),
        ),
        Mistake(
            "linear rate",
            "Your gradients are right. The optimizer is Adam: which of the two rules kept its runs "
            "together in unit 02?",
            loop(lr=linear),
        ),
        Mistake(
            "rate not scaled",
            "Your gradients are right, and the rate is that of one micro-batch. Is the batch of a "
            "step still as small?",
            loop(lr=unscaled),
        ),
        Mistake(
            "rate divided",
            "You make the rate smaller for a larger batch. Is its gradient noisier or less noisy?",
            loop(lr=lambda k: 1 / math.sqrt(k)),
        ),
        Mistake(
            "rate scaled every epoch",
            "Your rate grows with every epoch. How often does the batch grow?",
            loop(when="each epoch"),
        ),
        Mistake(
            "rate by window",
            "Your rate follows the length of each window. Which rate does the exercise ask for in "
            "an incomplete one?",
            loop(when="by window"),
        ),
        Mistake(
            "ragged ones weigh the same",
            "Every micro-batch weighs the same in your steps. Has each as many examples?",
            loop(by_size=False),
        ),
        Mistake(
            "leftovers leak",
            "An incomplete window still waits in the gradient. Which step gets it?",
            loop(leftovers="leak"),
        ),
        Mistake(
            "leftovers thrown away",
            "You clear an incomplete window without a step. What could its examples still do?",
            loop(leftovers="drop"),
        ),
        Mistake(
            "leftovers over a full window",
            "An incomplete window is divided as if it were full. How many examples does its step "
            "average over?",
            loop(leftovers="over_k"),
        ),
        Mistake(
            "linear rate, equal weights",
            "The leftovers are mended. Two things are not: how the rate grows under Adam, and what "
            "a short micro-batch weighs. Which first?",
            loop(lr=linear, by_size=False),
        ),
        Mistake(
            "linear rate, leftovers leak",
            "The weights are mended. What happens to an incomplete window, and how should Adam's "
            "rate grow?",
            loop(lr=linear, leftovers="leak"),
        ),
        Mistake(
            "linear rate, leftovers dropped",
            "Your rate grows as it does for SGD, and an incomplete window is lost. Which optimizer "
            "is this?",
            loop(lr=linear, by_size=False, leftovers="drop"),
        ),
        Mistake(
            "equal weights, leftovers leak",
            "The rate is mended. What does a short micro-batch weigh in your step, and where does "
            "an incomplete window go?",
            loop(by_size=False, leftovers="leak"),
        ),
        Mistake(
            "equal weights, leftovers over a full window",
            "You still divide by the number of micro-batches that a full window has. Has every "
            "window that many, and each as many examples?",
            loop(by_size=False, leftovers="over_k"),
        ),
        Mistake(
            "equal weights, leftovers dropped",
            "The rate is mended. You throw an incomplete window away and give a short micro-batch "
            "full weight. What would a large batch do?",
            loop(by_size=False, leftovers="drop"),
        ),
        Mistake(
            "never cleared",
            "Your gradient is never cleared, so each step holds all the ones before. When is a "
            "gradient used up?",
            loop(clear=False),
        ),
        Mistake(
            "rate not scaled, equal weights",
            "Neither the rate nor the weights fit the batch of a step. What does a short "
            "micro-batch weigh?",
            loop(lr=unscaled, by_size=False),
        ),
        Mistake(
            "windows across epochs",
            "Your windows run on from one epoch into the next. Where does a window end, by the "
            "second rule?",
            lambda m, o, e, k: loop()(m, o, [[micro for epoch in e for micro in epoch]], k),
        ),
        Mistake(
            "rate scaled at every step",
            "Your rate grows with every step. How often does the batch grow?",
            loop(when="each window"),
        ),
        Mistake(
            "sum over examples",
            "Your gradient is a sum over the window's examples. Does the rule ask for a sum or a "
            "mean?",
            loop(divisor="one"),
        ),
        Mistake(
            "divided by the epoch",
            "You divide by all examples of the epoch. Over how many does one step average?",
            loop(divisor="epoch"),
        ),
        Mistake(
            "average twice",
            "Your shares add up to one already, and then you divide by the window's length. Which "
            "of the two makes the mean?",
            loop(divisor="twice"),
        ),
    ),
    accepted=(mended_with_counter, mended_by_large_batches),
    lesson="Three faults that never raise an error: equal weights for unequal parts, a window that "
    "leaks, and SGD's rule for Adam. A test against the large batch finds them all.",
    answered_by=("coursekit.accumulate", "coursekit.ranks"),
)
