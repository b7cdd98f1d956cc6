"""How close to the edge of stability a run hovers."""

import math
from collections.abc import Callable

import numpy as np

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def edge_ratio(sharpness: list[float], lr: float, momentum: float) -> float:
    threshold = 2 * (1 + momentum) / lr
    for i, value in enumerate(sharpness):
        if value >= threshold:
            return sum(sharpness[i:]) / len(sharpness[i:]) / threshold
    return math.nan


def edge_by_numpy(sharpness, lr, momentum):
    ratios = np.array(sharpness) * lr / (2 + 2 * momentum)
    return ratios[np.maximum.accumulate(ratios) >= 1].mean()


def edge_from_behind(sharpness, lr, momentum):
    best, total, count = math.nan, 0.0, 0
    for value in reversed(sharpness):
        total, count = total + value * lr / 2 / (1 + momentum), count + 1
        if value * lr / 2 / (1 + momentum) >= 1:
            best = total / count
    return best


def threshold_of(make: Callable[[float, float], float]) -> Callable[..., float]:
    """Return an answer with another threshold."""

    def answer(sharpness, lr, momentum):
        return edge_ratio(sharpness, 2 / make(lr, momentum), 0.0)

    return answer


def of_ratios(formula: Callable[[np.ndarray, int], float]) -> Callable[..., float]:
    """Return an answer made of all ratios and of where the edge is first reached."""

    def answer(sharpness, lr, momentum):
        ratios = np.array(sharpness) * lr / (2 + 2 * momentum)
        if not (ratios >= 1).any():
            return math.nan
        return float(formula(ratios, int((ratios >= 1).argmax())))

    return answer


def mean_without_arrival(sharpness, lr, momentum):
    ratios = np.array(sharpness) * lr / (2 + 2 * momentum)
    reached = np.flatnonzero(ratios >= 1)
    return ratios[reached[0] :].mean() if len(reached) else ratios.mean()


def zero_without_arrival(sharpness, lr, momentum):
    found = edge_ratio(sharpness, lr, momentum)
    return 0.0 if math.isnan(found) else found


def last_without_arrival(sharpness, lr, momentum):
    found = edge_ratio(sharpness, lr, momentum)
    return sharpness[-1] * lr / (2 + 2 * momentum) if math.isnan(found) else found


def until_the_dip(ratios: np.ndarray, first: int) -> float:
    dips = np.flatnonzero(ratios[first:] < 1)
    return ratios[first : first + dips[0]].mean() if len(dips) else ratios[first:].mean()


def strictly_above(sharpness, lr, momentum):
    ratios = np.array(sharpness) * lr / (2 + 2 * momentum)
    above = np.flatnonzero(ratios > 1)
    return ratios[above[0] :].mean() if len(above) else math.nan


