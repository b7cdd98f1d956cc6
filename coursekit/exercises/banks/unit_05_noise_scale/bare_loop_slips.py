"""Slips in a bare loop that watches its noise, each with its question."""

import math

import numpy as np

from coursekit.exercises.banks.unit_05_noise_scale.bare_loop_faults import (
    loop,
    square_of_mean,
)
from coursekit.exercises.engine.declare import Mistake

MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "last micro-batch only",
        "Your small norm is that of the last micro-batch. What do the others have to say?",
        loop(small=lambda rows: float((rows[-1] ** 2).sum())),
    ),
    Mistake(
        "first micro-batch only",
        "Your small norm is that of the first micro-batch. What do the others have to say?",
        loop(small=lambda rows: float((rows[0] ** 2).sum())),
    ),
    Mistake(
        "bias left out",
        "Your lengths know nothing of the bias. Which parameters does the gradient belong to?",
        loop(no_bias=True),
    ),
    Mistake(
        "weights alone, bias neither measured nor moved",
        "Your loop measures and moves one tensor of the model. Which parameters has it?",
        loop(no_bias=True, leave="without bias"),
    ),
    Mistake(
        "weights put back, or a copy trained",
        "The check calls you twice with one model, and your second call starts where the first "
        "did. Where does the model stand when your function ends?",
        loop(leave="as it was"),
    ),
    Mistake(
        "no step after the last batch",
        "The check calls you twice with one model, and your second call starts a step too early. "
        "After which batch is there no step?",
        loop(leave="a step behind"),
    ),
    Mistake(
        "lengths not squared",
        "You put lengths into equations for squared lengths. Of which quantity is the expectation "
        "signal plus noise?",
        loop(
            small=lambda rows: float(np.linalg.norm(rows, axis=1).mean()),
            big=lambda rows: square_of_mean(rows) ** 0.5,
        ),
    ),
    Mistake(
        "norms summed, or gradients that pile up",
        "Your small norm is far too long. Do you add it up over the micro-batches, or does each "
        "one's gradient come on top of what lies in `.grad` already?",
        loop(small=lambda rows: float((rows**2).sum())),
    ),
    Mistake(
        "mean over parameters",
        "Your small norm averages over the parameters. Is a squared length a mean or a sum of "
        "squares?",
        loop(small=lambda rows: float((rows**2).mean())),
    ),
    Mistake(
        "lengths averaged",
        "You average lengths and square after. Of which quantity is the expectation signal plus "
        "noise?",
        loop(small=lambda rows: float(np.linalg.norm(rows, axis=1).mean()) ** 2),
    ),
    Mistake(
        "big norm not squared",
        "Your big norm is a length, not its square. Of which quantity is the expectation signal "
        "plus noise?",
        loop(big=lambda rows: square_of_mean(rows) ** 0.5),
    ),
    Mistake(
        "sum of the micro-batches",
        "Your big gradient is the sum of the micro-batches. Of which length is the gradient of "
        "the mean loss over the batch?",
        loop(big=lambda rows: float((rows.sum(axis=0) ** 2).sum())),
    ),
    Mistake(
        "per micro-batch",
        "Your noise is that of a micro-batch. Of how many examples is tr(Sigma) the noise?",
        loop(
            noise=lambda s, g, b, n: (s - g) / (1 / b - 1 / n) / b,
            signal=lambda s, g, one, b, n: g - b * one / n,
        ),
    ),
    Mistake(
        "difference of the inverses turned round",
        "Your noise has the wrong sign. Which of the two squared lengths is longer, and which "
        "of the two batches is larger?",
        loop(noise=lambda s, g, b, n: (s - g) / (1 / n - 1 / b)),
    ),
    Mistake(
        "big batch taken for exact",
        "You divide by the inverse of b alone. Is no noise left in the mean of all micro-batches?",
        loop(noise=lambda s, g, b, n: b * (s - g)),
    ),
    Mistake(
        "plug-in signal",
        "Your signal is the squared length of the mean gradient. What does the noise that is "
        "left in it add?",
        loop(signal=lambda s, g, one, b, n: g),
    ),
    Mistake(
        "plug-in signal, big batch taken for exact",
        "Neither the signal nor the noise knows of the noise that is left in the mean. How much "
        "is it?",
        loop(noise=lambda s, g, b, n: b * (s - g), signal=lambda s, g, one, b, n: g),
    ),
    Mistake(
        "noise of a micro-batch taken away",
        "You take a micro-batch's noise from the whole batch's squared length. How much is left "
        "in the mean of all?",
        loop(signal=lambda s, g, one, b, n: g - one / b),
    ),
    Mistake(
        "the small norm's rest",
        "You take the whole batch's noise from the small squared length. Whose noise is in the "
        "small one?",
        loop(signal=lambda s, g, one, b, n: s - one / n),
    ),
    Mistake(
        "noise added",
        "You add the noise to the squared length. Did noise make it longer or shorter?",
        loop(signal=lambda s, g, one, b, n: g + one / n),
    ),
    Mistake(
        "average of ratios",
        "You average the ratios. Which two numbers are right on average at each step?",
        loop(average="ratio"),
    ),
    Mistake(
        "no average",
        "Each of your numbers is one step's alone. What is `decay` for?",
        loop(average="none"),
    ),
    Mistake(
        "all steps alike",
        "Every step counts the same in your average, however old. What is `decay` for?",
        loop(average="alike"),
    ),
    Mistake(
        "only the signal averaged",
        "You average the signal and take the noise of one step. Which of the two is to be "
        "averaged?",
        loop(average="signal"),
    ),
    Mistake(
        "weights exchanged",
        "The new value gets the weight `decay`. For a decay near one, should the average move "
        "fast or slowly?",
        loop(updates=lambda decay: (1 - decay, decay)),
    ),
    Mistake(
        "average begun at one",
        "Your signal's average does not begin at zero. What does its start do to the first "
        "numbers?",
        loop(begin=(1.0, 0.0)),
    ),
    Mistake(
        "signal clipped",
        "You lift a signal below zero. If every low estimate is lifted, what happens to the "
        "average over steps?",
        loop(signal=lambda s, g, one, b, n: max(g - one / n, 1e-8)),
    ),
    Mistake(
        "average signal clipped",
        "You divide by a tiny number where the average signal is not above zero. Would a reader "
        "see that it is no measurement?",
        loop(last=lambda s, n: n / max(s, 1e-8)),
    ),
    Mistake(
        "a negative noise scale",
        "Your noise scale comes out below zero. Can a batch size be negative, and what does the "
        "text ask for there?",
        loop(last=lambda s, n: n / s),
    ),
    Mistake(
        "sign dropped",
        "You drop the sign of the ratio. What do the data say about a signal below zero?",
        loop(last=lambda s, n: abs(n / s)),
    ),
    Mistake(
        "upside down",
        "You divide the signal by the noise. At which batch size are the two equal?",
        loop(last=lambda s, n: s / n if s > 0 else math.nan),
    ),
    Mistake(
        "infinite where unresolved",
        "You say the noise scale is infinite. Does a signal that is lost in the noise show that "
        "there is none?",
        loop(last=lambda s, n: n / s if s > 0 else math.inf),
    ),
    Mistake(
        "zero where unresolved",
        "You say the noise scale is zero. Would that mean a noisy gradient or a clean one?",
        loop(last=lambda s, n: n / s if s > 0 else 0.0),
    ),
    Mistake(
        "no step",
        "Your measurements are right while nothing moves. Where does your loop train?",
        loop(step_along=lambda rows: 0 * rows[0]),
    ),
    Mistake(
        "step uphill",
        "Your step goes up. Along which direction does the loss fall?",
        loop(step_along=lambda rows: -rows.mean(axis=0)),
    ),
    Mistake(
        "step along the sum",
        "Your step goes along the sum of the micro-batches. How long is it when the same batch "
        "is cut into more of them?",
        loop(step_along=lambda rows: rows.sum(axis=0)),
    ),
    Mistake(
        "step divided once more",
        "You divide the mean gradient by the number of micro-batches again. How long should the "
        "step be?",
        loop(step_along=lambda rows: rows.mean(axis=0) / len(rows)),
    ),
    Mistake(
        "step along the last micro-batch",
        "Your step goes along the last micro-batch's gradient. What have the others computed "
        "theirs for?",
        loop(step_along=lambda rows: rows[-1]),
    ),
    Mistake(
        "measured after the step",
        "You measure after the step, on the batch that made it. At which weights were the "
        "gradients taken that the step uses?",
        loop(when="after"),
    ),
    Mistake(
        "only the last number",
        "You return one number. What is asked for after each batch?",
        lambda *args: loop()(*args)[-1],
    ),
)
