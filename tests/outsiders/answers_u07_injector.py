import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_hints(inputs, targets, start, lr, batches, pairs, small_size):
    def mean_grad(w, rows):
        X, y = inputs[rows], targets[rows]
        return X.T @ (X @ w - y) / len(rows)

    path = [start.clone()]
    for batch, (one, two) in zip(batches, pairs, strict=True):
        if small_size > len(batch):
            raise ValueError(f"small_size is {small_size}, a batch has {len(batch)}")
        c = math.sqrt(len(one) / 2 * (1 / small_size - 1 / len(batch)))
        w = path[-1]
        step = mean_grad(w, batch) + c * (mean_grad(w, one) - mean_grad(w, two))
        path.append(w - lr * step)
    return torch.stack(path)


def r_autograd(inputs, targets, start, lr, batches, pairs, small_size):
    if batches and small_size > min(map(len, batches)):
        raise ValueError("noise cannot be taken away")
    w, path = start.clone(), [start.clone()]
    for batch, (one, two) in zip(batches, pairs, strict=True):
        c = (len(one) * (1 / small_size - 1 / len(batch)) / 2) ** 0.5
        v = w.clone().requires_grad_()
        losses = (inputs @ v - targets).square() / 2
        total = losses[batch].mean() + c * losses[one].mean() - c * losses[two].mean()
        (grad,) = torch.autograd.grad(total, v)
        w = w - lr * grad
        path.append(w)
    return torch.stack(path)


def r_loops(inputs, targets, start, lr, batches, pairs, small_size):
    X, y, w = inputs.tolist(), targets.tolist(), start.tolist()

    def mean_grad(rows):
        total = [0.0] * len(w)
        for i in rows:
            err = sum(a * b for a, b in zip(X[i], w, strict=True)) - y[i]
            total = [t + err * a for t, a in zip(total, X[i], strict=True)]
        return [t / len(rows) for t in total]

    path = [list(w)]
    for k, batch in enumerate(batches):
        B, b = len(batch), len(pairs[k][0])
        if small_size > B:
            raise ValueError(f"S={small_size} > B={B}")
        c = math.sqrt((B - small_size) * b / (2 * small_size * B))
        g, g1, g2 = mean_grad(batch), mean_grad(pairs[k][0]), mean_grad(pairs[k][1])
        w = [v - lr * (p + c * (q - r)) for v, p, q, r in zip(w, g, g1, g2, strict=True)]
        path.append(list(w))
    return torch.tensor(path, dtype=start.dtype)


def r_numpy(inputs, targets, start, lr, batches, pairs, small_size):
    X, y = inputs.double().numpy(), targets.double().numpy()
    path = np.empty((len(batches) + 1, len(start)))
    path[0] = start.double().numpy()
    for k, (batch, pair) in enumerate(zip(batches, pairs, strict=True)):
        if small_size > len(batch):
            raise ValueError("small_size above the batch size")
        weight = np.zeros(len(y))
        np.add.at(weight, batch, 1 / len(batch))
        c = np.sqrt((1 / small_size - 1 / len(batch)) * len(pair[0]) / 2)
        np.add.at(weight, pair[0], c / len(pair[0]))
        np.add.at(weight, pair[1], -c / len(pair[1]))
        path[k + 1] = path[k] - lr * X.T @ (weight * (X @ path[k] - y))
    return torch.from_numpy(path).to(start.dtype)


def r_preallocated(inputs, targets, start, lr, batches, pairs, small_size):
    path = start.repeat(len(batches) + 1, 1)
    for k in range(len(batches)):
        B, b = len(batches[k]), len(pairs[k][0])
        if small_size > B:
            raise ValueError("too large")
        rows = torch.tensor(batches[k] + pairs[k][0] + pairs[k][1])
        c = ((1 / small_size - 1 / B) / (2 / b)) ** 0.5
        share = torch.tensor([1 / B] * B + [c / b] * b + [-c / b] * b, dtype=inputs.dtype)
        X = inputs[rows]
        path[k + 1] = path[k] - lr * (share * (X @ path[k] - targets[rows])) @ X
    return path


RIGHT = [r_hints, r_autograd, r_loops, r_numpy, r_preallocated]


# ---------------------------------------------------------------- wrong
def gradient(inputs, targets, w, rows):
    X = inputs[rows]
    return X.T @ (X @ w - targets[rows]) / len(rows)