def draw_edge(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("gradient descent", "momentum") * 3:
        momentum = 0.0 if group == "gradient descent" else float(rng.choice([0.5, 0.8, 0.9]))
        lr = float(rng.choice([0.03, 0.07, 0.15, 0.3]))
        threshold = 2 * (1 + momentum) / lr
        rising = np.sort(rng.uniform(0.15, 0.9, int(rng.integers(2, 5))))
        late = [rng.uniform(1.03, 1.07), rng.uniform(1.1, 1.14), rng.uniform(1.2, 1.3)]
        late += [*rng.uniform(0.85, 0.96, 2), *rng.uniform(1.03, 1.1, 2), rng.uniform(0.85, 0.96)]
        ratios = np.concatenate([rising, late])
        cases.append(Case(group, ([float(r * threshold) for r in ratios], lr, momentum)))
    for group, momentum in (("gradient descent", 0.0), ("momentum", 0.9)):
        lr = float(rng.choice([0.03, 0.07, 0.15, 0.3]))
        ratios = np.sort(rng.uniform(0.15, 0.95, 4)) * 2 * (1 + momentum) / lr
        cases.append(Case(group, ([float(r) for r in ratios], lr, momentum)))
    for group, momentum in (("gradient descent", 0.0), ("momentum", 0.5)):
        lr = float(rng.choice([0.125, 0.25, 0.5]))  # powers of two: on the threshold in any formula
        path = [rng.uniform(0.3, 0.9), 1.0, rng.uniform(0.85, 0.96), *rng.uniform(1.03, 1.2, 2)]
        cases.append(
            Case(group, ([float(r * 2 * (1 + momentum) / lr) for r in path], lr, momentum))
        )
    return cases


U06_EDGE_RATIO = Exercise(
    id="u06_edge_ratio",
    call="edge_ratio(sharpness, lr, momentum)",
    points={"gradient descent": 1.0, "momentum": 1.0},
    by_hand=(
        Case("gradient descent", ([5.0, 12.0, 8.0, 13.0], 0.2, 0.0)),
        Case("gradient descent", ([5.0, 8.0, 9.0], 0.2, 0.0)),
        Case("gradient descent", ([1.0, 4.0, 3.0, 6.0], 0.5, 0.0)),  # 4.0 is the threshold itself
        Case("momentum", ([9.0, 16.0, 12.0, 17.0], 0.2, 0.5)),
    ),
    draw=draw_edge,
    reference=edge_ratio,
    mistakes=(
        Mistake(
            "momentum ignored",
            "Your threshold is that of plain gradient descent. Which way does momentum move it?",
            lambda s, lr, m: edge_ratio(s, lr, 0.0),
        ),
        Mistake(
            "momentum the other way",
            "Your threshold falls with momentum. Does heavy-ball momentum stand more curvature, "
            "or less?",
            threshold_of(lambda lr, m: 2 * (1 - m) / lr),
        ),
        Mistake(
            "effective learning rate",
            "You use the effective learning rate, as for the noise of SGD. Is stability decided "
            "by the same combination?",
            lambda s, lr, m: edge_ratio(s, lr / (1 - m), m),
        ),
        Mistake(
            "one over lr",
            "You compare to one over the learning rate. There a step lands exactly in the "
            "minimum: how far beyond may it land without growing?",
            threshold_of(lambda lr, m: (1 + m) / lr),
        ),
        Mistake(
            "all records",
            "You average the climb as well. From which record on does the run hover?",
            of_ratios(lambda r, first: r.mean()),
        ),
        Mistake(
            "first crossing left out",
            "You begin after the record that reaches the threshold. Does that record belong to it?",
            of_ratios(lambda r, first: r[first + 1 :].mean()),
        ),
        Mistake(
            "only what lies above",
            "You average the records above the threshold alone, so your result can't be below "
            "one. Does a run that hovers also dip?",
            of_ratios(lambda r, first: r[r >= 1].mean()),
        ),
        Mistake(
            "largest record",
            "You take the highest record. Is the overshoot where the run stays?",
            of_ratios(lambda r, first: r.max()),
        ),
        Mistake(
            "last record",
            "You take the last record alone. A run that hovers swings: which number describes it "
            "better?",
            of_ratios(lambda r, first: r[-1]),
        ),
        Mistake(
            "first record at the edge",
            "You stop at the first record that reaches the threshold. What does the run do "
            "afterwards?",
            of_ratios(lambda r, first: r[first]),
        ),
        Mistake(
            "mean sharpness",
            "You return a sharpness. Relative to what is it asked?",
            lambda s, lr, m: edge_ratio(s, lr, m) * 2 * (1 + m) / lr,
        ),
        Mistake(
            "upside down",
            "You divide the threshold by the sharpness. On which side of one should a run beyond "
            "the edge lie?",
            lambda s, lr, m: 1 / edge_ratio(s, lr, m),
        ),
        Mistake(
            "last crossing",
            "You begin at the last time that the run crosses upwards. When did it first arrive?",
            of_ratios(lambda r, first: r[last_crossing(r) :].mean()),
        ),
        Mistake(
            "mean of a run that never arrives",
            "This run never reaches the threshold, yet you report an average. What does the "
            "docstring ask for there?",
            mean_without_arrival,
        ),
        Mistake(
            "zero for a run that never arrives",
            "You report zero for a run that never arrives. Is zero a measured ratio, or the lack "
            "of one?",
            zero_without_arrival,
        ),
        Mistake(
            "last record of a run that never arrives",
            "This run never reaches the threshold, yet you report its last record. What does the "
            "docstring ask for there?",
            last_without_arrival,
        ),
        Mistake(
            "product with lr alone",
            "You multiply by the learning rate alone. For the edge to lie at one, what is missing?",
            lambda s, lr, m: 2 * (1 + m) * edge_ratio(s, lr, m),
        ),
        Mistake(
            "momentum in the denominator",
            "Your threshold falls with momentum, as if it made descent less stable. On which side "
            "of the limit does the text put the factor?",
            threshold_of(lambda lr, m: 2 / (1 + m) / lr),
        ),
        Mistake(
            "brackets of the threshold",
            "Your threshold hardly moves with the learning rate. In which order does Python do the "
            "sum and the quotient?",
            threshold_of(lambda lr, m: 2 + m / lr),
        ),
        Mistake(
            "each ratio upside down",
            "You divide the threshold by each record. On which side of one should a record beyond "
            "the edge lie?",
            of_ratios(lambda r, first: (1 / r[first:]).mean()),
        ),
        Mistake(
            "from the last record above",
            "You begin at the last record that reaches the threshold. When did the run first "
            "arrive?",
            of_ratios(lambda r, first: r[np.flatnonzero(r >= 1)[-1] :].mean()),
        ),
        Mistake(
            "up to the first dip",
            "You stop where the run first dips below the threshold. Does a run that hovers stay "
            "on one side?",
            of_ratios(until_the_dip),
        ),
        Mistake(
            "from the largest record",
            "You begin at the highest record. Is that where the run first arrives at the edge?",
            of_ratios(lambda r, first: r[r.argmax() :].mean()),
        ),
        Mistake(
            "middle value",
            "You take the median. Which average does the docstring ask for?",
            of_ratios(lambda r, first: np.median(r[first:])),
        ),
        Mistake(
            "capped at one",
            "You cut every ratio off at one. Can a run lie beyond the edge for a while?",
            of_ratios(lambda r, first: np.minimum(r[first:], 1).mean()),
        ),
        Mistake(
            "strictly above",
            "You wait for a record above the threshold. A record lies exactly on it here: what "
            "does the text say about that one?",
            strictly_above,
        ),
    ),
    accepted=(edge_by_numpy, edge_from_behind),
    lesson="A ratio near one says that the learning rate sets where the sharpness stays: at half "
    "the rate a run that gets there stays twice as high.",
    answered_by=(
        "coursekit.curvature.sharpness_measures",
        "coursekit.experiments.edge",
        "coursekit.toy.dynamics",
    ),
)


def last_crossing(ratios: np.ndarray) -> int:
    above = ratios >= 1
    upward = [i for i in range(len(ratios)) if above[i] and (i == 0 or not above[i - 1])]
    return upward[-1]
