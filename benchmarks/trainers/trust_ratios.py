"""LARS and LAMB of torch-optimizer, pytorch-optimizer, optax and coursekit."""

import warnings

import jax.numpy as jnp
import numpy as np
import optax
import pytorch_optimizer
import torch
import torch_optimizer
from trust import LR, TRUST, lamb_paper, lars_paper, of_torch, say_steps

from coursekit.train import LAMB, LARS
from coursekit.train import torch_optimizer as ours

warnings.filterwarnings("ignore")


def of_optax(make):
    def take(w, grads, decay):
        optimizer, weight, found = make(decay), jnp.array(w.numpy()), []
        state = optimizer.init(weight)
        for grad in grads:
            move, state = optimizer.update(jnp.array(grad.numpy()), state, weight)
            weight = optax.apply_updates(weight, move)
            found.append(torch.from_numpy(np.array(move)))
        return found, True  # arrays of jax do not change

    return take


LAMBS = {
    "coursekit LAMB": (of_torch(lambda p, d: ours(LAMB(weight_decay=d), p, lr=LR)), "torch"),
    "torch-optimizer Lamb": (
        of_torch(lambda p, d: torch_optimizer.Lamb(p, lr=LR, weight_decay=d)),
        "torch-optimizer",
    ),
    "pytorch-optimizer Lamb": (
        of_torch(lambda p, d: pytorch_optimizer.Lamb(p, lr=LR, weight_decay=d)),
        "pytorch_optimizer",
    ),
    "optax lamb": (of_optax(lambda d: optax.lamb(LR, weight_decay=d)), "optax"),
}
LARSES = {
    "coursekit LARS": (
        of_torch(lambda p, d: ours(LARS(weight_decay=d, trust=TRUST), p, lr=1.0)),
        "torch",
    ),
    "torch-optimizer LARS": (
        of_torch(
            lambda p, d: torch_optimizer.LARS(
                p, lr=1.0, momentum=0.9, weight_decay=d, trust_coefficient=TRUST
            )
        ),
        "torch-optimizer",
    ),
    "pytorch-optimizer LARS": (
        of_torch(
            lambda p, d: pytorch_optimizer.LARS(p, lr=1.0, weight_decay=d, trust_coefficient=TRUST)
        ),
        "pytorch_optimizer",
    ),
    "optax lars": (
        of_optax(lambda d: optax.lars(1.0, weight_decay=d, trust_coefficient=TRUST)),
        "optax",
    ),
}

if __name__ == "__main__":
    for row, (take, package) in LAMBS.items():
        say_steps(row, lamb_paper, take, package)
    for row, (take, package) in LARSES.items():
        say_steps(row, lars_paper, take, package)