def descend(args, *, scale=None, step=None, grad=gradient, guard=True, first=True):
    """The right run, with one part exchanged."""
    inputs, targets, start, lr, batches, pairs, small_size = args
    w, path = start.clone(), [start.clone()] if first else []
    for batch, (one, two) in zip(batches, pairs, strict=True):
        B, b = len(batch), len(one)
        if guard and small_size > B:
            raise ValueError("S > B")
        c2 = b / 2 * (1 / small_size - 1 / B)
        c = scale(small_size, B, b) if scale else math.sqrt(c2)
        g, g1, g2 = (grad(inputs, targets, w, rows) for rows in (batch, one, two))
        w = step(w, lr, g, g1, g2, c) if step else w - lr * (g + c * (g1 - g2))
        path.append(w)
    return torch.stack(path)


def w_plain_sgd(*args):
    """The noise forgotten."""
    return descend(args, scale=lambda S, B, b: 0.0)


def w_no_root(*args):
    """c in place of its root."""
    return descend(args, scale=lambda S, B, b: b / 2 * (1 / S - 1 / B))


def w_batch_noise_forgotten(*args):
    """Adds all of the small batch's noise: 1/S, not 1/S - 1/B."""
    return descend(args, scale=lambda S, B, b: math.sqrt(b / 2 / S))


def w_two_forgotten(*args):
    """A difference taken for as noisy as one mean: c^2 = b (1/S - 1/B)."""
    return descend(args, scale=lambda S, B, b: math.sqrt(b * (1 / S - 1 / B)))


def w_b_forgotten(*args):
    """The size of a pair's half left out."""
    return descend(args, scale=lambda S, B, b: math.sqrt((1 / S - 1 / B) / 2))


def w_two_upside(*args):
    """c^2 = 2/b times the wanted."""
    return descend(args, scale=lambda S, B, b: math.sqrt(2 / b * (1 / S - 1 / B)))


def w_batch_for_b(*args):
    """B in place of b."""
    return descend(args, scale=lambda S, B, b: math.sqrt(B / 2 * (1 / S - 1 / B)))


def w_small_for_b(*args):
    """S in place of b."""
    return descend(args, scale=lambda S, B, b: math.sqrt(S / 2 * (1 / S - 1 / B)))


def w_difference_of_roots(*args):
    """Standard deviations taken away from each other: 1/sqrt(S) - 1/sqrt(B)."""
    return descend(args, scale=lambda S, B, b: math.sqrt(b / 2) * (S**-0.5 - B**-0.5))


def w_size_difference(*args):
    """1/(B - S) in place of 1/S - 1/B."""
    return descend(args, scale=lambda S, B, b: math.sqrt(b / 2 / (B - S)) if B > S else 0.0)


def w_scale_one(*args):
    """Adds the difference as it is."""
    return descend(args, scale=lambda S, B, b: 1.0 if B > S else 0.0)


def w_sum_of_pair(*args):
    """The sum of the two, not their difference."""
    return descend(args, step=lambda w, lr, g, g1, g2, c: w - lr * (g + c * (g1 + g2)))


def w_pair_turned(*args):
    """Second less first."""
    return descend(args, step=lambda w, lr, g, g1, g2, c: w - lr * (g + c * (g2 - g1)))


def w_one_batch(*args):
    """The first of the pair alone."""
    return descend(args, step=lambda w, lr, g, g1, g2, c: w - lr * (g + c * g1))


def w_first_less_batch(*args):
    """First of the pair less the batch's gradient."""
    return descend(args, step=lambda w, lr, g, g1, g2, c: w - lr * (g + c * (g1 - g)))


def w_lr_not_on_noise(*args):
    """The learning rate on the gradient alone."""
    return descend(args, step=lambda w, lr, g, g1, g2, c: w - lr * g - c * (g1 - g2))


def w_root_lr_on_noise(*args):
    """The root of the learning rate on the noise, as in an SDE."""
    return descend(args, step=lambda w, lr, g, g1, g2, c: w - lr * g - lr**0.5 * c * (g1 - g2))


def w_added_to_step(*args):
    """Adds the noise to the weights: the sign turns."""
    return descend(args, step=lambda w, lr, g, g1, g2, c: w - lr * g + lr * c * (g1 - g2))


def w_ascent(*args):
    """Goes up."""
    return descend(args, step=lambda w, lr, g, g1, g2, c: w + lr * (g + c * (g1 - g2)))


def w_gradient_doubled(*args):
    """The 1/2 of the loss forgotten."""
    return descend(args, grad=lambda *a: 2 * gradient(*a))


def w_gradient_summed(*args):
    """Sums of gradients, not means."""
    return descend(args, grad=lambda X, y, w, rows: len(rows) * gradient(X, y, w, rows))


def w_residual_turned(*args):
    """y - Xw: the gradient's sign."""
    return descend(args, grad=lambda *a: -gradient(*a))


