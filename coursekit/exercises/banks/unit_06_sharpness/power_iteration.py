"""The Hessian's extreme eigenvalue by power iteration, with its residual."""

import numpy as np
import torch

from coursekit.exercises.banks.unit_06_sharpness.power_slips import (
    change_of_v,
    change_of_value,
    in_another_norm,
    length_of_the_last_product,
    long_residual,
    mean_stretch,
    of_residual,
    of_value,
    power_iteration,
    power_unnormalised,
    residual_of_the_start,
    stale_product,
    with_v,
    without_last_normalising,
)
from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def power_without_normalising(product, start, num_steps):
    v = start
    for _ in range(num_steps):
        v = product(v)
    moved, length = product(v), float(v @ v)
    value = float(v @ moved) / length
    return [value, max(float(moved @ moved) / length - value**2, 0.0) ** 0.5]


def power_by_eigenvectors(product, start, num_steps):
    matrix = torch.stack([product(e) for e in torch.eye(len(start), dtype=start.dtype)])
    values, vectors = torch.linalg.eigh(matrix)
    shares = ((vectors.T @ start) * values**num_steps) ** 2
    shares = shares / shares.sum()
    mean = (shares * values).sum()
    return [mean, (shares * (values - mean) ** 2).sum().sqrt()]


def draw_power(rng: np.random.Generator) -> list[Case]:
    cases = []
    for number, group in enumerate(("largest is positive", "largest in size is negative") * 3):
        p, num_steps = int(rng.integers(3, 6)), int(rng.integers(2, 5))
        basis = np.linalg.qr(rng.normal(size=(p, p)))[0]
        values = rng.uniform(0.8, 2.0, p) * rng.choice([-1.0, 1.0], p)
        values[0] = rng.uniform(2.4, 3.2) * (1 if group == "largest is positive" else -1)
        shares = rng.uniform(0.6, 1.0, p) * rng.choice([-1, 1], p)
        if number == 5:  # a start that lies higher than where the steps lead
            values[1:], num_steps = rng.uniform(1.6, 1.9, p - 1), 2
            shares[0] *= 0.5
        start = basis @ shares * rng.uniform(1.5, 3.0)
        matrix = basis @ np.diag(values) @ basis.T
        cases.append(Case(group, ((matrix + matrix.T) / 2, start, num_steps)))
    return cases


