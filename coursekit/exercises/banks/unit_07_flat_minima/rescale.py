"""Dinh's rescaling by hand: other weights, the same function."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.banks.unit_07_flat_minima.further_slips import RESCALE as FURTHER_SLIPS
from coursekit.exercises.banks.unit_07_flat_minima.later_slips import RESCALE as LATER_SLIPS
from coursekit.exercises.banks.unit_07_flat_minima.rescale_slips import MORE
from coursekit.exercises.banks.unit_07_flat_minima.tried_slips import RESCALE as TRIED_SLIPS
from coursekit.exercises.engine.declare import Case, Exercise, Mistake
from coursekit.exercises.engine.plain import close


def joined(parts: Sequence[Tensor]) -> Tensor:
    return torch.cat([part.reshape(-1) for part in parts])


def rescaled(layers: Sequence[Tensor], factors: Tensor) -> Tensor:
    first, bias, second, last = layers
    return joined([factors[:, None] * first, factors * bias, second / factors, last])


def rescaled_unit_by_unit(layers, factors):
    """Walk through the hidden units, on copies."""
    first, bias, second, last = (layer.clone() for layer in layers)
    for unit, factor in enumerate(factors):
        first[unit] *= factor
        bias[unit] *= factor
        second[:, unit] /= factor
    return joined([first, bias, second, last])


def rescaled_by_matrices(layers, factors):
    """Multiply by a diagonal matrix from the left, and by its inverse from the right."""
    first, bias, second, last = layers
    diagonal = torch.diag(factors)
    return joined([diagonal @ first, diagonal @ bias, second @ torch.linalg.inv(diagonal), last])


def scaled(
    on_first: Callable[[Tensor], Tensor] | None = None,
    on_bias: Callable[[Tensor], Tensor] | None = None,
    on_second: Callable[[Tensor], Tensor] | None = None,
    on_last: Callable[[Tensor], Tensor] | None = None,
) -> Callable[..., Tensor]:
    """Return an answer with another factor at one of the four places."""

    def answer(layers: Sequence[Tensor], factors: Tensor) -> Tensor:
        first, bias, second, last = layers
        f = factors
        return joined(
            [
                (on_first(f) if on_first else f[:, None]) * first,
                (on_bias(f) if on_bias else f) * bias,
                (on_second(f) if on_second else 1 / f) * second,
                (on_last(f) if on_last else torch.ones_like(f).mean()) * last,
            ]
        )

    return answer


def with_factors(change: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    return lambda layers, factors: rescaled(layers, change(factors))


def ordered(order: Sequence[int], *, columns: bool = False) -> Callable[..., Tensor]:
    """Return an answer whose four pieces come in another order, or matrices by columns."""

    def answer(layers: Sequence[Tensor], factors: Tensor) -> Tensor:
        first, bias, second, last = layers
        parts = [factors[:, None] * first, factors * bias, second / factors, last]
        return joined([parts[i].T if columns and parts[i].dim() == 2 else parts[i] for i in order])

    return answer


def no_factor(f: Tensor) -> Tensor:
    return torch.ones(())


def draw_rescale(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("one factor", "a factor for each unit") * 3:
        n = int(rng.integers(2, 4))  # square, so that an axis taken for another goes unnoticed
        layers = [rng.normal(size=shape).round(2) + 0.005 for shape in ((n, n), n, (n, n), n)]
        factors = np.full(n, rng.choice([0.25, 0.5, 3.0, 4.0]))
        if group != "one factor":
            factors = rng.permutation([0.2, 3.0, 5.0, 0.5])[:n]
        cases.append(Case(group, (layers, factors)))
    return cases


ONE = [np.array([[3.0]]), np.array([-1.0]), np.array([[4.0]]), np.array([0.5])]
TWO = [
    np.array([[1.0, 2.0], [3.0, -4.0]]),
    np.array([0.5, -1.0]),
    np.array([[6.0, 1.0], [-2.0, 8.0]]),
    np.array([7.0, -3.0]),
]
U07_RESCALE = Exercise(
    id="u07_rescale",
    call="rescaled(layers, factors)",
    points={"one factor": 1.0, "a factor for each unit": 2.0},
    by_hand=(
        Case("one factor", (ONE, np.array([2.0])), keeps=("smallest",)),
        Case("one factor", (TWO, np.array([4.0, 4.0])), keeps=("by hand",)),
        Case("a factor for each unit", (TWO, np.array([2.0, 0.25])), keeps=("uneven",)),
        Case("a factor for each unit", (TWO, np.array([256.0, 1 / 256])), keeps=("range",)),
        Case(  # nothing but a bias comes into the second unit
            "a factor for each unit",
            ([np.array([[1.0, 2.0], [0.0, 0.0]]), *TWO[1:]], np.array([3.0, 5.0])),
            keeps=("sign",),
            quotes="what comes into each hidden unit is multiplied by its factor",
        ),
        Case(
            "a factor for each unit",
            ([*TWO[2:], *TWO[:2]], np.array([0.4, 2.5])),
            keeps=("uneven",),
        ),
    ),
    promises=("by hand", "range", "sign", "smallest", "uneven"),
    draw=draw_rescale,
    reference=rescaled,
    same=close(rtol=1e-4, atol=1e-6),
    mistakes=(
        Mistake(
            "first bias left alone",
            "The first bias stays as it was. What does relu see: the weighted inputs alone, or "
            "their sum with the bias?",
            scaled(on_bias=no_factor),
        ),
        Mistake(
            "first bias divided",
            "The first bias goes the other way than its weights. By what must their sum be "
            "multiplied?",
            scaled(on_bias=lambda f: 1 / f),
        ),
        Mistake(
            "second layer left alone",
            "The second layer stays as it was. Its inputs have grown: what happens to the outputs?",
            scaled(on_second=no_factor),
        ),
        Mistake(
            "second layer multiplied",
            "You multiply the second layer as well. Its inputs have grown already: what happens "
            "to the outputs?",
            scaled(on_second=lambda f: f),
        ),
        Mistake(
            "rows of the second layer",
            "You divide rows of the second matrix. Which index of it belongs to a hidden unit, "
            "the first or the second?",
            scaled(on_second=lambda f: 1 / f[:, None]),
        ),
        Mistake(
            "columns of the first layer",
            "You multiply columns of the first matrix. Which index of it belongs to a hidden "
            "unit, the first or the second?",
            scaled(on_first=lambda f: f),
        ),
        Mistake(
            "both axes exchanged",
            "You have inputs and hidden units exchanged in both matrices. What does a row of a "
            "torch weight belong to?",
            scaled(on_first=lambda f: f, on_second=lambda f: 1 / f[:, None]),
        ),
        Mistake(
            "last bias divided",
            "You divide the last bias too. Is it multiplied by what the hidden units say?",
            scaled(on_last=lambda f: 1 / f if f.numel() > 1 else 1 / f[0]),
        ),
        Mistake(
            "last bias multiplied",
            "You multiply the last bias too. Is it multiplied by what the hidden units say?",
            scaled(on_last=lambda f: f if f.numel() > 1 else f[0]),
        ),
        Mistake(
            "the other way round",
            "You divide the first layer and multiply the second. The function stays, but which "
            "layer does the docstring multiply?",
            with_factors(lambda f: 1 / f),
        ),
        Mistake(
            "root of the factors",
            "You spread each factor over the two layers. The function stays, but by what is the "
            "first layer to be multiplied?",
            with_factors(torch.sqrt),
        ),
        Mistake(
            "mean of the factors",
            "You use the mean of the factors for all units. How many may there be?",
            with_factors(lambda f: f.mean().expand(len(f))),
        ),
        Mistake(
            "first factor for all",
            "You use the first factor for all units. How many may there be?",
            with_factors(lambda f: f[:1].expand(len(f))),
        ),
        Mistake(
            "product of the factors",
            "You multiply all factors together. Does a unit know of its neighbours' factors?",
            with_factors(lambda f: f.prod().expand(len(f))),
        ),
        Mistake(
            "matrices first, then biases",
            "Your pieces come in another order. In which order does `parameters()` list two "
            "layers?",
            ordered((0, 2, 1, 3)),
        ),
        Mistake(
            "bias before weights",
            "You put each bias before its weights. In which order does `parameters()` list them?",
            ordered((1, 0, 3, 2)),
        ),
        Mistake(
            "matrices column by column",
            "Your matrices come column by column. In which order does `flatten` read a matrix?",
            ordered((0, 1, 2, 3), columns=True),
        ),
        Mistake(
            "last layer first",
            "You put the second layer first. Which one do the inputs meet first?",
            ordered((2, 3, 0, 1)),
        ),
        Mistake(
            "divided by the square",
            "You divide the second layer twice. How much have the hidden units grown?",
            scaled(on_second=lambda f: 1 / f.square()),
        ),
        Mistake(
            "second layer alone",
            "You divide the second layer and leave the first. By what has its input grown?",
            scaled(on_first=no_factor, on_bias=no_factor),
        ),
        Mistake(
            "each bias beside its row",
            "You put each unit's bias behind its row of weights. How does `parameters()` list a "
            "layer?",
            lambda layers, f: joined(
                [
                    torch.cat([f[:, None] * layers[0], (f * layers[1])[:, None]], dim=1),
                    torch.cat([layers[2] / f, layers[3][:, None]], dim=1),
                ]
            ),
        ),
        Mistake(
            "first weights alone",
            "You scale the first weights alone. Which other numbers come into a unit, and what "
            "goes out of it?",
            scaled(on_bias=no_factor, on_second=no_factor),
        ),
        Mistake(
            "nothing changed",
            "Your weights are the old ones. Where do the factors come in?",
            with_factors(torch.ones_like),
        ),
        Mistake(
            "last bias forgotten",
            "Your vector is shorter than the network. Which piece is missing?",
            ordered((0, 1, 2)),
        ),
        *MORE,
        *FURTHER_SLIPS,
        *LATER_SLIPS,
        *TRIED_SLIPS,
    ),
    accepted=(rescaled_unit_by_unit, rescaled_by_matrices),
    lesson="Each hidden unit has a knob that moves the weights and not the function. So there are "
    "as many directions along which the loss does not change, at every point.",
    answered_by=("coursekit.curvature.reparametrise",),
)