def w_isotropic(*args):
    """Gaussian noise of the same size in every direction."""
    generator = torch.Generator().manual_seed(0)

    def step(w, lr, g, g1, g2, c):
        kick = torch.randn(len(w), generator=generator, dtype=w.dtype)
        return w - lr * (g + c * (g1 - g2).norm() / len(w) ** 0.5 * kick)

    return descend(args, step=step)


def w_noise_at_start(*args):
    """The pairs' gradients at the start, in all steps."""
    inputs, targets, start, lr, batches, pairs, small_size = args
    w, path = start.clone(), [start.clone()]
    for batch, (one, two) in zip(batches, pairs, strict=True):
        if small_size > len(batch):
            raise ValueError("S > B")
        c = math.sqrt(len(one) / 2 * (1 / small_size - 1 / len(batch)))
        d = gradient(inputs, targets, start, one) - gradient(inputs, targets, start, two)
        w = w - lr * (gradient(inputs, targets, w, batch) + c * d)
        path.append(w)
    return torch.stack(path)


def w_noise_after_step(*args):
    """SGD first, the noise at the weights after it."""
    inputs, targets, start, lr, batches, pairs, small_size = args
    w, path = start.clone(), [start.clone()]
    for batch, (one, two) in zip(batches, pairs, strict=True):
        if small_size > len(batch):
            raise ValueError("S > B")
        c = math.sqrt(len(one) / 2 * (1 / small_size - 1 / len(batch)))
        w = w - lr * gradient(inputs, targets, w, batch)
        w = w - lr * c * (gradient(inputs, targets, w, one) - gradient(inputs, targets, w, two))
        path.append(w)
    return torch.stack(path)


def w_first_pair_only(*args):
    """One pair for all steps."""
    inputs, targets, start, lr, batches, pairs, small_size = args
    same = [pairs[0]] * len(batches) if pairs else []
    return descend((inputs, targets, start, lr, batches, same, small_size))


def w_start_left_out(*args):
    """The path begins after the first step."""
    if not args[4]:
        return torch.zeros(0, len(args[2]))
    return descend(args, first=False)


def w_last_only(*args):
    """Only the end of the path."""
    return descend(args)[-1]


def w_one_step_short(*args):
    """The path ends one step early."""
    return descend(args)[:-1]


def w_clamped(*args):
    """S > B: no noise, in place of an error."""
    return descend(
        args, guard=False, scale=lambda S, B, b: math.sqrt(max(0, b / 2 * (1 / S - 1 / B)))
    )


def w_abs_for_error(*args):
    """S > B: the size of the difference under the root."""
    return descend(args, guard=False, scale=lambda S, B, b: math.sqrt(abs(b / 2 * (1 / S - 1 / B))))


def w_refuses_equal(*args):
    """Refuses S = B as well."""
    if args[4] and args[6] >= len(args[4][0]):
        raise ValueError("S >= B")
    return descend(args)


def w_assertion(*args):
    """AssertionError in place of ValueError."""
    assert all(args[6] <= len(batch) for batch in args[4])
    return descend(args)


def w_changes_start(*args):
    """Moves the start itself."""
    inputs, targets, start, lr, batches, pairs, small_size = args
    path = [start.clone()]
    for batch, (one, two) in zip(batches, pairs, strict=True):
        if small_size > len(batch):
            raise ValueError("S > B")
        c = math.sqrt(len(one) / 2 * (1 / small_size - 1 / len(batch)))
        d = gradient(inputs, targets, start, one) - gradient(inputs, targets, start, two)
        start -= lr * (gradient(inputs, targets, start, batch) + c * d)
        path.append(start.clone())
    return torch.stack(path)


def w_same_tensor(*args):
    """Changes one tensor in place and lists it each time: all rows are the end."""
    path = descend(args)
    return path[-1].repeat(len(path), 1)


WRONG = [
    w_plain_sgd,
    w_no_root,
    w_batch_noise_forgotten,
    w_two_forgotten,
    w_b_forgotten,
    w_two_upside,
    w_batch_for_b,
    w_small_for_b,
    w_difference_of_roots,
    w_size_difference,
    w_scale_one,
    w_sum_of_pair,
    w_pair_turned,
    w_one_batch,
    w_first_less_batch,
    w_lr_not_on_noise,
    w_root_lr_on_noise,
    w_added_to_step,
    w_ascent,
    w_gradient_doubled,
    w_gradient_summed,
    w_residual_turned,
    w_isotropic,
    w_noise_at_start,
    w_noise_after_step,
    w_first_pair_only,
    w_start_left_out,
    w_last_only,
    w_one_step_short,
    w_clamped,
    w_abs_for_error,
    w_refuses_equal,
    w_assertion,
    w_changes_start,
    w_same_tensor,
]
