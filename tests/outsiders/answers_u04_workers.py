"""Answers for exercise 6: average_over_workers(local_grads, shards)."""

import functools
import operator
from collections import Counter
from itertools import chain, pairwise

import numpy as np
import torch


# ---------------------------------------------------------------- right
def right_set(local_grads, shards):
    if any(len(s) == 0 for s in shards):
        raise ValueError("a worker has no examples")
    everything = [i for s in shards for i in s]
    if len(set(everything)) != len(everything):
        raise ValueError("an example comes twice")
    return sum(g * (len(s) / len(everything)) for g, s in zip(local_grads, shards, strict=False))


def right_counter_einsum(local_grads, shards):
    counts = Counter(chain.from_iterable(shards))
    if not all(shards) or max(counts.values(), default=0) > 1:
        raise ValueError("empty shard or repeated example")
    sizes = torch.tensor(
        [len(s) for s in shards], dtype=local_grads.dtype, device=local_grads.device
    )
    return torch.einsum("n,np->p", sizes / sizes.sum(), local_grads)


def right_seen_loop(local_grads, shards):
    seen = set()
    total = torch.zeros_like(local_grads[0])
    for k in range(len(shards)):
        if not shards[k]:
            raise ValueError(f"shard {k} is empty")
        for index in shards[k]:
            if index in seen:
                raise ValueError(f"example {index} comes again on worker {k}")
            seen.add(index)
        total = total + len(shards[k]) * local_grads[k]
    return total / len(seen)


def right_matmul_sorted(local_grads, shards):
    lengths = list(map(len, shards))
    flat = sorted(functools.reduce(operator.iadd, shards, []))
    if 0 in lengths or any(a == b for a, b in pairwise(flat)):
        raise ValueError("shards must be non-empty and disjoint")
    w = torch.tensor(lengths, dtype=local_grads.dtype, device=local_grads.device)
    return (w @ local_grads) / w.sum()


def right_numpy(local_grads, shards):
    for s in shards:
        if len(s) < 1:
            raise ValueError("empty")
    flat = np.concatenate([np.asarray(s) for s in shards])
    if np.unique(flat).size < flat.size:
        raise ValueError("duplicate")
    g = np.average(local_grads.detach().cpu().numpy(), axis=0, weights=[len(s) for s in shards])
    return torch.from_numpy(g).to(local_grads.dtype)


def right_pairwise(local_grads, shards):
    """Sets worker by worker, then pairs of workers."""
    for s in shards:
        if not s or len(set(s)) < len(s):
            raise ValueError("bad shard")
    for i in range(len(shards)):
        for j in range(i):
            if set(shards[i]) & set(shards[j]):
                raise ValueError("two workers share an example")
    weights = torch.tensor([float(len(s)) for s in shards], dtype=local_grads.dtype)[:, None]
    return (weights.to(local_grads.device) * local_grads).sum(0) / weights.sum().item()


def right_repeat_interleave(local_grads, shards):
    """One row for each example, then a plain mean."""
    lengths = torch.tensor([len(s) for s in shards], device=local_grads.device)
    flat = torch.tensor([i for s in shards for i in s])
    if (lengths == 0).any() or len(torch.unique(flat)) != len(flat):
        raise ValueError("refused")
    return local_grads.repeat_interleave(lengths, dim=0).mean(dim=0)


# ---------------------------------------------------------------- wrong
def _weighted(local_grads, shards):
    w = torch.tensor([float(len(s)) for s in shards], dtype=local_grads.dtype)
    return (w[:, None] * local_grads).sum(0) / w.sum()


def _refuse(shards):
    flat = [i for s in shards for i in s]
    if any(len(s) == 0 for s in shards) or len(set(flat)) != len(flat):
        raise ValueError("refused")


def wrong_plain_mean(local_grads, shards):
    """The mean of the workers' means, with checks."""
    _refuse(shards)
    return local_grads.mean(dim=0)


def wrong_no_checks(local_grads, shards):
    """Weights by size are enough; nothing is refused."""
    return _weighted(local_grads, shards)


def wrong_plain_mean_no_checks(local_grads, shards):
    """DDP averages; that is all."""
    return local_grads.mean(dim=0)


def wrong_empty_allowed(local_grads, shards):
    """An empty shard has weight zero and does no harm."""
    flat = [i for s in shards for i in s]
    if len(set(flat)) != len(flat):
        raise ValueError("duplicate")
    return _weighted(local_grads, shards)


def wrong_only_within(local_grads, shards):
    """Looks for repeated examples within one worker only."""
    for s in shards:
        if len(s) == 0 or len(set(s)) != len(s):
            raise ValueError("bad shard")
    return _weighted(local_grads, shards)


def wrong_only_between(local_grads, shards):
    """Looks for examples on two workers only; a repeat on one worker passes."""
    if any(len(s) == 0 for s in shards):
        raise ValueError("empty")
    sets = [set(s) for s in shards]
    if len(set().union(*sets)) != sum(len(s) for s in sets):
        raise ValueError("shared")
    return _weighted(local_grads, shards)


