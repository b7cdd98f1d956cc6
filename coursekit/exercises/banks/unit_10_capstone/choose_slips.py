"""Wrong choices of an experiment, each with its question."""

import math

from coursekit.exercises.engine.declare import Mistake


def choose(
    prices: list[float], first: list[float], second: list[float], errors: list[float]
) -> int:
    best = -1
    for i, price in enumerate(prices):
        separates = abs(first[i] - second[i]) > 2 * errors[i]
        if separates and (best < 0 or price < prices[best]):
            best = i
    return best


def pick(score, keep=lambda d, e: abs(d) > 2 * e, nobody=-1):
    """Return a mistake: the highest score among the experiments that are kept."""

    def answer(prices, first, second, errors):
        rows = [
            (score(p, f - s, e), -i)
            for i, (p, f, s, e) in enumerate(zip(prices, first, second, errors, strict=True))
            if keep(f - s, e)
        ]
        return -max(rows)[1] if rows else nobody

    return answer


def clearest(prices, first, second, errors):
    """Rank by difference over error; where an error is zero, this ends in a division by it."""
    if 0.0 in errors:
        return math.nan
    return pick(lambda p, d, e: abs(d) / e)(prices, first, second, errors)


def able(first, second, errors):
    rows = enumerate(zip(first, second, errors, strict=True))
    return [i for i, (f, s, e) in rows if abs(f - s) > 2 * e]


def shortlist(tells):
    """Return a mistake: the cheapest of those that another test lets pass."""

    def answer(prices, first, second, errors):
        rows = enumerate(zip(first, second, errors, strict=True))
        kept = [i for i, (f, s, e) in rows if tells(f, s, e)]
        return min(kept, key=lambda i: prices[i], default=-1)

    return answer


