"""Three rules that carry a learning rate to another batch size."""

import math

import numpy as np
import torch

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def scaled_lr(base_lr: float, base_batch_size: int, batch_size: int, rule: str) -> float:
    power = {"linear": 1.0, "sqrt": 0.5, "none": 0.0}[rule]
    return base_lr * (batch_size / base_batch_size) ** power


def scaled_by_invariant(base_lr, base_batch_size, batch_size, rule):
    if rule == "linear":  # lr / B stays
        return base_lr / base_batch_size * batch_size
    if rule == "sqrt":  # lr^2 / B stays
        return math.sqrt(base_lr**2 / base_batch_size * batch_size)
    return base_lr


def scaled_by_logs(base_lr, base_batch_size, batch_size, rule):
    octaves = math.log2(batch_size) - math.log2(base_batch_size)
    share = ["none", "sqrt", "linear"].index(rule) / 2
    return torch.tensor(base_lr).log2().add(share * octaves).exp2()


def swapped(lr, b0, b, rule):
    return scaled_lr(lr, b0, b, {"linear": "sqrt", "sqrt": "linear", "none": "none"}[rule])


def only_when_changed(lr, b0, b, rule, changed):
    return lr if rule == "none" else changed


def draw_rules(rng: np.random.Generator) -> list[Case]:
    cases = []
    # up by no whole number, or down: no factor that another slip would give as well
    factors = [float(f) for f in rng.permutation([0.125, 0.375, 2.625, 5.75]) for _ in range(3)]
    for rule, factor in zip(("linear", "sqrt", "none") * 4, factors, strict=True):
        base = int(rng.choice([24, 32, 48, 80]))
        lr = float(rng.uniform(0.02, 0.4))
        cases.append(Case(rule, (lr, base, int(base * factor), rule)))
    return cases


SHRINKS = "k need not be a whole number, and it can be below one:"