def wrong_only_neighbours(local_grads, shards):
    """Compares each worker with the next one only."""
    for s in shards:
        if len(s) == 0 or len(set(s)) != len(s):
            raise ValueError("bad shard")
    for a, b in pairwise(shards):
        if set(a) & set(b):
            raise ValueError("shared")
    return _weighted(local_grads, shards)


def wrong_only_empty(local_grads, shards):
    """Refuses empty shards, never repeats."""
    if any(len(s) == 0 for s in shards):
        raise ValueError("empty")
    return _weighted(local_grads, shards)


def wrong_dedupe(local_grads, shards):
    """Repeats are removed and weights taken from what is left, instead of refusing."""
    if any(len(s) == 0 for s in shards):
        raise ValueError("empty")
    seen, sizes = set(), []
    for s in shards:
        new = set(s) - seen
        seen |= new
        sizes.append(float(len(new)))
    w = torch.tensor(sizes, dtype=local_grads.dtype)
    return (w[:, None] * local_grads).sum(0) / w.sum()


def wrong_refuses_unequal(local_grads, shards):
    """Unequal shards are an error too."""
    _refuse(shards)
    if len({len(s) for s in shards}) > 1:
        raise ValueError("unequal")
    return local_grads.mean(dim=0)


def wrong_returns_empty_list(local_grads, shards):
    """A refusal is an empty list (as the check shows it), not an exception."""
    try:
        _refuse(shards)
    except ValueError:
        return []
    return _weighted(local_grads, shards)


def wrong_returns_none(local_grads, shards):
    """A refusal is None."""
    flat = [i for s in shards for i in s]
    if any(len(s) == 0 for s in shards) or len(set(flat)) != len(flat):
        return None
    return _weighted(local_grads, shards)


def wrong_assert(local_grads, shards):
    """assert is as good as ValueError (it raises AssertionError)."""
    flat = [i for s in shards for i in s]
    assert all(len(s) > 0 for s in shards)
    assert len(set(flat)) == len(flat)
    return _weighted(local_grads, shards)


def wrong_sum(local_grads, shards):
    """All-reduce sums the mean gradients."""
    _refuse(shards)
    return local_grads.sum(dim=0)


def wrong_size_weighted_sum(local_grads, shards):
    """Weights by size but never divides by the number of examples."""
    _refuse(shards)
    return sum(len(s) * g for g, s in zip(local_grads, shards, strict=False))


def wrong_divide_by_workers(local_grads, shards):
    """Size-weighted sum divided by the number of workers."""
    _refuse(shards)
    return sum(len(s) * g for g, s in zip(local_grads, shards, strict=False)) / len(shards)


def wrong_sum_over_examples(local_grads, shards):
    """Takes the local gradients for sums: adds them and divides by all examples."""
    _refuse(shards)
    return local_grads.sum(dim=0) / sum(len(s) for s in shards)


def wrong_inverse_weights(local_grads, shards):
    """Small shards must be lifted: weights 1/len."""
    _refuse(shards)
    w = torch.tensor([1.0 / len(s) for s in shards], dtype=local_grads.dtype)
    return (w[:, None] * local_grads).sum(0) / w.sum()


def wrong_leave_empty_out(local_grads, shards):
    """Empty workers are left out of a plain mean over the others."""
    flat = [i for s in shards for i in s]
    if not flat or len(set(flat)) != len(flat):
        raise ValueError("refused")
    kept = [g for g, s in zip(local_grads, shards, strict=False) if len(s)]
    return torch.stack(kept).mean(dim=0)


def wrong_largest_shard(local_grads, shards):
    """Divides by N times the largest shard, as if all were full."""
    _refuse(shards)
    full = max(len(s) for s in shards) * len(shards)
    return sum(len(s) * g for g, s in zip(local_grads, shards, strict=False)) / full


def wrong_refuses_gaps(local_grads, shards):
    """Demands that the indices are 0 ... n-1 without gaps."""
    _refuse(shards)
    flat = sorted(i for s in shards for i in s)
    if flat != list(range(len(flat))):
        raise ValueError("gap")
    return _weighted(local_grads, shards)


RIGHT = [
    right_set,
    right_counter_einsum,
    right_seen_loop,
    right_matmul_sorted,
    right_numpy,
    right_pairwise,
    right_repeat_interleave,
]
WRONG = [
    wrong_plain_mean,
    wrong_no_checks,
    wrong_plain_mean_no_checks,
    wrong_empty_allowed,
    wrong_only_within,
    wrong_only_between,
    wrong_only_neighbours,
    wrong_only_empty,
    wrong_dedupe,
    wrong_refuses_unequal,
    wrong_returns_empty_list,
    wrong_returns_none,
    wrong_assert,
    wrong_sum,
    wrong_size_weighted_sum,
    wrong_divide_by_workers,
    wrong_sum_over_examples,
    wrong_inverse_weights,
    wrong_leave_empty_out,
    wrong_largest_shard,
    wrong_refuses_gaps,
]
