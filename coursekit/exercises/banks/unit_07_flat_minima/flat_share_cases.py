"""Cases for the share of the flat well."""

import numpy as np

from coursekit.exercises.engine.declare import Case


def draw_share(rng: np.random.Generator) -> list[Case]:
    cases = []
    for number, group in enumerate(("low energies", "high energies") * 3):
        m = int(rng.integers(6, 9))
        widths = rng.choice([0.25, 0.5, 1.0, 2.0], m)
        widths[:2] = 0.25, 2.0
        edges = np.concatenate([[-2.0], -2.0 + np.cumsum(widths)])
        positions = ((edges[1:] + edges[:-1]) / 2).round(4)
        energies = rng.uniform(0.0, 2.0, m).round(2)
        temperature = float(rng.choice([0.4, 0.7, 1.6]))
        middle = int(rng.choice([1, m - 2]))
        energies[middle] = 0.3  # the cell on the border weighs something
        if group == "high energies":
            energies = energies + float(rng.choice([-900.0, 900.0]))
        if number == 5:  # one cell far above the others
            energies[-1 if middle == 1 else 0] += 2000.0
            temperature = 0.25
        # once the border lies between two cells, nearer to the one beyond it
        top = float(positions[middle]) - (0.05 if number == 2 else 0.0)
        cases.append(Case(group, (positions, widths, energies, top, temperature)))
    positions, widths, energies, _, temperature = cases[0].args
    beyond = float(rng.choice([positions[0] - 0.5, positions[-1]]))  # of every cell, or of none
    cases.append(Case("low energies", (positions, widths, energies, beyond, temperature)))
    return cases


BY_HAND = (
    Case(
        "low energies",
        (np.array([-1.0, 1.0]), np.array([1.0, 3.0]), np.array([0.0, 0.0]), 0.0, 1.0),
        keeps=("smallest", "uneven"),
    ),
    Case(
        "low energies",
        (
            np.array([-1.0, 1.0, 2.0]),
            np.array([1.0, 2.0, 0.5]),
            np.array([0.5, 1.5, 3.0]),
            0.25,
            2.0,
        ),
        keeps=("by hand",),
    ),
    # the right cell lies a little beyond the top: that is right of it
    Case(
        "low energies",
        (np.array([-1.0, 0.004]), np.array([1.0, 2.0]), np.array([0.0, 0.5]), 0.0, 1.0),
        keeps=("boundary",),
        quotes="a cell exactly at the top is not right of it",
    ),
    # no cell lies right of the top, and then every one
    Case(
        "low energies",
        (np.array([-1.0, 1.0]), np.array([1.0, 2.0]), np.array([0.0, 0.5]), 1.5, 1.0),
        keeps=("range",),
        quotes="it may be that no cell or every cell is",
    ),
    Case(
        "low energies",
        (np.array([-1.0, 1.0]), np.array([1.0, 2.0]), np.array([0.0, 0.5]), -1.5, 1.0),
        keeps=("range",),
        quotes="it may be that no cell or every cell is",
    ),
    # the middle cell lies at the top itself: not beyond
    Case(
        "low energies",
        (
            np.array([-1.5, 0.0, 1.5]),
            np.array([1.0, 2.0, 1.0]),
            np.array([1.0, 2.0, 0.5]),
            0.0,
            0.5,
        ),
        keeps=("boundary", "uneven"),
        quotes="a cell exactly at the top is not right of it",
    ),
    # no cell lies at the top, and the nearest one is beyond it
    Case(
        "low energies",
        (np.array([0.0, 1.0]), np.array([1.0, 2.0]), np.array([0.5, 0.0]), 0.9, 1.0),
        keeps=("boundary",),
    ),
    Case(
        "low energies",  # cold
        (np.array([-1.0, 1.0]), np.array([1.0, 2.0]), np.array([0.0, 0.1]), 0.0, 0.05),
        keeps=("range",),
    ),
    # few, but many temperatures; and many, but few temperatures apart
    Case(
        "high energies",
        (np.array([-1.0, 1.0]), np.array([1.0, 2.0]), np.array([100.0, 100.5]), 0.0, 0.1),
        keeps=("range",),
        quotes="only differences of energy matter, so choose where to count from",
    ),
    Case(
        "high energies",
        (np.array([-1.0, 1.0]), np.array([1.0, 1.0]), np.array([0.0, 1000.0]), 0.0, 500.0),
        keeps=("range",),
    ),
    Case(
        "high energies",
        (np.array([-1.0, 1.0]), np.array([1.0, 1.0]), np.array([1000.0, 1001.0]), 0.0, 1.0),
        keeps=("range",),
        quotes="only differences of energy matter, so choose where to count from",
    ),
    Case(
        "high energies",
        (np.array([-1.0, 1.0]), np.array([2.0, 1.0]), np.array([-1000.0, -1002.0]), 0.0, 2.0),
        keeps=("range", "sign"),
        quotes="only differences of energy matter, so choose where to count from",
    ),
    Case(
        "high energies",
        (np.array([-1.0, 1.0]), np.array([1.0, 1.0]), np.array([1000.0, -1000.0]), 0.0, 1.0),
        keeps=("range",),
        quotes="only differences of energy matter, so choose where to count from",
    ),
)
