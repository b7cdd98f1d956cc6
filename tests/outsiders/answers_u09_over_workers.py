import itertools

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_dict(indices, right):
    known = {}
    for seen, hits in zip(indices, right, strict=True):
        known.update(zip(seen, hits, strict=True))
    return sum(known.values()) / len(known)


def r_sets(indices, right):
    pairs = {(i, r) for a, b in zip(indices, right, strict=True) for i, r in zip(a, b, strict=True)}
    good = {i for i, r in pairs if r == 1}
    return len(good) / len({i for i, _ in pairs})


def r_numpy(indices, right):
    flat = np.array(list(itertools.chain(*indices)))
    hits = np.array(list(itertools.chain(*right)))
    _, first = np.unique(flat, return_index=True)
    return float(hits[first].mean())


def r_torch(indices, right):
    flat = torch.cat([torch.tensor(x, dtype=torch.long) for x in indices])
    hits = torch.cat([torch.tensor(x, dtype=torch.float64) for x in right])
    values, where = flat.unique(return_inverse=True)
    return torch.zeros(len(values), dtype=torch.float64).scatter_(0, where, hits).mean()


def r_loop(indices, right):
    done, good = [], 0
    for worker in range(len(indices)):
        for position, example in enumerate(indices[worker]):
            if example not in done:
                done.append(example)
                good += right[worker][position]
    return good / len(done)


RIGHT = [
    r_dict,
    r_sets,
    r_numpy,
    r_torch,
    r_loop,
]


# ---------------------------------------------------------------- wrong
def w_flawed(indices, right):
    """The function as shown."""
    shares = [sum(h) / len(h) for h in right]
    return sum(shares) / len(shares)


def w_pooled(indices, right):
    """Joined in proportion, duplicates still twice."""
    return sum(map(sum, right)) / sum(map(len, right))


def w_dedup_per_worker(indices, right):
    """Duplicates removed on each worker, then the mean of shares."""
    shares = [
        sum(dict(zip(i, h, strict=True)).values()) / len(set(i))
        for i, h in zip(indices, right, strict=True)
    ]
    return sum(shares) / len(shares)


def w_dedup_per_worker_pooled(indices, right):
    """Duplicates removed on each worker, pooled over workers."""
    d = [dict(zip(i, h, strict=True)) for i, h in zip(indices, right, strict=True)]
    return sum(sum(x.values()) for x in d) / sum(map(len, d))


def w_hits_over_distinct(indices, right):
    """All hits over the distinct examples: the numerator counts twice."""
    return sum(map(sum, right)) / len({i for x in indices for i in x})


def w_distinct_over_all(indices, right):
    """Distinct hits over all that was seen."""
    known = {}
    for a, b in zip(indices, right, strict=True):
        known.update(zip(a, b, strict=True))
    return sum(known.values()) / sum(map(len, indices))


def w_drop_last_of_each(indices, right):
    """Drops the last example of every worker."""
    known = {}
    for a, b in zip(indices, right, strict=True):
        known.update(zip(a[:-1], b[:-1], strict=True))
    return sum(known.values()) / max(len(known), 1)


def w_once_only(indices, right):
    """Only the examples that come exactly once."""
    flat = [i for x in indices for i in x]
    hits = [h for x in right for h in x]
    once = [h for i, h in zip(flat, hits, strict=True) if flat.count(i) == 1]
    return sum(once) / max(len(once), 1)


def w_max_index(indices, right):
    """Max index + 1 for the number of examples."""
    known = {}
    for a, b in zip(indices, right, strict=True):
        known.update(zip(a, b, strict=True))
    return sum(known.values()) / (max(known) + 1)


def w_count(indices, right):
    """The number, not the share."""
    known = {}
    for a, b in zip(indices, right, strict=True):
        known.update(zip(a, b, strict=True))
    return sum(known.values())


def w_percent(indices, right):
    """In percent."""
    known = {}
    for a, b in zip(indices, right, strict=True):
        known.update(zip(a, b, strict=True))
    return 100 * sum(known.values()) / len(known)


def w_error(indices, right):
    """The share that is wrong."""
    known = {}
    for a, b in zip(indices, right, strict=True):
        known.update(zip(a, b, strict=True))
    return 1 - sum(known.values()) / len(known)


def w_first_worker(indices, right):
    """The first worker's own share."""
    return sum(right[0]) / len(right[0])


def w_weighted_shares(indices, right):
    """Shares weighted with the workers' sizes: pooled again."""
    n = sum(map(len, right))
    return sum(len(h) / n * (sum(h) / len(h)) for h in right if h)


def w_distinct_weighted(indices, right):
    """Shares of each worker, weighted with its distinct examples."""
    w = [len(set(i)) for i in indices]
    s = [sum(h) / len(h) for h in right]
    return sum(a * b for a, b in zip(w, s, strict=True)) / sum(w)


def w_pairs_set(indices, right):
    """A set of (worker, index): nothing is the same on two workers."""
    p = {(k, i, h) for k in range(len(indices)) for i, h in zip(indices[k], right[k], strict=True)}
    return sum(x[2] for x in p) / len(p)


def w_cut_to_shortest(indices, right):
    """Cuts all workers to the shortest."""
    n = min(map(len, indices))
    known = {}
    for a, b in zip(indices, right, strict=True):
        known.update(zip(a[:n], b[:n], strict=True))
    return sum(known.values()) / max(len(known), 1)


def w_neighbours(indices, right):
    """Skips an example that equals the one before it."""
    last, n, good = None, 0, 0
    for a, b in zip(indices, right, strict=True):
        for i, h in zip(a, b, strict=True):
            if i != last:
                n, good = n + 1, good + h
            last = i
    return good / n


def w_first_index_left_out(indices, right):
    """Treats index 0 as filling."""
    known = {}
    for a, b in zip(indices, right, strict=True):
        known.update({i: h for i, h in zip(a, b, strict=True) if i})
    return sum(known.values()) / max(len(known), 1)


def w_median(indices, right):
    """The median of the workers' shares."""
    return float(np.median([sum(h) / len(h) for h in right]))


def w_right_twice(indices, right):
    """Distinct right examples over distinct wrong ones."""
    known = {}
    for a, b in zip(indices, right, strict=True):
        known.update(zip(a, b, strict=True))
    return sum(known.values()) / max(1, len(known) - sum(known.values()))


def w_sum_of_hits_per_index(indices, right):
    """Adds hits in the dictionary."""
    known = {}
    for a, b in zip(indices, right, strict=True):
        for i, h in zip(a, b, strict=True):
            known[i] = known.get(i, 0) + h
    return sum(known.values()) / len(known)


def w_rounded(indices, right):
    """Rounded to two digits."""
    known = {}
    for a, b in zip(indices, right, strict=True):
        known.update(zip(a, b, strict=True))
    return round(sum(known.values()) / len(known), 2)


WRONG = [
    w_flawed,
    w_pooled,
    w_dedup_per_worker,
    w_dedup_per_worker_pooled,
    w_hits_over_distinct,
    w_distinct_over_all,
    w_drop_last_of_each,
    w_once_only,
    w_max_index,
    w_count,
    w_percent,
    w_error,
    w_first_worker,
    w_weighted_shares,
    w_distinct_weighted,
    w_pairs_set,
    w_cut_to_shortest,
    w_neighbours,
    w_first_index_left_out,
    w_median,
    w_right_twice,
    w_sum_of_hits_per_index,
    w_rounded,
]