def only_the_cheapest(prices, first, second, errors):
    i = prices.index(min(prices))
    return i if i in able(first, second, errors) else -1


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "the cheapest of all",
        "You take the cheapest, whatever it tells. What do you know after a run that both "
        "explanations predict alike?",
        pick(lambda p, d, e: -p, keep=lambda d, e: True),
    ),
    Mistake(
        "the largest difference",
        "You take the one where the predictions lie furthest apart. Is it the cheapest that "
        "tells them apart?",
        pick(lambda p, d, e: abs(d)),
    ),
    Mistake(
        "the clearest",
        "You take the one that tells most clearly for its error. Is it the cheapest that tells "
        "them apart?",
        clearest,
    ),
    Mistake(
        "difference for the price",
        "You divide the difference by the price. What is a third of an answer worth?",
        pick(lambda p, d, e: abs(d) / p, keep=lambda d, e: True),
    ),
    Mistake(
        "one error",
        "You ask for one error between the predictions. From either of them the outcome may "
        "lie an error away: do the two intervals still meet?",
        pick(lambda p, d, e: -p, keep=lambda d, e: abs(d) > e),
    ),
    Mistake(
        "any difference",
        "Any difference is enough for you. Can the experiment see it?",
        pick(lambda p, d, e: -p, keep=lambda d, e: d != 0),
    ),
    Mistake(
        "sign kept",
        "You count a difference in one direction alone. Does it matter which explanation "
        "predicts more?",
        pick(lambda p, d, e: -p, keep=lambda d, e: d > 2 * e),
    ),
    Mistake(
        "sign kept, the other way",
        "You count a difference only where the second predicts more. Does it matter which "
        "explanation does?",
        pick(lambda p, d, e: -p, keep=lambda d, e: -d > 2 * e),
    ),
    Mistake(
        "the dearest",
        "You take the dearest that tells them apart. Would a cheaper one tell less?",
        pick(lambda p, d, e: p),
    ),
    Mistake(
        "the first that tells",
        "You take the first that tells them apart. Does the list stand in the order of prices?",
        pick(lambda p, d, e: 0.0),
    ),
    Mistake(
        "just touching",
        "Two intervals that just touch are apart for you. What does the text say about them?",
        pick(lambda p, d, e: -p, keep=lambda d, e: abs(d) >= 2 * e),
    ),
    Mistake(
        "counted from one",
        "Your number is one higher throughout. Where does Python begin to count?",
        lambda p, f, s, e: choose(p, f, s, e) + 1,
    ),
    Mistake(
        "the price",
        "You return the price of the right experiment. What does the text ask for?",
        lambda p, f, s, e: p[choose(p, f, s, e)] if choose(p, f, s, e) >= 0 else -1,
    ),
    Mistake(
        "the cheapest where none tells",
        "None tells the two apart, and you still run one. What would it be for?",
        lambda p, f, s, e: choose(p, f, s, e) if choose(p, f, s, e) >= 0 else p.index(min(p)),
    ),
    Mistake(
        "four errors",
        "You ask for more than two intervals that don't meet. How far does each reach?",
        pick(lambda p, d, e: -p, keep=lambda d, e: abs(d) > 4 * e),
    ),
    Mistake(
        "sizes compared",
        "You compare how large the two predictions are. Do a gain and a loss of one size agree?",
        shortlist(lambda f, s, e: abs(abs(f) - abs(s)) > 2 * e),
    ),
    Mistake(
        "only the cheapest asked",
        "You ask the cheapest alone, and give up. What of the next?",
        only_the_cheapest,
    ),
    Mistake(
        "most for the price",
        "Among those that tell you take the most difference for the money. Does half of it "
        "tell less?",
        pick(lambda p, d, e: abs(d) / p),
    ),
    Mistake(
        "last of equals",
        "Of equal prices you take the last. Which one does the text ask for?",
        lambda p, f, s, e: max(
            (k for k in able(f, s, e) if p[k] == p[choose(p, f, s, e)]), default=-1
        ),
    ),
    Mistake(
        "place on a shortlist",
        "You return a place among those that tell. In which list does the text count?",
        lambda p, f, s, e: able(f, s, e).index(choose(p, f, s, e)) if able(f, s, e) else -1,
    ),
    Mistake(
        "another of that price",
        "You look for the right price and take the first that has it. Does that one tell?",
        lambda p, f, s, e: p.index(p[choose(p, f, s, e)]) if able(f, s, e) else -1,
    ),
    Mistake(
        "zero where none tells",
        "None tells the two apart, and you return the place of the first. What does the text "
        "ask for?",
        lambda p, f, s, e: max(0, choose(p, f, s, e)),
    ),
    Mistake(
        "the cheapest that agrees",
        "You take the cheapest on which the two agree. What would you learn from it?",
        pick(lambda p, d, e: -p, keep=lambda d, e: abs(d) <= 2 * e),
    ),
    Mistake(
        "an effect for a difference",
        "You look for a large effect. If both predict it, what does it tell?",
        shortlist(lambda f, s, e: max(abs(f), abs(s)) > 2 * e),
    ),
    Mistake(
        "opposite signs",
        "You ask for a gain against a loss. Can a small loss and a large one be told apart?",
        shortlist(lambda f, s, e: f * s < 0 and abs(f - s) > 2 * e),
    ),
    Mistake(
        "the largest error for all",
        "You take the largest error for every experiment. Whose error is it?",
        lambda p, f, s, e: choose(p, f, s, [max(e)] * len(e)),
    ),
    Mistake(
        "price times error",
        "You weigh the price with the error. If it tells, is it cheaper for telling better?",
        lambda p, f, s, e: min(able(f, s, e), key=lambda i: p[i] * e[i], default=-1),
    ),
    Mistake(
        "clearest of equals",
        "Of equal prices you take the largest difference. Which one does the text ask for?",
        lambda p, f, s, e: min(able(f, s, e), key=lambda i: (p[i], -abs(f[i] - s[i])), default=-1),
    ),
)
