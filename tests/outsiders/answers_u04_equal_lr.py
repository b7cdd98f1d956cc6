"""Answers for exercise 3: equal_lr(lr, b, K, N, reduction, divides, all_reduce)."""

import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def right_if_chain(lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce):
    factor = 1
    if reduction == "sum":
        factor *= micro_batch_size
    if not divides:
        factor *= accum_steps
    if all_reduce == "sum":
        factor *= num_workers
    return lr / factor


def right_powers(lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce):
    return lr / (
        micro_batch_size ** (reduction == "sum")
        * accum_steps ** (1 - bool(divides))
        * num_workers ** (all_reduce == "sum")
    )


def right_simulate(lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce):
    ones = torch.ones(num_workers, accum_steps, micro_batch_size, dtype=torch.float64)
    micro = ones.sum(dim=2) if reduction == "sum" else ones.mean(dim=2)
    local = micro.mean(dim=1) if divides else micro.sum(dim=1)
    final = local.sum() if all_reduce == "sum" else local.mean()
    return lr / final.item()


def right_numpy_axes(
    lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce
):
    g = np.ones((num_workers, accum_steps, micro_batch_size))
    g = getattr(np, reduction)(g, axis=-1)
    g = np.sum(g / (accum_steps if divides else 1), axis=-1)
    g = getattr(np, all_reduce)(g, axis=-1)
    return float(lr / g)


def right_prod(lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce):
    sums = [
        (reduction == "sum", micro_batch_size),
        (not divides, accum_steps),
        (all_reduce == "sum", num_workers),
    ]
    return lr / math.prod(count for is_sum, count in sums if is_sum)


def right_dict(lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce):
    lr = lr * {"mean": 1.0, "sum": 1 / micro_batch_size}[reduction]
    lr = lr * {True: 1.0, False: 1 / accum_steps}[bool(divides)]
    return lr * {"mean": 1.0, "sum": 1 / num_workers}[all_reduce]


def right_loops(lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce):
    total = 0.0
    for _ in range(num_workers):
        grad = 0.0
        for _ in range(accum_steps):
            loss_grad = 0.0
            for _ in range(micro_batch_size):
                loss_grad += 1.0
            if reduction == "mean":
                loss_grad /= micro_batch_size
            if divides:
                loss_grad /= accum_steps
            grad += loss_grad
        total += grad
    if all_reduce == "mean":
        total /= num_workers
    return lr / total


def right_from_whole_sum(
    lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce
):
    """Start from the full sum over all b*K*N examples, take away what is divided."""
    length = micro_batch_size * accum_steps * num_workers
    length /= micro_batch_size if reduction == "mean" else 1
    length /= accum_steps if divides else 1
    length /= num_workers if all_reduce == "mean" else 1
    return lr / length


# ---------------------------------------------------------------- wrong
def wrong_multiply(lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce):
    """A longer gradient wants a larger rate."""
    factor = 1
    if reduction == "sum":
        factor *= micro_batch_size
    if not divides:
        factor *= accum_steps
    if all_reduce == "sum":
        factor *= num_workers
    return lr * factor


def wrong_forgets_workers(
    lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce
):
    """All-reduce only synchronises; it does not change the length."""
    f = micro_batch_size if reduction == "sum" else 1
    f *= 1 if divides else accum_steps
    return lr / f


def wrong_forgets_K(lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce):
    """.grad over several backward passes is a mean anyway."""
    f = micro_batch_size if reduction == "sum" else 1
    f *= num_workers if all_reduce == "sum" else 1
    return lr / f


def wrong_forgets_b(lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce):
    """The loss's reduction only changes the printed loss."""
    f = 1 if divides else accum_steps
    f *= num_workers if all_reduce == "sum" else 1
    return lr / f


def wrong_divides_inverted(
    lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce
):
    """divides=True means that the rate is to be divided by K."""
    f = micro_batch_size if reduction == "sum" else 1
    f *= accum_steps if divides else 1
    f *= num_workers if all_reduce == "sum" else 1
    return lr / f


