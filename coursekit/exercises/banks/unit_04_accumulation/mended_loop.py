"""Find the flaw: an accumulation loop with leftovers, ragged micro-batches and AdamW."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from coursekit.exercises.banks.unit_04_accumulation.linear_loss import sum_grad, weight_of
from coursekit.exercises.banks.unit_04_accumulation.loop import MicroBatches
from coursekit.exercises.engine.declare import Case, Exercise, Mistake

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
    for group in optimizer.param_groups:
        group["lr"] = group["lr"] * accum_steps**0.5
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


def split_windows(micro_batches: MicroBatches, k: int) -> list[MicroBatches]:
    return [micro_batches[i : i + k] for i in range(0, len(micro_batches), k)]


def joined_windows(micro_batches: MicroBatches, k: int) -> list[MicroBatches]:
    """Put what is left over into the last full window."""
    windows = split_windows(micro_batches, k)
    if len(windows) > 1 and len(windows[-1]) < k:
        windows[-2:] = [windows[-2] + windows[-1]]
    return windows


def examples(micro_batches: MicroBatches) -> int:
    return sum(len(y) for _, y in micro_batches)


def full_windows(epoch: MicroBatches, k: int) -> MicroBatches:
    return epoch[: len(epoch) // k * k]


def loop(
    *,
    lr: Callable[[int], float] = math.sqrt,
    groups: str = "all",
    by_size: bool = True,
    leftovers: str = "flush",
    when: str = "once",
    clear: str = "after a step",
    divisor: str = "window",
    step: str = "window",
    cut: Callable[[MicroBatches, int], list[MicroBatches]] = split_windows,
) -> Callable[..., Tensor]:
    """Return a loop with chosen faults; the defaults are right.

    `groups` whose rate is scaled: "all", or the "first".
    `leftovers`: "flush", "leak" or "over_k" (leaked, flushed, with the divisor of a full window),
    "leak_own" (leaked with its own), "drop".
    `when` the rate is scaled: "once", "each epoch", "each window", "by window" (by its length),
    "late" (after a step), "by examples" (of the first window).
    `clear`: "after a step", "never", "before each" micro-batch.
    `divisor` of the sums: examples of the "window", of the "epoch", "one", or "twice" (and by K).
    `step` after a "window", or after each "micro-batch".
    """

    def train(
        model: nn.Sequential, optimizer: Optimizer, epochs: Epochs, accum_steps: int
    ) -> Tensor:
        param, scaled = weight_of(model), optimizer.param_groups
        scaled = scaled[:1] if groups == "first" else scaled
        bases = [group["lr"] for group in scaled]
        done = 0
        for number, micro_batches in enumerate(epochs):
            everyone = examples(micro_batches)
            for window in cut(micro_batches, accum_steps):
                k = {"by window": len(window), "by examples": examples(epochs[0][:accum_steps])}
                power = {"each epoch": number + 1, "each window": done + 1, "late": min(done, 1)}
                factor = lr(k.get(when, accum_steps)) ** power.get(when, 1)
                for group, base in zip(scaled, bases, strict=True):
                    group["lr"] = base * factor
                whole = len(window) >= accum_steps
                if not whole and leftovers == "drop":
                    continue
                num_parts = accum_steps if leftovers in ("leak", "over_k") else len(window)
                num_parts = max(num_parts, len(window))
                total = examples(window) * num_parts / len(window)
                total = {"one": 1, "epoch": everyone, "twice": total * accum_steps}.get(
                    divisor, total
                )
                for x, y in window:
                    part = sum_grad(model, x, y) / (total if by_size else len(y) * num_parts)
                    kept = None if clear == "before each" else param.grad
                    param.grad = part if kept is None else kept + part
                    if step == "micro-batch":
                        optimizer.step()
                if step == "window" and (whole or not leftovers.startswith("leak")):
                    optimizer.step()
                if clear != "never" and (whole or not leftovers.startswith("leak")):
                    optimizer.zero_grad()
                done += 1
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
    may_change=("model.values", "model.grad", "optimizer"),
    mistakes=(
        Mistake(
            "as it was found",
            "That is still the loop as it was found. Compare its rate, its weights and its last "
            "window with what a large batch would do: where do they part?",
            loop(lr=linear, groups="first", by_size=False, leftovers="leak"),
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
            loop(clear="never"),
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
        Mistake(
            "only the first group's rate",
            "You scale the rate of the first parameter group. Biases and norms often have a group "
            "of their own: at which rate do they go on?",
            loop(groups="first"),
        ),
        Mistake(
            "linear rate, first group",
            "Your gradients are right. Two things about the rate are not: how it grows under Adam, "
            "and for which parameters. Which first?",
            loop(lr=linear, groups="first"),
        ),
        Mistake(
            "first group's rate, equal weights",
            "You scale one parameter group, and every micro-batch weighs the same. Has each as "
            "many examples?",
            loop(groups="first", by_size=False),
        ),
        Mistake(
            "first group's rate, leftovers leak",
            "You scale one parameter group, and an incomplete window waits in the gradient. Which "
            "step gets it?",
            loop(groups="first", leftovers="leak"),
        ),
        Mistake(
            "linear rate of all groups, all else as found",
            "Every group's rate grows, and as it does for SGD; the gradients are as you found "
            "them. What does a short micro-batch weigh?",
            loop(lr=linear, by_size=False, leftovers="leak"),
        ),
        Mistake(
            "rate by examples",
            "Your rate follows the number of examples in a window. For how many of them was it "
            "tuned before?",
            loop(when="by examples"),
        ),
        Mistake(
            "rate scaled late",
            "Your first step is made at the old rate. When does the third rule ask for the new "
            "one?",
            loop(when="late"),
        ),
        Mistake(
            "leftovers leak with their own mean",
            "The weights are mended, and an incomplete window is added to the next step. How long "
            "does that one get?",
            loop(leftovers="leak_own"),
        ),
        Mistake(
            "cleared before each micro-batch",
            "Only a window's last micro-batch is in your steps. What clears the ones before it?",
            loop(clear="before each"),
        ),
        Mistake(
            "a step for every micro-batch",
            "You step after every micro-batch. How many of them make one step?",
            loop(step="micro-batch"),
        ),
        Mistake(
            "leftovers joined",
            "What is left over joins the last full window. What does the second rule give it?",
            loop(cut=joined_windows),
        ),
        Mistake(
            "first epoch only",
            "Your training ends after one epoch. What does `epochs` hold?",
            lambda m, o, e, k: loop()(m, o, e[:1], k),
        ),
        Mistake(
            "leftovers at the very end only",
            "Only the last epoch's leftovers get a step. What becomes of those before?",
            lambda m, o, e, k: loop()(m, o, [*(full_windows(x, k) for x in e[:-1]), e[-1]], k),
        ),
    ),
    accepted=(mended_with_counter, mended_by_large_batches),
    lesson="Four faults that never raise an error: equal weights for unequal parts, a window that "
    "leaks, SGD's rule for Adam, and a new rate for one parameter group only.",
    answered_by=("coursekit.train.accumulation", "coursekit.train.ranks"),
)
