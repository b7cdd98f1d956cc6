"""First steps of LARS and LAMB against their papers, in one matrix and one vector."""

from collections.abc import Callable

import torch
from probe import say
from torch import Tensor

Take = Callable[[Tensor, list[Tensor], float], tuple[list[Tensor], bool]]
LR, TRUST = 0.01, 0.001  # LARS: lr 1 and the trust coefficient


def lamb_paper(w: Tensor, grad: Tensor, decay: float) -> Tensor:
    """You et al. 2020, Algorithm 2, first step, phi the identity."""
    update = grad / (grad.abs() + 1e-6) + decay * w
    ratio = w.norm() / update.norm() if w.norm() > 0 else 1.0
    return -LR * ratio * update


def lars_paper(w: Tensor, grad: Tensor, decay: float) -> Tensor:
    """You et al. 2017, Algorithm 1, first step at rate 1."""
    return -TRUST * w.norm() / (grad.norm() + decay * w.norm()) * (grad + decay * w)


def of_torch(make: Callable) -> Take:
    """Take steps with a torch optimizer; make(params, decay) builds it."""

    def take(w, grads, decay):
        weight = torch.nn.Parameter(w.clone())
        optimizer, found, kept = make([weight], decay), [], True
        for grad in grads:
            before, weight.grad = weight.detach().clone(), grad.clone()
            optimizer.step()
            found.append(weight.detach() - before)
            kept = kept and torch.equal(weight.grad, grad)
        return found, kept

    return take


def over(found: Tensor, right: Tensor) -> str:
    """Return a step's length over the right one's, or that it has another direction."""
    cosine = (found * right).sum() / (found.norm() * right.norm())
    length = f"{found.norm() / right.norm():.3g}"
    return length if cosine > 0.999 or found.norm() == 0 else f"{length}, turned"


def say_steps(row: str, paper: Callable, take: Take, *packages: str) -> None:
    """Print the cells of one optimizer."""
    g = torch.Generator().manual_seed(0)
    w, grad = torch.randn(4, 6, generator=g), 0.01 * torch.randn(4, 6, generator=g)
    w = 5 * w / w.norm()

    def cell(behaviour, value, setting):
        say(row, behaviour, value, setting, *packages)

    (first, second), kept = take(w, [grad, grad], 0.0)
    cell("step", over(first, paper(w, grad, 0.0)), "|w| = 5, no decay")
    cell("repeated", f"{second.norm() / first.norm():.2f}", "the same gradient again")
    cell("decay", over(take(w, [grad], 0.1)[0][0], paper(w, grad, 0.1)), "decay 0.1")
    cell("long", over(take(10 * w, [grad], 0.0)[0][0], paper(10 * w, grad, 0.0)), "|w| = 50")
    one, other = w[0], grad[0]
    cell("vector", over(take(one, [other], 0.0)[0][0], paper(one, other, 0.0)), "one row, a bias")
    louder = take(w, [1000 * grad], 0.0)[0][0]
    cell("louder", f"{louder.norm() / first.norm():.3g}", "gradient × 1000, |step| over before")
    cell("kept", "kept" if kept else "overwritten", ".grad after step()")