def wrong_divides_makes_short(
    lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce
):
    """Dividing by K makes the gradient K times too short, so the rate must grow by K."""
    f = micro_batch_size if reduction == "sum" else 1
    f *= num_workers if all_reduce == "sum" else 1
    return lr / f * (accum_steps if divides else 1)


def wrong_mean_allreduce_shortens(
    lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce
):
    """The mean over workers makes the step N times smaller: multiply by N; the sum is right."""
    f = micro_batch_size if reduction == "sum" else 1
    f *= 1 if divides else accum_steps
    return lr / f * (num_workers if all_reduce == "mean" else 1)


def wrong_sqrt(lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce):
    """Sums grow like the square root of the number of terms (noise)."""
    f = micro_batch_size if reduction == "sum" else 1
    f *= 1 if divides else accum_steps
    f *= num_workers if all_reduce == "sum" else 1
    return lr / math.sqrt(f)


def wrong_linear_scaling(
    lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce
):
    """The linear scaling rule: a batch K*N times as large needs K*N times the rate."""
    f = micro_batch_size if reduction == "sum" else 1
    return lr * accum_steps * num_workers / f


def wrong_sum_is_whole_batch(
    lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce
):
    """A sum loss is a sum over the whole batch of b*K*N, whatever the other flags say."""
    if reduction == "sum":
        return lr / (micro_batch_size * accum_steps * num_workers)
    f = 1 if divides else accum_steps
    f *= num_workers if all_reduce == "sum" else 1
    return lr / f


def wrong_divide_only_for_mean(
    lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce
):
    """With a sum loss, dividing by K has no effect: the sum still has b*K terms."""
    f = micro_batch_size * accum_steps if reduction == "sum" else 1 if divides else accum_steps
    f *= num_workers if all_reduce == "sum" else 1
    return lr / f


def wrong_divides_normalises_all(
    lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce
):
    """If the code divides, the local gradient is a mean, whatever the loss's reduction."""
    f = 1
    if not divides:
        f = accum_steps * (micro_batch_size if reduction == "sum" else 1)
    f *= num_workers if all_reduce == "sum" else 1
    return lr / f


def wrong_returns_factor(
    lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce
):
    """What is asked for is the factor in the gradient."""
    f = micro_batch_size if reduction == "sum" else 1
    f *= 1 if divides else accum_steps
    f *= num_workers if all_reduce == "sum" else 1
    return f


def wrong_adds(lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce):
    """The factors of the three places add up."""
    f = micro_batch_size if reduction == "sum" else 0
    f += 0 if divides else accum_steps
    f += num_workers if all_reduce == "sum" else 0
    return lr / max(f, 1)


def wrong_unchanged(lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce):
    """Same batch, same examples: the same rate gives the same step."""
    return lr


def wrong_adjust_for_divide_both(
    lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce
):
    """Mixed reductions: mean over workers is also over the K micro-batches."""
    f = micro_batch_size if reduction == "sum" else 1
    if all_reduce == "sum":
        f *= num_workers * (1 if divides else accum_steps)
    return lr / f


def wrong_integer_division(
    lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce
):
    """Floor division by mistake: // in place of /."""
    f = micro_batch_size if reduction == "sum" else 1
    f *= 1 if divides else accum_steps
    f *= num_workers if all_reduce == "sum" else 1
    return lr // f


RIGHT = [
    right_if_chain,
    right_powers,
    right_simulate,
    right_numpy_axes,
    right_prod,
    right_dict,
    right_loops,
    right_from_whole_sum,
]
WRONG = [
    wrong_multiply,
    wrong_forgets_workers,
    wrong_forgets_K,
    wrong_forgets_b,
    wrong_divides_inverted,
    wrong_divides_makes_short,
    wrong_mean_allreduce_shortens,
    wrong_sqrt,
    wrong_linear_scaling,
    wrong_sum_is_whole_batch,
    wrong_divide_only_for_mean,
    wrong_divides_normalises_all,
    wrong_returns_factor,
    wrong_adds,
    wrong_unchanged,
    wrong_adjust_for_divide_both,
    wrong_integer_division,
]
