"""Keskar's sharpness: the highest loss met while climbing in a small box."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.banks.unit_06_sharpness.hvp import load_torch_func
from coursekit.exercises.banks.unit_06_sharpness.keskar_walks import (
    climbs,
    first_gradient_only,
    half_widths,
    keskar_by_differences,
    keskar_downhill,
    of_losses,
    small_steps,
    until_not_higher,
    with_box,
    with_walk,
)
from coursekit.exercises.engine.declare import Case, Exercise, Mistake

Loss = Callable[[Tensor], Tensor]


def keskar(loss: Loss, weights: Tensor, epsilon: float, num_steps: int) -> float:
    point, found = weights, [float(loss(weights))]
    for _ in range(num_steps):
        leaf = point.clone().requires_grad_()
        (slope,) = torch.autograd.grad(loss(leaf), leaf)
        point = weights + epsilon * (weights.abs() + 1) * slope.sign()
        found.append(float(loss(point)))
    return 100 * (max(found) - found[0]) / (1 + found[0])


def keskar_by_func(loss, weights, epsilon, num_steps):
    slope = torch.func.grad(loss)
    point, highest = weights, loss(weights)
    for _ in range(num_steps):
        point = weights + epsilon * (weights.abs() + 1) * slope(point).sign()
        highest = torch.maximum(highest, loss(point))
    return 100 * (highest - loss(weights)) / (1 + loss(weights))


def keskar_in_place(loss, weights, epsilon, num_steps):
    w = weights.clone().requires_grad_()
    box, start = epsilon * (weights.abs() + 1), loss(weights).item()
    highest = start
    for _ in range(num_steps):
        loss(w).backward()
        with torch.no_grad():
            w.copy_(weights + box * w.grad.sign())
        w.grad = None
        highest = max(highest, loss(w).item())
    return (highest - start) / (1 + start) * 100


HILL = "w0**4 - 2*w0**2 + 3"  # uphill leads over the top and down again
STAIRS = "w0*w1 + 0.5*w0 + 3"  # the second corner lies higher than the first
DIP = "w0 + 4*w0**2 - 7*w0**3 + 10"  # from 0 the first corner lies lower, the second higher
FLAT = "w0**2 + w1**4 + 1"  # at w1 = 0 the slope along w1 is zero
MIDDLE = "2*w0*w1 - w0**2*w1 - w0 - w1**2 + 9"  # the highest is the fourth of five corners


def draw_keskar(rng: np.random.Generator) -> list[Case]:
    load_torch_func()
    cases = []
    for _ in range(2):
        text = f"tanh network {int(rng.integers(1000))}"
        args = (text, rng.normal(size=8), float(rng.uniform(0.25, 0.4)), int(rng.integers(2, 4)))
        cases.append(Case("climbing", args))
    for num_steps in (1, 2):
        w = np.array([-rng.uniform(0.03, 0.06), rng.uniform(0.2, 0.5)])
        cases.append(Case("climbing", (STAIRS, w, float(rng.uniform(0.25, 0.3)), num_steps)))
    for low, high, num_steps in ((0.18, 0.22, 2), (0.03, 0.06, 1), (0.18, 0.22, 2)):
        w = rng.choice([-1, 1], 1) * rng.uniform(low, high, 1)
        cases.append(Case("over the hill", (HILL, w, float(rng.uniform(0.24, 0.26)), num_steps)))
    flat = np.array([rng.choice([-1, 1]) * rng.uniform(0.5, 1.5), 0.0])
    cases.append(Case("climbing", (FLAT, flat, float(rng.uniform(0.3, 0.6)), 1)))
    cases.append(Case("over the hill", (DIP, np.array([0.0]), float(rng.uniform(0.9, 1.1)), 2)))
    w = np.array([0.5, -0.5]) + rng.uniform(-0.01, 0.01, 2)
    cases.append(Case("over the hill", (MIDDLE, w, 1.0, 5)))
    return cases


U06_KESKAR = Exercise(
    id="u06_keskar",
    call="keskar(loss, weights, epsilon, num_steps)",
    points={"climbing": 2.0, "over the hill": 1.0},
    by_hand=(
        Case("climbing", ("w0**2 + 1", np.array([2.0]), 0.5, 1), keeps=("by hand", "smallest")),
        Case(
            "climbing",
            (FLAT, np.array([1.0, 0.0]), 0.5, 1),
            keeps=("boundary", "sign"),
            quotes="where a slope is exactly 0, that weight keeps its place",
        ),
        Case(
            "over the hill",
            (HILL, np.array([0.2]), 0.25, 2),
            keeps=("order",),
            quotes="The maximum runs over w itself and all points visited.",
        ),
        Case(
            "over the hill",
            (DIP, np.array([0.0]), 1.0, 2),
            keeps=("order",),
            quotes="take the gradient at the last point",
        ),
        Case(
            "over the hill",
            (MIDDLE, np.array([0.5, -0.5]), 1.0, 5),
            keeps=("order", "average"),
            quotes="The maximum runs over w itself and all points visited.",
        ),
    ),
    promises=("average", "boundary", "by hand", "order", "sign", "smallest"),
    draw=draw_keskar,
    run="loss",
    reference=keskar,
    mistakes=(
        Mistake(
            "last point",
            "You use the loss at the last point. The search may come down again: which of the "
            "points visited counts?",
            of_losses(lambda found: 100 * (found[-1] - found[0]) / (1 + found[0])),
        ),
        Mistake(
            "last point, never below zero",
            "You use the last point, and call a fall zero. The search may come down again: which "
            "of the points visited counts?",
            of_losses(lambda found: max(0.0, 100 * (found[-1] - found[0]) / (1 + found[0]))),
        ),
        Mistake(
            "downhill",
            "You step against the gradient. Does sharpness ask how far the loss can fall, or rise?",
            keskar_downhill,
        ),
        Mistake(
            "box without the one",
            "Your box has no room around a weight that is zero. What does the definition add to "
            "the weight's size?",
            with_box(lambda w, epsilon: epsilon * w.abs()),
        ),
        Mistake(
            "the same box for all",
            "Your box has the same width for every weight. What does the definition say about "
            "large weights?",
            with_box(lambda w, epsilon: torch.full_like(w, epsilon)),
        ),
        Mistake(
            "signed weights in the box",
            "You add the weight itself, not its size, so negative weights get a narrower box. Can "
            "a width depend on a sign?",
            with_box(lambda w, epsilon: epsilon * (w + 1)),
        ),
        Mistake(
            "length of all weights",
            "Your box takes the length of the whole weight vector. Has each weight its own "
            "interval?",
            with_box(lambda w, epsilon: epsilon * (w.norm() + 1) * torch.ones_like(w)),
        ),
        Mistake(
            "rise alone",
            "You return the rise itself. By what does the definition divide it, so that losses of "
            "different height compare?",
            of_losses(lambda found: max(found) - found[0]),
        ),
        Mistake(
            "percent of the rise",
            "You give the rise in percent of one. Of what should it be the percentage?",
            of_losses(lambda found: 100 * (max(found) - found[0])),
        ),
        Mistake(
            "a fraction",
            "Your result is a fraction. In which unit is Keskar's sharpness given?",
            of_losses(lambda found: (max(found) - found[0]) / (1 + found[0])),
        ),
        Mistake(
            "divided by the loss",
            "You divide by the loss alone. What happens to your number when training brings the "
            "loss to zero?",
            of_losses(lambda found: 100 * (max(found) - found[0]) / found[0]),
        ),
        Mistake(
            "divided by the higher loss",
            "You divide by one plus the highest loss. Whose loss is the yardstick: that of the "
            "weights, or of the worst neighbour?",
            of_losses(lambda found: 100 * (max(found) - found[0]) / (1 + max(found))),
        ),
        Mistake(
            "highest loss",
            "You don't subtract the loss at the weights themselves. Is a high plateau sharp?",
            of_losses(lambda found: 100 * max(found) / (1 + found[0])),
        ),
        Mistake(
            "wanders off",
            "Each of your steps starts where the last one ended, so the search leaves the box. "
            "Around which point does the box lie?",
            with_walk(lambda w, p, g, e: p + half_widths(w, e) * g.sign()),
        ),
        Mistake(
            "along the gradient",
            "You multiply the box by the gradient itself. Does that reach the corner, or stay "
            "inside or outside of it by the gradient's size?",
            with_walk(lambda w, p, g, e: w + half_widths(w, e) * g),
        ),
        Mistake(
            "box that moves along",
            "Your box is computed anew from the moved weights. Whose neighbourhood is searched?",
            with_walk(lambda w, p, g, e: w + half_widths(p, e) * g.sign()),
        ),
        Mistake(
            "one step only",
            "You stop after the first corner. At which point is the second gradient taken?",
            first_gradient_only,
        ),
        Mistake(
            "one step too many",
            "You visit one corner more than asked. How many points besides the weights are there?",
            lambda loss, w, epsilon, n: climbs(loss, w, epsilon, n + 1),
        ),
        Mistake(
            "start left out",
            "You search the maximum over the corners alone. Do the weights themselves lie in the "
            "box?",
            of_losses(lambda found: 100 * (max(found[1:]) - found[0]) / (1 + found[0])),
        ),
        Mistake(
            "step of unit length",
            "You bring the gradient to length one, as SAM does. Does the search go along the "
            "slope, or to a corner of the box?",
            with_walk(lambda w, p, g, e: w + half_widths(w, e) * g / (g.norm() + 1e-12)),
        ),
        Mistake(
            "steps that share the way",
            "You go to the edge of the box in small steps. Where in the box does each point of "
            "this search lie?",
            small_steps,
        ),
        Mistake(
            "the one outside the bracket",
            "The one in your box is not multiplied by epsilon. What does the bracket in the "
            "definition hold together?",
            with_box(lambda w, epsilon: epsilon * w.abs() + 1),
        ),
        Mistake(
            "yardstick outside the bracket",
            "You divide by one and add the loss afterwards. What stands below the line, and does "
            "Python read it so?",
            of_losses(lambda found: 100 * (max(found) - found[0]) / 1 + found[0]),
        ),
        Mistake(
            "zero taken for a slope",
            "A weight whose slope is exactly zero moves in your search. What is "
            "`torch.sign(0)`, and where does that weight stay?",
            with_walk(
                lambda w, p, g, e: w + half_widths(w, e) * torch.where(g >= 0, 1.0, -1.0).to(w)
            ),
        ),
        Mistake(
            "stops where it goes down",
            "Your search stops, or stands still, where a corner is not higher than the best "
            "before. Where does the text take the next gradient, and may a later corner be higher?",
            until_not_higher,
        ),
        Mistake(
            "a late corner not counted",
            "The highest corner comes late here, and your search does not count it. How many "
            "corners does `num_steps` name, and which of them count?",
            lambda loss, w, epsilon, n: climbs(loss, w, epsilon, min(n, 3)),
        ),
        Mistake(
            "one step short",
            "You visit one corner less than asked. Does the first point, the weights themselves, "
            "count as a corner?",
            lambda loss, w, epsilon, n: climbs(loss, w, epsilon, n - 1),
        ),
    ),
    accepted=(keskar_by_func, keskar_in_place, keskar_by_differences),
    lesson="Keskar's measure asks how bad the worst neighbour is. A search can only find a lower "
    "bound of it, and its box depends on the scale of the weights.",
    answered_by=("coursekit.curvature.sharpness_measures", "coursekit.curvature.landscape"),
)
