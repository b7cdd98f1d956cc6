"""optax.MultiSteps around SGD."""

import jax
import jax.numpy as jnp
import optax
import torch
from probe import say, weights

ROW, PACKAGES = "optax MultiSteps", ("optax", "jax")


def steps(micro_batches, accum_steps, *, count=10, clip=None):
    inner = optax.sgd(lambda n: 1.0)
    if clip:
        inner = optax.chain(optax.clip_by_global_norm(clip), inner)
    optimizer = optax.MultiSteps(inner, every_k_schedule=accum_steps)
    w = jnp.zeros(count)
    state, found = optimizer.init(w), []
    for index in micro_batches:
        grads = jax.grad(lambda w, index: -w[index].mean())(w, jnp.array(index))
        moves, state = optimizer.update(grads, state, w)
        w = optax.apply_updates(w, moves)
        if optimizer.has_updated(state):
            found.append(torch.tensor(moves.tolist()))
    return found, state


def one():
    ones, by_four = [[i] for i in range(10)], [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    setting = "10 micro-batches of 1, K = 4, two epochs"
    say(ROW, "window", weights(steps(ones * 2, 4)[0]), setting, *PACKAGES)
    say(ROW, "short", weights(steps(by_four, 1)[0]), "10 examples in batches of 4", *PACKAGES)
    found = weights(steps(by_four, 3)[0])
    say(ROW, "short_window", found, "10 examples in batches of 4, K = 3", *PACKAGES)
    found, _ = steps([[0, 1], [2, 3, 4, 5, 6, 7]], 2, count=8)
    say(ROW, "tokens", weights(found), "2 and 6 tokens, K = 2", *PACKAGES)
    _, state = steps(ones[:8], 4)
    count = optax.tree_utils.tree_get(state.inner_opt_state, "count")
    say(ROW, "schedule", int(count), "8 micro-batches, K = 4", *PACKAGES)
    found, _ = steps(ones[:2], 2, clip=0.5)
    say(ROW, "clip", f"{found[0].norm():.2f}", "clip at 0.5 inside, K = 2", *PACKAGES)


if __name__ == "__main__":
    one()
