"""SAM's sharpness: the rise of the loss after one normalised step uphill, weights restored."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.banks.unit_06_sharpness.sam_moves import (
    added_to_an_old_one,
    before_read_too_late,
    first_order,
    first_part,
    gradient_left_in_place,
    length,
    of_losses,
    only_first,
    only_first_restored,
    restored_by_the_gradient_there,
    uphill,
    with_move,
)
from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def sam_rise(loss: Callable[[], Tensor], params: list[Tensor], rho: float) -> float:
    before = loss()
    grads = torch.autograd.grad(before, params)
    kept = [p.detach().clone() for p in params]
    with torch.no_grad():
        for p, step in zip(params, uphill(rho)(list(grads), kept), strict=True):
            p.add_(step)
        after = loss()
        for p, old in zip(params, kept, strict=True):
            p.copy_(old)
    return after.item() - before.item()


def sam_by_flat_vectors(loss, params, rho):
    before = loss()
    before.backward()
    flat = torch.nn.utils.parameters_to_vector(params).detach().clone()
    grad = torch.cat([p.grad.reshape(-1) for p in params])
    for p in params:
        p.grad = None
    torch.nn.utils.vector_to_parameters(flat + rho * grad / grad.norm(), params)
    after = loss().item()
    torch.nn.utils.vector_to_parameters(flat, params)
    return after - before.item()


def sam_by_swapping_data(loss, params, rho):
    with torch.enable_grad():
        start = loss()
        grads = torch.autograd.grad(start, params)
    norm = sum(float((g * g).sum()) for g in grads) ** 0.5
    homes = [p.data for p in params]
    for p, home, g in zip(params, homes, grads, strict=True):
        p.data = home + g * (rho / norm)
    after = loss().detach()
    for p, home in zip(params, homes, strict=True):
        p.data = home
    return after - start.detach()


def draw_sam(rng: np.random.Generator) -> list[Case]:
    cases = []
    for number in range(2):
        a, b = int(rng.integers(2, 6)), int(rng.integers(2, 6))
        text = f"{a}*w0**2 + {b}*w1**2 + w0*w1**2"
        weights = rng.uniform(0.5, 1.5, 2) * rng.choice([-1, 1], 2)
        rho = float(rng.uniform(0.3, 0.6))
        if number == 1:  # uphill leads over the top and down; the other way lies a wall
            text, rho = f"{a}*w0**2 - {3 * a}*w0**3 + w1**2", rho + 0.5
            weights = rng.uniform(0.02, 0.05, 2) * [1.0, 0.2]
        cases.append(Case("polynomial", (text, weights, rho)))
        text = f"tanh network {int(rng.integers(1000))}"
        weights = rng.normal(size=8)
        weights[[2, 7]] *= 1e-3  # so small that w + z - z is not w
        args = (text, weights, float(rng.uniform(0.3, 0.6)))
        cases.append(Case("network", args))
    return cases


U06_SAM = Exercise(
    id="u06_sam",
    call="sam_rise(loss, params, rho)",
    points={"polynomial": 1.0, "network": 2.0},
    by_hand=(
        Case("polynomial", ("2*w0**2 + w1**2", np.array([1.5, 4.0]), 0.5), keeps=("by hand",)),
        Case(
            "polynomial",
            ("5 - w0**2 - w1**2", np.array([0.3, 0.4]), 2.0),
            keeps=("sign",),
            quotes="Rise of the loss after a step of length rho along the gradient, one number.",
        ),
        Case(
            "polynomial",
            ("w0**2 - w0**3 + w1**2", np.array([0.1, 0.02]), 1.0),
            keeps=("sign",),
            quotes="takes one step of length ρ along the gradient",
        ),
        Case("network", ("tanh network 1", np.linspace(-1.0, 1.5, 8), 0.5), keeps=("by hand",)),
    ),
    promises=("by hand", "sign"),
    draw=draw_sam,
    run="parameters",
    may_change=("params.grad",),
    reference=sam_rise,
    mistakes=(
        Mistake(
            "a fall taken for zero",
            "You take a fall of the loss for zero. Which of the two losses is higher here, and "
            "what does the difference say?",
            of_losses(lambda before, after: max(after - before, 0.0)),
        ),
        Mistake(
            "a fall taken for a rise",
            "You drop the sign of the change. Is a loss that falls along this step sharp?",
            of_losses(lambda before, after: abs(after - before)),
        ),
        Mistake(
            "the larger of both directions",
            "You try both directions and keep the larger rise. In which one does SAM step?",
            lambda loss, params, rho: max(with_move(uphill)(loss, params, r) for r in (rho, -rho)),
        ),
        Mistake(
            "slope taken off",
            "You take the slope's part off the rise. Does the definition?",
            lambda loss, params, rho: (
                with_move(uphill)(loss, params, rho) - float(first_order(loss, params, rho))
            ),
        ),
        Mistake(
            "weights not restored",
            "The check calls you twice and judges the second call. Where are "
            "the parameters after your function has ended?",
            with_move(uphill, restore=False),
        ),
        Mistake(
            "restored along another gradient",
            "The check judges your second call in a row. You step back along a gradient: is it "
            "the same one that you went up?",
            restored_by_the_gradient_there,
        ),
        Mistake(
            "gradients pile up",
            "The check judges your second call in a row. What does `.grad` still hold from the "
            "call before?",
            gradient_left_in_place,
        ),
        Mistake(
            "gradient added to an old one",
            "Your gradient is added to what `.grad` held before. What has to happen there before "
            "backward(), and was it empty when you were called?",
            added_to_an_old_one,
        ),
        Mistake(
            "not normalised",
            "Your step is longer where the gradient is. How long should it be, whatever the slope?",
            with_move(lambda rho: lambda grads, kept: [rho * g for g in grads]),
        ),
        Mistake(
            "normalised tensor by tensor",
            "Each tensor of yours moves by the full radius. How long is the step of all of them "
            "together?",
            with_move(lambda rho: lambda grads, kept: [rho * g / g.norm() for g in grads]),
        ),
        Mistake(
            "signs",
            "You move every weight equally far. Which shape has the neighbourhood then: a ball or "
            "a box?",
            with_move(lambda rho: lambda grads, kept: [rho * g.sign() for g in grads]),
        ),
        Mistake(
            "downhill",
            "You step against the gradient. Does sharpness ask how far the loss falls, or rises?",
            with_move(lambda rho: uphill(-rho)),
        ),
        Mistake(
            "squared length",
            "You divide by the squared length of the gradient. How long is the step then?",
            with_move(
                lambda rho: lambda grads, kept: [rho * g / length(grads) ** 2 for g in grads]
            ),
        ),
        Mistake(
            "loss at the upper point",
            "You return the loss up there. Is a high plateau sharp?",
            of_losses(lambda before, after: after),
        ),
        Mistake(
            "fall instead of rise",
            "Your result has the wrong sign. From which loss do you subtract which?",
            of_losses(lambda before, after: before - after),
        ),
        Mistake(
            "relative rise",
            "You divide the rise by the loss. In which unit is SAM's measure?",
            of_losses(lambda before, after: (after - before) / before),
        ),
        Mistake(
            "first order only",
            "You multiply the slope by the radius. Where would curvature come in?",
            first_order,
        ),
        Mistake(
            "rise per radius",
            "You divide the rise by the radius. Is asked a slope or a rise?",
            lambda loss, params, rho: with_move(uphill)(loss, params, rho) / rho,
        ),
        Mistake(
            "relative to the weights",
            "You scale the step with the weights' length. Is the radius a length or a fraction?",
            with_move(
                lambda rho: (
                    lambda grads, kept: [rho * length(kept) * g / length(grads) for g in grads]
                )
            ),
        ),
        Mistake(
            "first tensor only",
            "You move the first tensor alone. Which weights form the neighbourhood?",
            with_move(only_first),
        ),
        Mistake(
            "sum of the tensors' lengths",
            "You add the lengths of the tensors. How is the length of a vector made of those of "
            "its parts?",
            with_move(
                lambda rho: (
                    lambda grads, kept: [rho * g / sum(x.norm() for x in grads) for g in grads]
                )
            ),
        ),
        Mistake(
            "length without the root",
            "You divide by the sum of the sizes of all entries. Which length makes a ball?",
            with_move(
                lambda rho: (
                    lambda grads, kept: [rho * g / sum(x.abs().sum() for x in grads) for g in grads]
                )
            ),
        ),
        Mistake(
            "relative to one plus the loss",
            "You divide as Keskar's measure does. Does SAM's?",
            of_losses(lambda before, after: (after - before) / (1 + before)),
        ),
        Mistake(
            "only the first tensor restored",
            "The check judges your second call in a row. You put the first tensor back: where are "
            "the others?",
            only_first_restored,
        ),
        Mistake(
            "nothing moved",
            "Your two losses are equal. Does loss() read the tensors that you changed, or those in "
            "`params`?",
            lambda loss, params, rho: 0.0,
        ),
        Mistake(
            "first part of the step",
            "You go along the first tensor's part of the step alone. Which weights does loss() "
            "read?",
            with_move(first_part),
        ),
        Mistake(
            "each weight by its size",
            "You scale each weight's step with its own size. Is the radius a length or a fraction?",
            with_move(
                lambda rho: (
                    lambda grads, kept: [
                        rho * k.abs() * g / length(grads) for g, k in zip(grads, kept, strict=True)
                    ]
                )
            ),
        ),
        Mistake(
            "loss before the step read too late",
            "The weights have moved already when you read the loss that you subtract. At which "
            "weights does the rise begin?",
            before_read_too_late,
        ),
        Mistake(
            "percent, as Keskar",
            "You give percent of one plus the loss, as Keskar's measure does. Does SAM's?",
            of_losses(lambda before, after: 100 * (after - before) / (1 + before)),
        ),
    ),
    accepted=(sam_by_flat_vectors, sam_by_swapping_data),
    lesson="One step of fixed length uphill, and back to a copy. A measurement must leave the "
    "model as it was, bit for bit.",
    answered_by=("coursekit.curvature.sharpness_measures", "coursekit.curvature.landscape"),
)
