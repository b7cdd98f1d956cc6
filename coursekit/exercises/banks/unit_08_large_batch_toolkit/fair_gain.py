"""What a remedy gains: each arm at its own best setting, paired by seed, with its interval."""

from collections.abc import Callable

import numpy as np
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def fair_gain(validation: Tensor, test: Tensor, t95: float) -> list:
    chosen = validation.mean(dim=2).argmax(dim=1)
    gains = (test[0, chosen[0]] - test[1, chosen[1]]).double()
    return [gains.mean(), t95 * gains.std() / len(gains) ** 0.5]


def by_loop(validation, test, t95):
    rows = []
    for arm in range(2):
        scores = [sum(row) for row in validation[arm].tolist()]
        rows.append(test[arm].tolist()[scores.index(max(scores))])
    gains = [a - b for a, b in zip(*rows, strict=True)]
    mean = sum(gains) / len(gains)
    variance = sum((g - mean) ** 2 for g in gains) / (len(gains) - 1)
    return [mean, t95 * (variance / len(gains)) ** 0.5]


def by_covariance(validation, test, t95):
    """Var of a difference: both variances less twice the covariance."""
    best = validation.numpy().sum(axis=2).argmax(axis=1)
    rows = np.stack([test.numpy()[arm, best[arm]] for arm in range(2)]).astype(float)
    c = np.cov(rows)
    variance = (c[0, 0] + c[1, 1] - 2 * c[0, 1]) / rows.shape[1]
    return [rows[0].mean() - rows[1].mean(), t95 * np.sqrt(max(variance, 0.0))]


def places(validation: Tensor) -> Tensor:
    return validation.mean(dim=2).argmax(dim=1)


def with_rows(rows: Callable[[Tensor, Tensor], tuple[Tensor, ...]]) -> Callable[..., list]:
    """Return an answer that reads other accuracies, (S,) an arm, and goes on as it should."""

    def answer(validation, test, t95):
        one, other = rows(validation, test)
        gains = (one - other).double()
        return [gains.mean(), t95 * gains.std() / len(gains) ** 0.5]

    return answer


def with_half(half: Callable[[Tensor, Tensor, float], Tensor]) -> Callable[..., list]:
    """Return an answer with the right mean and another half-width, made of both arms' rows."""

    def answer(validation, test, t95):
        i, j = places(validation)
        one, other = test[0, i].double(), test[1, j].double()
        return [(one - other).mean(), half(one, other, t95)]

    return answer


def each_seed_its_own(validation: Tensor, test: Tensor) -> tuple[Tensor, Tensor]:
    best = validation.argmax(dim=1, keepdim=True)
    return tuple(test.gather(1, best)[:, 0])  # type: ignore[return-value]


def draw_arms(rng: np.random.Generator) -> list[Case]:
    """Draw arms that share what a seed is worth; the best row differs by who chooses."""
    cases = []
    for group in ("one best setting", "two best settings") * 4:
        k, seeds = int(rng.integers(5, 7)), int(rng.integers(4, 7))
        luck = rng.normal(0, 3, seeds)
        base = rng.uniform(34, 42, (2, k, 1))
        validation = base + luck + rng.normal(0, 0.4, (2, k, seeds))
        test = base + luck + rng.normal(0, 0.6, (2, k, seeds))
        rows = [int(r) for r in rng.permutation(k)]
        best = (rows[0], rows[0] if group == "one best setting" else rows[1])
        for arm in range(2):
            validation[arm, best[arm]] = 46 + luck + rng.normal(0, 0.4, seeds)
            test[arm, best[arm]] = rng.uniform(44, 47) + luck + rng.normal(0, 0.6, seeds)
            validation[arm, rows[2], 0] = 60.0  # this seed alone would choose otherwise
            validation[arm, rows[2], 1] -= 9.0
            validation[arm, rows[4]] = 48.5 + luck + rng.normal(0, 0.3, seeds)
            validation[arm, rows[4], -1] = 8.0  # most seeds like it, and their mean does not
            validation[arm, rows[3]] = 44.5 + luck + rng.normal(0, 0.3, seeds)  # good in both
            test[arm, rows[3]] = rng.uniform(49, 51) + rng.normal(0, 3.0, seeds)  # best on test
        t95 = {4: 3.18245, 5: 2.77645, 6: 2.57058}[seeds]
        cases.append(Case(group, (validation, test, t95)))
    return cases


FOUR = np.array(
    [[[40.0, 42.0], [44.0, 46.0], [30.0, 48.0]], [[41.0, 43.0], [38.0, 40.0], [30.0, 47.0]]]
)
TESTS = np.array(
    [[[39.0, 43.0], [45.0, 48.0], [50.0, 53.0]], [[40.0, 42.0], [47.0, 46.0], [44.0, 52.0]]]
)