U06_POWER_ITERATION = Exercise(
    id="u06_power_iteration",
    call="power_iteration(product, start, num_steps)",
    points={"largest is positive": 2.0, "largest in size is negative": 1.0},
    by_hand=(
        Case(
            "largest is positive",
            (np.diag([2.0, 1.0]), np.array([3.0, 3.0]), 1),
            keeps=("by hand",),
        ),
        Case("largest is positive", (np.array([[2.0]]), np.array([-3.0]), 1), keeps=("smallest",)),
        Case(
            "largest is positive", (np.diag([3.0, 1.0]), np.array([2.0, 2.0]), 3), keeps=("range",)
        ),
        Case(
            "largest is positive",
            (np.diag([3.0, 1.0]), np.array([1.0, 0.5]), 9),
            keeps=("range",),
            quotes="Then do exactly num_steps times: multiply by A, bring to length one.",
        ),
        Case(
            "largest in size is negative",
            (np.diag([-2.0, 1.0]), np.array([3.0, 3.0]), 1),
            keeps=("sign",),
            quotes="two numbers, the value with its sign",
        ),
        Case(
            "largest in size is negative",
            (np.diag([-3.0, 2.0]), np.array([1.0, 2.0]), 1),
            keeps=("order",),
            quotes="With the resulting v return the Rayleigh quotient and the residual",
        ),
    ),
    promises=("by hand", "order", "range", "sign", "smallest"),
    draw=draw_power,
    run="product",
    reference=power_iteration,
    mistakes=(
        Mistake(
            "length of the product",
            "You take the length of A v for the eigenvalue. Can a length be negative, as "
            "curvature can?",
            with_v(lambda v, moved: [moved.norm(), (moved - moved.norm() * v).norm()]),
        ),
        Mistake(
            "length of the product, right residual",
            "Your residual is right, but the eigenvalue is the length of A v. Can a length be "
            "negative, as curvature can?",
            with_v(lambda v, moved: [moved.norm(), (moved - (v @ moved) * v).norm()]),
        ),
        Mistake(
            "length before normalising",
            "Your eigenvalue is the length by which you divided last. Which sign has a length, "
            "and to which vector did it belong?",
            length_of_the_last_product,
        ),
        Mistake(
            "size of the value",
            "You drop the sign of the eigenvalue. A saddle and a valley: are they equally curved "
            "upwards?",
            of_value(lambda value: value.abs()),
        ),
        Mistake(
            "not of length one",
            "Your last vector is not of length one when you take the quotient. By what must a "
            "Rayleigh quotient be divided then?",
            without_last_normalising,
        ),
        Mistake(
            "never of length one",
            "Your vector is never brought to length one. By what must a Rayleigh quotient be "
            "divided then?",
            lambda product, start, n: power_unnormalised(product, start, n),
        ),
        Mistake(
            "residual of a vector that is not of length one",
            "Your eigenvalue is right, and the residual belongs to a vector that is not of length "
            "one. What does a residual do when its vector becomes twice as long?",
            long_residual(True),
        ),
        Mistake(
            "residual of a vector that was never of length one",
            "Your eigenvalue is right, and the residual belongs to a vector that grew with every "
            "product. What does a residual do when its vector becomes twice as long?",
            long_residual(False),
        ),
        Mistake(
            "one step short",
            "Your direction is one product behind. How many times has A acted before the "
            "quotient is taken?",
            lambda product, start, n: power_iteration(product, start, n - 1),
        ),
        Mistake(
            "one step too many",
            "Your direction is one product ahead. Does the product for the quotient count as a "
            "step?",
            lambda product, start, n: power_iteration(product, start, n + 1),
        ),
        Mistake(
            "no step at all",
            "You take the quotient at the start vector. What has the iteration done to it?",
            lambda product, start, n: power_iteration(product, start, 0),
        ),
        Mistake(
            "residual squared",
            "Your residual is a sum of squares. Which unit has it, and which has the eigenvalue "
            "that it is to bound?",
            of_residual(lambda r, value, p: r**2),
        ),
        Mistake(
            "residual relative to the value",
            "You divide the residual by the eigenvalue. Is the asked residual a length or a "
            "fraction?",
            of_residual(lambda r, value, p: r / value.abs()),
        ),
        Mistake(
            "residual per entry",
            "You average over the entries of the residual. Is the asked residual the length of a "
            "vector or a typical entry?",
            of_residual(lambda r, value, p: r / p**0.5),
        ),
        Mistake(
            "change of the direction",
            "You measure how far v differs from A v over its length. By which factor does A "
            "stretch an exact eigenvector, and is your difference then in the eigenvalue's unit?",
            with_v(lambda v, moved: [v @ moved, (moved / moved.norm() - v).norm()]),
        ),
        Mistake(
            "eigenvalue left out of the residual",
            "You subtract v itself from A v. By which factor should A have stretched v?",
            with_v(lambda v, moved: [v @ moved, (moved - v).norm()]),
        ),
        Mistake(
            "residual of the start",
            "Your residual belongs to the start vector. Whose eigenvector are you judging?",
            residual_of_the_start,
        ),
        Mistake(
            "largest entry of the residual",
            "You take the largest entry of the residual. Which norm says how far the nearest "
            "eigenvalue can be?",
            with_v(lambda v, moved: [v @ moved, (moved - (v @ moved) * v).abs().max()]),
        ),
        Mistake(
            "sum of the residual's entries",
            "You add the sizes of the residual's entries. Which norm is a length in space?",
            with_v(lambda v, moved: [v @ moved, (moved - (v @ moved) * v).abs().sum()]),
        ),
        Mistake(
            "value alone",
            "You return the eigenvalue alone. How would a reader know whether the iteration has "
            "arrived?",
            lambda product, start, n: power_iteration(product, start, n)[0],
        ),
        Mistake(
            "product of the vector before",
            "Your v is the new one, your product that of the one before. Whose product do the "
            "quotient and the residual need?",
            stale_product,
        ),
        Mistake(
            "last change of v",
            "Your residual is how far v moved in the last step. How far does v move when its "
            "eigenvalue is negative, and in which unit is that?",
            change_of_v,
        ),
        Mistake(
            "last change of the value",
            "Your residual is the last change of the value. Can an iteration crawl without having "
            "arrived?",
            change_of_value,
        ),
        Mistake(
            "largest entry one",
            "The largest entry of your vector is one. Which length must be one for v'Av to be a "
            "Rayleigh quotient?",
            in_another_norm(lambda v: v.abs().max()),
        ),
        Mistake(
            "sizes that add up to one",
            "The sizes of your vector's entries add up to one. Which length must be one for v'Av "
            "to be a Rayleigh quotient?",
            in_another_norm(lambda v: v.abs().sum()),
        ),
        Mistake(
            "mean of the entries' ratios",
            "You average how much each entry is stretched. Before v is an eigenvector these "
            "differ wildly: which average does the Rayleigh quotient take?",
            with_v(mean_stretch),
        ),
        Mistake(
            "residual first",
            "Your two numbers come in the other order. Which one does the docstring name first?",
            lambda product, start, n: power_iteration(product, start, n)[::-1],
        ),
    ),
    accepted=(power_without_normalising, power_by_eigenvectors),
    lesson="Products alone find the eigenvalue that is largest in size, with its sign. An "
    "eigenvalue lies within one residual of the Rayleigh quotient.",
    answered_by=(
        "coursekit.curvature.lanczos",
        "coursekit.curvature.hessian",
        "coursekit.curvature.sharpness_measures",
    ),
)