U02_SCALED_LR = Exercise(
    id="u02_scaled_lr",
    call="scaled_lr(base_lr, base_batch_size, batch_size, rule)",
    points={"linear": 1.0, "sqrt": 0.5, "none": 0.5},
    by_hand=(
        Case("linear", (0.1, 32, 288, "linear"), ("by hand",)),
        Case("linear", (0.8, 32, 8, "linear"), ("range",), quotes=SHRINKS),
        Case("linear", (0.8, 32, 288, "linear"), ("range",), quotes="k times the old one"),
        Case("sqrt", (0.1, 32, 288, "sqrt"), ("by hand",)),
        Case("sqrt", (0.8, 32, 8, "sqrt"), ("range",), quotes=SHRINKS),
        Case("none", (0.1, 32, 288, "none"), ("by hand",)),
    ),
    promises=(
        "by hand",
        "range",
    ),
    draw=draw_rules,
    reference=scaled_lr,
    mistakes=(
        Mistake(
            "upside down",
            "You divide the old batch size by the new one, so a larger batch gets a smaller "
            "learning rate. Is a mean over more examples less to be trusted, or more?",
            lambda lr, b0, b, rule: scaled_lr(lr, b, b0, rule),
        ),
        Mistake(
            "the two rules swapped",
            "Your two rules look exchanged. Which of them doubles the learning rate when the "
            "batch doubles?",
            swapped,
        ),
        Mistake(
            "linear whatever the rule",
            "You scale linearly whatever the name says. Where does your function look at the rule?",
            lambda lr, b0, b, rule: scaled_lr(lr, b0, b, "linear"),
        ),
        Mistake(
            "linear for all but none",
            "Your root rule gives what the linear rule gives. Did the root get lost?",
            lambda lr, b0, b, rule: scaled_lr(lr, b0, b, "none" if rule == "none" else "linear"),
        ),
        Mistake(
            "root whatever the rule",
            "You take the root whatever the name says. Where does your function look at the rule?",
            lambda lr, b0, b, rule: scaled_lr(lr, b0, b, "sqrt"),
        ),
        Mistake(
            "root of the product",
            "You take the root of the learning rate too. By what is the old learning rate "
            "multiplied: what is under the root, and what is not?",
            lambda lr, b0, b, rule: (
                math.sqrt(lr * b / b0) if rule == "sqrt" else scaled_lr(lr, b0, b, rule)
            ),
        ),
        Mistake(
            "square for root",
            "Your root rule grows faster than the linear one. Did you square where a root is "
            "asked for?",
            lambda lr, b0, b, rule: (
                lr * (b / b0) ** 2 if rule == "sqrt" else scaled_lr(lr, b0, b, rule)
            ),
        ),
        Mistake(
            "half of the factor",
            "Under your root rule you take half of the factor. For a batch that stays as it is, "
            "what should come out?",
            lambda lr, b0, b, rule: (
                lr * b / b0 / 2 if rule == "sqrt" else scaled_lr(lr, b0, b, rule)
            ),
        ),
        Mistake(
            "old batch size forgotten",
            "You multiply by the new batch size itself. What should come out when the batch stays "
            "as it is?",
            lambda lr, b0, b, rule: scaled_lr(lr, 1, b, rule),
        ),
        Mistake(
            "whole factors only",
            "You round the factor to a whole number. Does a batch grow only by whole factors, and "
            "can it not shrink?",
            lambda lr, b0, b, rule: (
                lr * {"linear": b // b0, "sqrt": (b // b0) ** 0.5, "none": 1}[rule]
            ),
        ),
        Mistake(
            "never down",
            "You leave the learning rate alone when the batch shrinks. Does a rule that follows "
            "from noise work upwards only?",
            lambda lr, b0, b, rule: scaled_lr(lr, b0, max(b, b0), rule),
        ),
        Mistake(
            "counts doublings",
            "You count how often the batch doubled, and add. If each doubling doubles the "
            "learning rate, do the doublings add, or multiply?",
            lambda lr, b0, b, rule: (
                lr
                if rule == "none"
                else lr * (1 + math.log2(b / b0) * (0.5 if rule == "sqrt" else 1))
            ),
        ),
        Mistake(
            "nothing for none",
            "For the rule without scaling you return the factor, not a learning rate. What is the "
            "old learning rate multiplied by when nothing is scaled?",
            lambda lr, b0, b, rule: 1.0 if rule == "none" else scaled_lr(lr, b0, b, rule),
        ),
        Mistake(
            "the factor alone",
            "You return what the learning rate is to be multiplied by. What was asked for?",
            lambda lr, b0, b, rule: scaled_lr(1.0, b0, b, rule),
        ),
        Mistake(
            "constant variance, inversely",
            "You divide by the factor in the linear rule and leave the root rule right. Which way "
            "does the noise of a mean go when the batch grows?",
            lambda lr, b0, b, rule: lr * b0 / b if rule == "linear" else scaled_lr(lr, b0, b, rule),
        ),
        Mistake(
            "zero for none",
            "Without scaling your learning rate is zero, and nothing would move. By what is the "
            "old rate multiplied when it stays?",
            lambda lr, b0, b, rule: 0.0 if rule == "none" else scaled_lr(lr, b0, b, rule),
        ),
        Mistake(
            "rounded to the nearest",
            "You round the factor to the nearest whole number. Why should a batch grow only by "
            "whole factors?",
            lambda lr, b0, b, rule: (
                scaled_lr(lr, 1, round(b / b0), rule) if round(b / b0) else lr * (rule == "none")
            ),
        ),
        Mistake(
            "root of B alone",
            "Under your root rule the root covers only one of the two batch sizes. What comes "
            "out when the batch stays as it is?",
            lambda lr, b0, b, rule: (
                lr * math.sqrt(b) / b0 if rule == "sqrt" else scaled_lr(lr, b0, b, rule)
            ),
        ),
        Mistake(
            "difference for ratio",
            "You use how many examples were added. Is it the difference of the two sizes that "
            "counts, or their ratio?",
            lambda lr, b0, b, rule: (
                scaled_lr(lr, 1, abs(b - b0), rule) * (-1 if rule == "linear" and b < b0 else 1)
            ),
        ),
        Mistake(
            "added",
            "You add to the learning rate. Is the rate shifted, or multiplied?",
            lambda lr, b0, b, rule: lr if rule == "none" else lr + scaled_lr(1.0, b0, b, rule),
        ),
        Mistake(
            "root rule not scaled",
            "Under the root rule your rate stays what it was. Which branch of your function "
            "does it take?",
            lambda lr, b0, b, rule: lr if rule == "sqrt" else scaled_lr(lr, b0, b, rule),
        ),
        Mistake(
            "root rule upside down",
            "Under your root rule the rate falls as the batch grows. Is less noise in a gradient "
            "a reason for smaller steps?",
            lambda lr, b0, b, rule: scaled_lr(lr, *((b, b0) if rule == "sqrt" else (b0, b)), rule),
        ),
        Mistake(
            "one more than the factor",
            "You add one to the factor. What comes out when the batch stays as it is?",
            lambda lr, b0, b, rule: lr if rule == "none" else lr + scaled_lr(lr, b0, b, rule),
        ),
        Mistake(
            "the factor for none",
            "Without scaling you return the factor. What is the old learning rate multiplied "
            "by when nothing is scaled?",
            lambda lr, b0, b, rule: b / b0 if rule == "none" else scaled_lr(lr, b0, b, rule),
        ),
        Mistake(
            "root of the wrong number",
            "You take the root of the learning rate and leave the factor as it is. What is "
            "under the root, and what is not?",
            lambda lr, b0, b, rule: (
                b / b0 * math.sqrt(lr) if rule == "sqrt" else scaled_lr(lr, b0, b, rule)
            ),
        ),
    ),
    accepted=(scaled_by_invariant, scaled_by_logs),
    lesson="Linear keeps lr/B, the temperature. The root keeps lr^2/B, the noise of one step. "
    "Which of the two matters is what the rest of this unit measures.",
    answered_by=("coursekit.train.scaling",),
)
