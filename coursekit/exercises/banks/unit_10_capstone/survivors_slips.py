"""Wrong ways to judge explanations by intervals, each with its question."""

from coursekit.exercises.engine.declare import Mistake


def survivors(means, halves, predictions):
    kept = []
    for explanation in predictions:
        pairs = zip(means, halves, explanation, strict=True)
        kept.append(int(all(meets(mean, half, low, high) for mean, half, (low, high) in pairs)))
    return kept


def every(test, join=all):
    """Return a mistake that applies one test to each arm: (mean, half, low, high) -> bool."""

    def answer(means, halves, predictions):
        return [
            int(
                join(
                    test(m, h, low, high)
                    for m, h, (low, high) in zip(means, halves, explanation, strict=True)
                )
            )
            for explanation in predictions
        ]

    return answer


def meets(m, h, low, high):
    return m + h >= low and m - h <= high


def one_arm(place):
    return lambda ms, hs, ps: [int(meets(ms[place], hs[place], *p[place])) for p in ps]


def by_majority(ms, hs, ps):
    counts = [sum(meets(m, h, *pair) for m, h, pair in zip(ms, hs, p, strict=True)) for p in ps]
    return [int(2 * c > len(ms)) for c in counts]


def best_fit_only(ms, hs, ps):
    misses = [
        sum(max(low - m, m - high, 0.0) for m, (low, high) in zip(ms, p, strict=True)) for p in ps
    ]
    return [int(x == min(misses)) for x in misses]


def agreeing(ms, hs, ps):
    return [sum(meets(m, h, *pair) for m, h, pair in zip(ms, hs, p, strict=True)) for p in ps]


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "mean alone",
        "You ask where the mean lies. How far from it may the true change still be?",
        every(lambda m, h, low, high: low <= m <= high),
    ),
    Mistake(
        "whole interval inside",
        "You ask that the whole interval lies inside the prediction. Is a change refuted that "
        "may still be as predicted?",
        every(lambda m, h, low, high: low <= m - h and m + h <= high),
    ),
    Mistake(
        "prediction inside the interval",
        "You ask that the whole prediction lies inside the measured interval. Must an "
        "explanation predict as sharply as you measure?",
        every(lambda m, h, low, high: m - h <= low and high <= m + h),
    ),
    Mistake(
        "one arm is enough",
        "You keep an explanation that agrees with some arm. What does one failed prediction "
        "do to it?",
        every(meets, any),
    ),
    Mistake(
        "first arm alone",
        "You look at the first arm alone. What do the others say?",
        one_arm(0),
    ),
    Mistake(
        "last arm alone",
        "You look at the last arm alone. What became of the verdict of the arms before?",
        one_arm(-1),
    ),
    Mistake(
        "majority",
        "You let the arms vote. What does one failed prediction do to an explanation?",
        by_majority,
    ),
    Mistake(
        "touching is refuted",
        "An interval that just touches the prediction is refuted in your answer. What does "
        "the text say about the ends?",
        every(lambda m, h, low, high: m + h > low and m - h < high),
    ),
    Mistake(
        "refuted are marked",
        "You mark those that are refuted. Which of the two does the text ask for?",
        lambda ms, hs, ps: [1 - x for x in survivors(ms, hs, ps)],
    ),
    Mistake(
        "lower end alone",
        "You compare with the lower end of each prediction. What does the upper end say?",
        every(lambda m, h, low, high: m + h >= low),
    ),
    Mistake(
        "upper end alone",
        "You compare with the upper end of each prediction. What does the lower end say?",
        every(lambda m, h, low, high: m - h <= high),
    ),
    Mistake(
        "middle of the prediction",
        "You compare the middle of each prediction with the interval. Does an explanation "
        "promise its middle?",
        every(lambda m, h, low, high: abs(m - (low + high) / 2) <= h),
    ),
    Mistake(
        "best fit alone",
        "You keep the explanation that fits best. Can't two survive the same experiment?",
        best_fit_only,
    ),
    Mistake(
        "touching above is refuted",
        "An interval that begins where the prediction ends is refuted in your answer. Whose "
        "are the ends?",
        every(lambda m, h, low, high: m + h >= low and m - h < high),
    ),
    Mistake(
        "touching below is refuted",
        "An interval that ends where the prediction begins is refuted in your answer. Whose "
        "are the ends?",
        every(lambda m, h, low, high: m + h > low and m - h <= high),
    ),
    Mistake(
        "an end of the interval inside",
        "You ask for an end of the interval inside the prediction. What if the interval holds "
        "the whole prediction?",
        every(lambda m, h, low, high: low <= m - h <= high or low <= m + h <= high),
    ),
    Mistake(
        "an end of the prediction inside",
        "You ask for an end of the prediction inside the interval. What if the prediction "
        "holds the whole interval?",
        every(lambda m, h, low, high: m - h <= low <= m + h or m - h <= high <= m + h),
    ),
    Mistake(
        "interval twice as wide",
        "Your interval is too wide. How far does it reach to either side of the mean?",
        every(lambda m, h, low, high: meets(m, 2 * h, low, high)),
    ),
    Mistake(
        "interval half as wide",
        "Your interval is too narrow. How far does it reach to either side of the mean?",
        every(lambda m, h, low, high: meets(m, h / 2, low, high)),
    ),
    Mistake(
        "the whole table",
        "You return a verdict for each arm. What do they say of the explanation together?",
        lambda ms, hs, ps: [
            [int(meets(m, h, *r)) for m, h, r in zip(ms, hs, p, strict=True)] for p in ps
        ],
    ),
    Mistake(
        "counts",
        "You count the arms that agree. What does one that doesn't agree do?",
        agreeing,
    ),
    Mistake(
        "most arms wins",
        "You keep whichever agrees on most arms. Must one of them survive?",
        lambda ms, hs, ps: [int(c == max(agreeing(ms, hs, ps))) for c in agreeing(ms, hs, ps)],
    ),
    Mistake(
        "whole points",
        "You round the interval to whole points. Who asks for that?",
        every(lambda m, h, low, high: round(m - h) <= high and low <= round(m + h)),
    ),
    Mistake(
        "no verdict where zero is inside",
        "You let an arm off whose interval holds zero. What did the explanation predict there?",
        every(lambda m, h, low, high: abs(m) <= h or meets(m, h, low, high)),
    ),
)
