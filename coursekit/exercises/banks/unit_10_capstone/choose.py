"""The cheapest experiment that separates two explanations."""

import numpy as np

from coursekit.exercises.banks.unit_10_capstone.choose_slips import MISTAKES, choose
from coursekit.exercises.banks.unit_10_capstone.further_slips_b import CHOOSE as FURTHER_SLIPS
from coursekit.exercises.banks.unit_10_capstone.further_slips_d import CHOOSE as LATE_SLIPS
from coursekit.exercises.banks.unit_10_capstone.further_slips_f import CHOOSE as LATEST_SLIPS
from coursekit.exercises.engine.declare import Case, Exercise


def choose_by_sorting(prices, first, second, errors):
    for i in sorted(range(len(prices)), key=lambda i: prices[i]):
        low, high = sorted((first[i], second[i]))
        if high - errors[i] > low + errors[i]:
            return i
    return -1


def choose_by_arrays(prices, first, second, errors):
    apart = np.abs(np.array(first) - np.array(second)) > 2 * np.array(errors)
    if not apart.any():
        return -1
    return int(np.where(apart, np.array(prices, dtype=float), np.inf).argmin())


def draw_menus(rng: np.random.Generator) -> list[Case]:
    cases = []
    for number, group in enumerate(("one that tells", "none that tells") * 4):
        n = 6
        unit = 25.0 if number in (4, 5) else 1.0
        prices = (unit * rng.permutation([0.1, 0.5, 1.0, 2.0, 3.0, 8.0])).tolist()
        if number == 4:  # the one to take is the first of the list
            third = int(np.argsort(prices)[2])
            prices[0], prices[third] = prices[third], prices[0]
        errors = rng.uniform(0.5, 2.0, n)
        gaps = errors * rng.uniform(0.2, 0.9, n)  # below one error: tells nothing
        by_price = np.argsort(prices)
        if group == "one that tells":
            near, told, dear, far = by_price[1], by_price[2], by_price[3], by_price[5]
            errors[dear], errors[far] = rng.uniform(0.3, 0.4), rng.uniform(3.0, 4.0)
            gaps[near] = errors[near] * rng.uniform(1.2, 1.8)  # above one error, below two
            gaps[told] = errors[told] * rng.uniform(2.3, 2.8)
            if number == 4:  # what is known exactly tells whatever differs
                errors[told] = 0.0
            gaps[dear] = errors[dear] * rng.uniform(16.0, 20.0)
            gaps[far] = errors[far] * rng.uniform(12.0, 15.0)
            signs = rng.choice([-1.0, 1.0], n)
            signs[told] = -1.0 if number % 4 else 1.0
            gaps[near], errors[near] = 3.0, rng.uniform(1.7, 2.5)
            gaps[by_price[0]], errors[by_price[0]] = 3.0, 1.5  # just touching
        else:
            gaps[by_price[1]] = errors[by_price[1]] * rng.uniform(1.2, 1.8)
            signs = rng.choice([-1.0, 1.0], n)
        if group == "one that tells" and number % 4 == 2:  # one price, and the first does not tell
            places = sorted((int(near), int(told), int(dear)))
            for rows in (gaps, errors, signs):
                rows[places] = rows[[near, told, dear]]
            for place in places:
                prices[place] = 1.0
        first = np.round(rng.uniform(-10, 5, n))
        first[0] = 0.0
        if group == "one that tells" and number % 4 == 0:  # a gain beside a loss of the same size
            first[by_price[2]] = (signs * gaps)[by_price[2]] / 2
        second = first - signs * gaps
        cases.append(Case(group, (prices, first.tolist(), second.tolist(), errors.tolist())))
    return cases


PLACE = "Return the place (counted from 0) of the cheapest that does"

U10_CHOOSE = Exercise(
    id="u10_choose",
    call="choose(prices, first, second, errors)",
    points={"one that tells": 2.0, "none that tells": 1.0},
    by_hand=(
        Case("one that tells", ([1.0, 4.0], [0.0, 12.0], [0.5, 0.0], [1.0, 2.0]), ("by hand",)),
        Case("one that tells", ([1.0, 2.0], [3.0, 3.0], [3.0, 4.0], [0.0, 0.0]), ("boundary",)),
        Case(
            "one that tells",
            (
                [8.0, 1.0, 2.0, 4.0],
                [0.0, 0.0, -3.0, 0.0],
                [9.0, 1.5, 0.0, 5.0],
                [1.0, 1.0, 1.0, 1.0],
            ),
            ("by hand", "sign"),
        ),
        Case(
            "one that tells",
            ([1.0, 2.0], [0.0, 0.0], [4.0, 6.0], [2.0, 1.0]),
            ("boundary",),
            "so that the two intervals do not even touch",
        ),
        Case(  # dear, and the first of the list
            "one that tells",
            ([150.0, 400.0], [0.0, 0.0], [9.0, 9.0], [1.0, 1.0]),
            ("order",),
            PLACE,
        ),
        Case(
            "one that tells",
            ([0.75, 0.25], [0.0, 0.0], [9.0, 9.0], [1.0, 1.0]),
            ("range",),
            PLACE,
        ),
        Case(  # hardly more than twice the error
            "one that tells",
            ([1.0, 2.0], [0.0, 0.0], [4.0625, 9.0], [2.0, 1.0]),
            ("range",),
            "more than twice",
        ),
        Case(
            "one that tells",
            (
                [4.0, 2.0, 2.0, 2.0],
                [0.0, 0.0, 0.0, 0.0],
                [3.0, 4.0, 9.0, 5.0],
                [1.0, 1.0, 1.0, 1.0],
            ),
            ("order",),
        ),
        Case("one that tells", ([2.0, 2.0], [0.0, -3.0], [1.0, 3.0], [1.0, 1.0]), ("sign",)),
        Case("none that tells", ([3.0], [1.0], [1.0], [0.5]), ("smallest",)),
        Case("none that tells", ([1.0, 2.0], [0.0, 0.0], [2.0, -1.0], [1.0, 1.0]), ("boundary",)),
    ),
    promises=("boundary", "by hand", "order", "range", "sign", "smallest"),
    draw=draw_menus,
    reference=choose,
    mistakes=(*MISTAKES, *FURTHER_SLIPS, *LATE_SLIPS, *LATEST_SLIPS),
    accepted=(choose_by_sorting, choose_by_arrays),
    lesson="A run is worth its price only if its outcome can change your mind. Write both "
    "predictions down first; where they agree, keep the money.",
    answered_by=("coursekit.experiments.mysteries",),
)
