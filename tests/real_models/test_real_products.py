"""Hessian products of real models against central differences of their gradients."""

import pytest
import torch
from zoo import CASES

from coursekit.curvature import hessian_operator
from coursekit.gradients import BatchLoss

pytestmark = pytest.mark.in_turn(of=3)

ONCE = {"EmbeddingBag": "embedding_bag", "CTC": "ctc_loss"}  # no second derivative in torch
COARSE = {"GPT-2 under autocast bfloat16": 0.1}  # what bfloat16 leaves of a second derivative


STEPS = (3e-3, 1e-3, 3e-4, 1e-4, 3e-5)


def gradient(model, loss, batch):
    params = [p for p in model.parameters() if p.requires_grad]
    is_general = isinstance(loss, BatchLoss)
    value = loss.fn(model, batch) if is_general else loss(model(batch[0]), batch[1])
    grads = torch.autograd.grad(value, params, allow_unused=True)
    pairs = zip(grads, params, strict=True)
    return torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for g, p in pairs])


def product_by_differences(model, loss, batch, vector, step):
    """(g(w + h v) - g(w - h v))/2h for a unit vector v."""
    params = [p for p in model.parameters() if p.requires_grad]
    centre = [p.detach().clone() for p in params]
    pieces = vector.split([p.numel() for p in params])
    ends = []
    for sign in (1, -1):
        for p, c, v in zip(params, centre, pieces, strict=True):
            p.data.copy_(c + sign * step * v.view_as(p))
        ends.append(gradient(model, loss, batch).double())
    for p, c in zip(params, centre, strict=True):
        p.data.copy_(c)
    return (ends[0] - ends[1]) / (2 * step)


@pytest.mark.parametrize("name", sorted(CASES))
def test_products_by_every_route(name):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model, loss, batch = CASES[name].build()
    if "bfloat16 weights" in name:
        with pytest.raises(ValueError, match=r"measure model.float\(\)"):
            hessian_operator(model, loss, batch)
        return
    once = next((kernel for kernel in ONCE if kernel in name), None)
    if once:
        with pytest.raises(ValueError, match=ONCE[once] + r".*finite_difference"):
            hessian_operator(model, loss, batch)
    twice = "finite_difference" if once else "auto"
    op = hessian_operator(model, loss, batch, method=twice)
    rng = torch.Generator().manual_seed(5)
    vector = torch.randn(op.shape[0], generator=rng)
    vector = gradient(model, loss, batch) + 0.1 * vector / vector.norm()  # where there is curvature
    vector /= vector.norm()
    found = op @ vector
    other = "rebuilt" if twice == "auto" else twice
    rebuilt = hessian_operator(model, loss, batch, method=other, chunk_size=3) @ vector
    tolerance = COARSE.get(name, 2e-2)
    assert (rebuilt - found).norm() < tolerance * found.norm()
    # A long step crosses kinks and bends, a short one is rounding: a right product meets one.
    truths = [product_by_differences(model, loss, batch, vector, step) for step in STEPS]
    assert min((found - t).norm() / t.norm() for t in truths) < tolerance
