"""A bare loop with chosen faults, each with its question."""

import math
from collections.abc import Callable

import numpy as np

from coursekit.exercises.engine.declare import Mistake

Rows = np.ndarray  # gradients of the micro-batches of one step, (K, P)


def mean_square(rows: Rows) -> float:
    return float((rows**2).sum(axis=1).mean())


def square_of_mean(rows: Rows) -> float:
    return float((rows.mean(axis=0) ** 2).sum())


def loop(
    *,
    small: Callable[[Rows], float] = mean_square,
    big: Callable[[Rows], float] = square_of_mean,
    noise: Callable[[float, float, int, int], float] = lambda s, g, b, n: (s - g) / (1 / b - 1 / n),
    signal: Callable[..., float] = lambda s, g, noise, b, n: g - noise / n,
    average: str = "apart",
    step_along: Callable[[Rows], np.ndarray] = lambda rows: rows.mean(axis=0),
    last: Callable[[float, float], float] = lambda s, n: n / s if s > 0 else math.nan,
    updates: Callable[[float], tuple[float, float]] = lambda decay: (decay, 1 - decay),
    when: str = "before",
    begin: tuple[float, float] = (0.0, 0.0),
) -> Callable[..., list[float]]:
    """Return a loop with chosen faults; the defaults are right.

    `small`, `big`: squared lengths from the rows. `noise`: from them, b and the batch size n;
    `signal`: from them, the noise, b and n. `last`: the number logged, from both averages.
    `average`: both "apart", their "ratio", "none", all steps "alike", only the "signal".
    `when`: measured "before" the step, or after it ("after") on the same batch.
    """

    def answer(model, batches, micro_batch_size, lr, decay):
        (param,) = model.parameters()
        weight: np.ndarray = param.detach().numpy().copy()
        found: list[float] = []
        state, old = np.array(begin), 0.0
        keep, new = updates(decay)
        for inputs, targets in batches:
            b, size = micro_batch_size, len(targets)
            rows = gradients(weight, inputs.numpy(), targets.numpy(), b)
            weight = weight - lr * step_along(rows).reshape(weight.shape)
            if when == "after":
                rows = gradients(weight, inputs.numpy(), targets.numpy(), b)
            s, g = small(rows), big(rows)
            one = noise(s, g, b, size)
            pair = np.array([signal(s, g, one, b, size), one])
            if average == "ratio":
                old = float(keep * old + new * last(*pair))
                found.append(old / (1 - keep ** (len(found) + 1)))
                continue
            kept = keep * state + new * pair
            shown = {"none": pair, "alike": state + pair}.get(average, kept)
            state = shown
            if average == "signal":
                shown = np.array([kept[0] / (1 - keep ** (len(found) + 1)), pair[1]])
            found.append(float(last(np.float64(shown[0]), np.float64(shown[1]))))
        return found

    return answer


def gradients(weight: np.ndarray, x: np.ndarray, y: np.ndarray, b: int) -> np.ndarray:
    """Return the mean gradient of each micro-batch of a linear model, flat, one a row."""
    error = np.exp(x @ weight.T)
    error /= error.sum(axis=1, keepdims=True)
    error[np.arange(len(y)), y] -= 1
    each = error[:, :, None] * x[:, None, :]
    return each.reshape(len(y) // b, b, -1).mean(axis=1)


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
        "norms summed",
        "Your small norm is a sum over micro-batches. What happens to it when there are twice "
        "as many of the same size?",
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
