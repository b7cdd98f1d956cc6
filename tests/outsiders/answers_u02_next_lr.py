import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_direct(accuracy, diverged, lrs):
    means = accuracy.mean(dim=0).clone()
    means[diverged.any(dim=0)] = -1.0
    best = int(means.argmax())
    factor = lrs[1] / lrs[0]
    if best == 0:
        return lrs[0] / factor
    if best == len(lrs) - 1:
        return lrs[-1] * factor
    return lrs[best]


def r_loops(accuracy, diverged, lrs):
    best, best_mean = None, None
    for j in range(len(lrs)):
        total, bad = 0.0, False
        for s in range(len(accuracy)):
            total += float(accuracy[s][j])
            bad = bad or bool(diverged[s][j])
        if bad:
            continue
        mean = total / len(accuracy)
        if best is None or mean > best_mean:
            best, best_mean = j, mean
    if 0 < best < len(lrs) - 1:
        return lrs[best]
    if best == 0:
        return lrs[0] * lrs[0] / lrs[1]
    return lrs[-1] * lrs[-1] / lrs[-2]


def r_numpy(accuracy, diverged, lrs):
    a, d = np.asarray(accuracy, dtype=float), np.asarray(diverged, dtype=bool)
    means = np.where(d.any(axis=0), -np.inf, a.mean(axis=0))
    lrs = np.asarray(lrs, dtype=float)
    i = int(np.argmax(means))
    padded = np.concatenate([[lrs[0] ** 2 / lrs[1]], lrs[1:-1], [lrs[-1] ** 2 / lrs[-2]]])
    return float(padded[i])


def r_where(accuracy, diverged, lrs):
    means = torch.where(
        diverged.any(dim=0), torch.tensor(-math.inf, dtype=accuracy.dtype), accuracy.mean(0)
    )
    best = means.argmax().item()
    exponent = (best == len(lrs) - 1) - (best == 0)
    return lrs[best] * (lrs[1] / lrs[0]) ** exponent


def r_max_key(accuracy, diverged, lrs):
    ok = [j for j in range(len(lrs)) if not any(bool(row[j]) for row in diverged)]
    best = max(ok, key=lambda j: sum(float(row[j]) for row in accuracy))
    first, last = 0, len(lrs) - 1
    step = math.log(lrs[1]) - math.log(lrs[0])
    shift = {first: -step, last: step}.get(best, 0.0)
    return math.exp(math.log(lrs[best]) + shift)


def r_sorted(accuracy, diverged, lrs):
    rows = list(zip(accuracy.T.tolist(), diverged.T.tolist(), range(len(lrs)), strict=False))
    alive = [(sum(a) / len(a), j) for a, d, j in rows if True not in d]
    _, j = sorted(alive)[-1]
    neighbours = lrs[j - 1] if j > 0 else None, lrs[j + 1] if j + 1 < len(lrs) else None
    if None not in neighbours:
        return lrs[j]
    other = neighbours[0] if neighbours[1] is None else neighbours[1]
    return lrs[j] * (lrs[j] / other)


# ---------------------------------------------------------------- wrong
def _finish(best, lrs):
    factor = lrs[1] / lrs[0]
    if best == 0:
        return lrs[0] / factor
    if best == len(lrs) - 1:
        return lrs[-1] * factor
    return lrs[best]


def _means(accuracy, diverged):
    means = accuracy.double().mean(dim=0).clone()
    means[diverged.any(dim=0)] = -1.0
    return means


def w_ignore_diverged(accuracy, diverged, lrs):
    """The accuracy alone says what is best; diverged runs are bad anyway."""
    return _finish(int(accuracy.mean(dim=0).argmax()), lrs)


def w_all_seeds(accuracy, diverged, lrs):
    """A rate is out only if all of its seeds diverged."""
    means = accuracy.mean(dim=0).clone()
    means[diverged.all(dim=0)] = -1.0
    return _finish(int(means.argmax()), lrs)


def w_survivor_seeds(accuracy, diverged, lrs):
    """Drop the diverged runs and average each rate over the seeds that survived."""
    alive = (~diverged).double()
    count = alive.sum(dim=0)
    means = torch.where(
        count > 0, (accuracy * alive).sum(dim=0) / count.clamp(min=1), torch.tensor(-1.0).double()
    )
    return _finish(int(means.argmax()), lrs)


