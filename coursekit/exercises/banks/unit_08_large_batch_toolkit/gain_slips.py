"""A paired gain with its interval, and wrong ways to it."""

from collections.abc import Callable

from torch import Tensor

from coursekit.exercises.engine.declare import Mistake


def fair_gain(validation: Tensor, test: Tensor, t95: float) -> list:
    chosen = validation.mean(dim=2).argmax(dim=1)
    gains = (test[0, chosen[0]] - test[1, chosen[1]]).double()
    return [gains.mean(), t95 * gains.std() / len(gains) ** 0.5]


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
    return tuple(test.gather(1, best)[:, 0])


def both_ends(validation, test, t95):
    mean, half = fair_gain(validation, test, t95)
    return [mean - half, mean + half]


def median_gain(validation, test, t95):
    i, j = places(validation)
    gains = (test[0, i] - test[1, j]).double()
    return [gains.quantile(0.5), fair_gain(validation, test, t95)[1]]


def percent_of_baseline(a, b):
    return 100 * (a - b) / b


def of_gains(gain):
    """Return an answer with another gain of a seed, a formula of both arms' rows."""

    def answer(validation, test, t95):
        i, j = places(validation)
        gains = gain(test[0, i].double(), test[1, j].double())
        return [gains.mean(), t95 * gains.std() / len(gains) ** 0.5]

    return answer


MISTAKES: tuple[Mistake, ...] = (
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
        "You take the highest test accuracy of each seed. Who could know that setting beforehand?",
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
        "You add the two arms' standard errors. Of which numbers is the error of the mean asked?",
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
    Mistake(
        "both ends",
        "You return where the interval begins and where it ends. Which two numbers does the "
        "docstring ask for?",
        both_ends,
    ),
    Mistake(
        "half-width first",
        "You return both numbers. In which order does the docstring want them?",
        lambda v, t, t95: fair_gain(v, t, t95)[::-1],
    ),
    Mistake(
        "sizes of the gains",
        "You drop the sign of each seed's gain. What then becomes of a seed in which the remedy "
        "loses?",
        of_gains(lambda a, b: (a - b).abs()),
    ),
    Mistake(
        "percent of the baseline",
        "You divide by the baseline's accuracy. In which unit does the docstring want the gain?",
        of_gains(percent_of_baseline),
    ),
    Mistake(
        "rows sorted before they are paired",
        "You pair the best of one arm with the best of the other. What makes two runs a pair?",
        of_gains(lambda a, b: a.sort().values - b.sort().values),
    ),
    Mistake(
        "median gain",
        "You report the median gain. Which average does the docstring name?",
        median_gain,
    ),
    Mistake(
        "spread of the remedy alone",
        "Your interval is that of one arm. Of which numbers do you report the mean?",
        with_half(lambda a, b, t: t * a.std() / len(a) ** 0.5),
    ),
    Mistake(
        "one less under the root too",
        "You take one off twice. Where does the standard error take it off?",
        with_half(lambda a, b, t: t * (a - b).std() / (len(a) - 1) ** 0.5),
    ),
    Mistake(
        "the normal factor",
        "Your factor is that of the normal distribution. Which one came as an argument?",
        with_half(lambda a, b, t: 1.96 * (a - b).std() / len(a) ** 0.5),
    ),
    Mistake(
        "half of the half",
        "You halve a width that is half already. How many standard errors does the docstring "
        "count?",
        with_half(lambda a, b, t: t / 2 * (a - b).std() / len(a) ** 0.5),
    ),
    Mistake(
        "where the remedy gains most",
        "You choose the setting with the largest gain. Does each arm get its own?",
        with_rows(lambda v, t: tuple(t[:, (v[0] - v[1]).mean(dim=1).argmax()])),
    ),
    Mistake(
        "the arms' settings exchanged",
        "Each arm runs at the other one's setting. Whose validation accuracy chose which?",
        with_rows(lambda v, t: (t[0, places(v)[1]], t[1, places(v)[0]])),
    ),
    Mistake(
        "the baseline untuned",
        "Your baseline runs at the first setting of its grid. Did anybody choose it?",
        with_rows(lambda v, t: (t[0, places(v)[0]], t[1, 0])),
    ),
    Mistake(
        "chosen by the first seed",
        "You choose without some of the seeds. Is that the setting which is best on the average?",
        with_rows(lambda v, t: tuple(t[a, v[a, :, 0].argmax()] for a in range(2))),
    ),
    Mistake(
        "the worst setting",
        "You take the lowest validation accuracy. Which end of an accuracy is good?",
        with_rows(lambda v, t: tuple(t[a, v[a].mean(dim=1).argmin()] for a in range(2))),
    ),
)