U08_FAIR_GAIN = Exercise(
    id="u08_fair_gain",
    call="fair_gain(validation, test, t95)",
    points={"one best setting": 1.0, "two best settings": 2.0},
    by_hand=(
        Case(
            "one best setting",
            (
                np.array([[[40.0, 40.0], [44.0, 46.0]], [[41.0, 39.0], [43.0, 43.5]]]),
                np.array([[[50.0, 52.0], [47.0, 48.0]], [[53.0, 50.0], [41.0, 45.0]]]),
                12.5,
            ),
            keeps=("smallest", "by hand"),
        ),
        Case(
            "one best setting",
            (
                np.array(
                    [
                        [[40.0, 40.0, 41.0], [44.0, 46.0, 42.0]],
                        [[41.0, 39.0, 40.0], [43.0, 44.0, 42.0]],
                    ]
                ),
                np.array(
                    [
                        [[50.0, 52.0, 51.0], [40.0, 43.0, 39.0]],
                        [[47.0, 50.0, 46.0], [42.0, 44.0, 43.0]],
                    ]
                ),
                4.25,
            ),
            keeps=("sign",),
        ),
        Case("two best settings", (FOUR, TESTS, 12.5), keeps=("average",)),
    ),
    promises=("average", "by hand", "sign", "smallest"),
    draw=draw_arms,
    reference=fair_gain,
    mistakes=(
        Mistake(
            "chosen by test",
            "You choose each arm's setting by its test accuracy. What is then left that has not "
            "been looked at?",
            with_rows(lambda v, t: tuple(t[a, t[a].mean(dim=1).argmax()] for a in range(2))),
        ),
        Mistake(
            "the baseline's setting for both",
            "Both arms run at the setting that is best for the baseline. Is it the remedy's best?",
            with_rows(lambda v, t: (t[0, places(v)[1]], t[1, places(v)[1]])),
        ),
        Mistake(
            "the remedy's setting for both",
            "Both arms run at the setting that is best for the remedy. Did the baseline get its "
            "chance?",
            with_rows(lambda v, t: (t[0, places(v)[0]], t[1, places(v)[0]])),
        ),
        Mistake(
            "one setting for both, by their mean",
            "You choose one setting for the two together. Does each arm get its own?",
            with_rows(lambda v, t: tuple(t[:, v.mean(dim=(0, 2)).argmax()])),
        ),
        Mistake(
            "each seed chooses",
            "Each seed chooses a setting for itself. Is that one setting, measured on all seeds?",
            with_rows(each_seed_its_own),
        ),
        Mistake(
            "chosen by the median seed",
            "You choose by the median. Which average does the docstring name, and what does the "
            "median do to a setting that fails now and then?",
            with_rows(lambda v, t: tuple(t[a, v[a].median(dim=1)[0].argmax()] for a in range(2))),
        ),
        Mistake(
            "chosen by the luckiest seed",
            "You choose by the best seed. Is that the setting which is best on the average?",
            with_rows(lambda v, t: tuple(t[a, v[a].amax(dim=1).argmax()] for a in range(2))),
        ),
        Mistake(
            "each seed's best test accuracy",
            "You take the highest test accuracy of each seed. Who could know that setting "
            "beforehand?",
            with_rows(lambda v, t: tuple(t.amax(dim=1))),
        ),
        Mistake(
            "validation reported",
            "You report the accuracy by which you chose. Is the winner of a choice still "
            "unbiased on what chose it?",
            with_rows(lambda v, t: (v[0, places(v)[0]], v[1, places(v)[1]])),
        ),
        Mistake(
            "averaged over settings",
            "You average over all settings, bad ones included. Would anybody run those?",
            with_rows(lambda v, t: tuple(t.mean(dim=1))),
        ),
        Mistake(
            "baseline minus remedy",
            "Your sign says the opposite of what the docstring asks. Which arm stands first?",
            with_rows(lambda v, t: (t[1, places(v)[1]], t[0, places(v)[0]])),
        ),
        Mistake(
            "unpaired",
            "Your interval treats the two arms as independent. Do a seed's two runs share "
            "something, and what does that do to their difference?",
            with_half(lambda a, b, t: t * ((a.var() + b.var()) / len(a)) ** 0.5),
        ),
        Mistake(
            "standard errors added",
            "You add the two arms' standard errors. Of which numbers is the error of the mean "
            "asked?",
            with_half(lambda a, b, t: t * (a.std() + b.std()) / len(a) ** 0.5),
        ),
        Mistake(
            "divided by the number of seeds",
            "Your spread divides by the number of seeds. How many differences are free once their "
            "mean is known?",
            with_half(lambda a, b, t: t * (a - b).std(correction=0) / len(a) ** 0.5),
        ),
        Mistake(
            "spread of single seeds",
            "Your interval is that of one seed. How much less does a mean of several spread?",
            with_half(lambda a, b, t: t * (a - b).std()),
        ),
        Mistake(
            "standard error alone",
            "You give a standard error. How many of them does the docstring's half-width hold?",
            with_half(lambda a, b, t: (a - b).std() / len(a) ** 0.5),
        ),
        Mistake(
            "two standard errors",
            "You took a factor that suits many seeds. How many have you, and which factor came as "
            "an argument?",
            with_half(lambda a, b, t: 2 * (a - b).std() / len(a) ** 0.5),
        ),
        Mistake(
            "variance in place of spread",
            "The unit of your half-width is points squared. What brings it back to points?",
            with_half(lambda a, b, t: t * (a - b).var() / len(a) ** 0.5),
        ),
        Mistake(
            "divided by the seeds, not by their root",
            "Your half-width shrinks as one over the seeds. How does the error of a mean shrink?",
            with_half(lambda a, b, t: t * (a - b).std() / len(a)),
        ),
        Mistake(
            "whole width",
            "You give the whole interval. Which part of it stands behind the plus-minus?",
            with_half(lambda a, b, t: 2 * t * (a - b).std() / len(a) ** 0.5),
        ),
    ),
    accepted=(by_loop, by_covariance),
    lesson="Each arm by its own validation, the same seeds in both, one number on test data with "
    "its interval. Most remedies shrink when their baseline gets the same care.",
    answered_by=("coursekit.replicas.population", "coursekit.claims", "coursekit.intervals"),
)