def w_zero_for_diverged(accuracy, diverged, lrs):
    """A diverged run counts as accuracy 0 in the mean."""
    return _finish(int((accuracy * (~diverged)).mean(dim=0).argmax()), lrs)


def w_neighbour_not_tried(accuracy, diverged, lrs):
    """A diverged rate is no longer in the grid, so the last survivor is an edge."""
    out = diverged.any(dim=0)
    keep = [j for j in range(len(lrs)) if not out[j]]
    means = _means(accuracy, diverged)
    best = int(means.argmax())
    factor = lrs[1] / lrs[0]
    if best == keep[-1]:
        return lrs[best] * factor
    if best == keep[0]:
        return lrs[best] / factor
    return lrs[best]


def w_shifted_index(accuracy, diverged, lrs):
    """Delete the diverged columns, argmax, and use that index in the old list of rates."""
    keep = ~diverged.any(dim=0)
    best = int(accuracy[:, keep].mean(dim=0).argmax())
    return _finish(best, lrs)


def w_additive(accuracy, diverged, lrs):
    """The grid goes on by the same difference."""
    best = int(_means(accuracy, diverged).argmax())
    if best == 0:
        return lrs[0] - (lrs[1] - lrs[0])
    if best == len(lrs) - 1:
        return lrs[-1] + (lrs[-1] - lrs[-2])
    return lrs[best]


def w_always_two(accuracy, diverged, lrs):
    """The next rate is always twice or half."""
    best = int(_means(accuracy, diverged).argmax())
    if best == 0:
        return lrs[0] / 2
    if best == len(lrs) - 1:
        return lrs[-1] * 2
    return lrs[best]


def w_edge_is_best(accuracy, diverged, lrs):
    """The best is the best, also on the edge."""
    return lrs[int(_means(accuracy, diverged).argmax())]


def w_only_upper(accuracy, diverged, lrs):
    """Only the upper edge must be extended; at the lower one the smallest rate is returned."""
    best = int(_means(accuracy, diverged).argmax())
    if best == len(lrs) - 1:
        return lrs[-1] * lrs[1] / lrs[0]
    return lrs[best]


def w_edges_swapped(accuracy, diverged, lrs):
    """At the edge go back inwards / divide above and multiply below."""
    best = int(_means(accuracy, diverged).argmax())
    factor = lrs[1] / lrs[0]
    if best == 0:
        return lrs[0] * factor
    if best == len(lrs) - 1:
        return lrs[-1] / factor
    return lrs[best]


def w_max_over_seeds(accuracy, diverged, lrs):
    """The best rate is that of the single best run."""
    top = accuracy.max(dim=0).values.clone()
    top[diverged.any(dim=0)] = -1.0
    return _finish(int(top.argmax()), lrs)


def w_worst_seed(accuracy, diverged, lrs):
    """Robust choice: the rate whose worst seed is best."""
    low = accuracy.min(dim=0).values.clone()
    low[diverged.any(dim=0)] = -1.0
    return _finish(int(low.argmax()), lrs)


def w_factor_last_over_first(accuracy, diverged, lrs):
    """The factor of the grid is last rate over first rate."""
    best = int(_means(accuracy, diverged).argmax())
    factor = lrs[-1] / lrs[0]
    if best == 0:
        return lrs[0] / factor
    if best == len(lrs) - 1:
        return lrs[-1] * factor
    return lrs[best]


def w_returns_index(accuracy, diverged, lrs):
    """Return the place in the grid (-1 or len beyond the edges) instead of the rate."""
    best = int(_means(accuracy, diverged).argmax())
    return float(-1 if best == 0 else len(lrs) if best == len(lrs) - 1 else best)


def w_first_seed(accuracy, diverged, lrs):
    """Judge by the first seed only."""
    a = accuracy[0].clone()
    a[diverged[0]] = -1.0
    return _finish(int(a.argmax()), lrs)


RIGHT = [r_direct, r_loops, r_numpy, r_where, r_max_key, r_sorted]
WRONG = [
    w_ignore_diverged,
    w_all_seeds,
    w_survivor_seeds,
    w_zero_for_diverged,
    w_neighbour_not_tried,
    w_shifted_index,
    w_additive,
    w_always_two,
    w_edge_is_best,
    w_only_upper,
    w_edges_swapped,
    w_max_over_seeds,
    w_worst_seed,
    w_factor_last_over_first,
    w_returns_index,
    w_first_seed,
]
