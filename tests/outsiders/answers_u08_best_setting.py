import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_loops(lrs, validation, chance):
    best, place = None, None
    for k in range(len(lrs)):
        total = 0.0
        for accuracy in validation[k]:
            total += chance if accuracy is None else accuracy
        mean = total / len(validation[k])
        if best is None or mean > best:
            best, place = mean, k
    if place in (0, len(lrs) - 1):
        return math.nan
    return lrs[place]


def r_index_of_max(lrs, validation, chance):
    means = [sum(chance if a is None else a for a in row) / len(row) for row in validation]
    i = means.index(max(means))
    return lrs[i] if 0 < i < len(lrs) - 1 else math.nan


def r_numpy(lrs, validation, chance):
    table = np.array(validation, dtype=float)
    table[np.isnan(table)] = chance
    i = table.mean(axis=1).argmax()
    return math.nan if i == 0 or i == len(table) - 1 else lrs[i]


def r_torch(lrs, validation, chance):
    table = torch.tensor(
        [[chance if a is None else a for a in row] for row in validation], dtype=torch.float64
    )
    i = int(table.mean(dim=1).argmax())
    return float("nan") if i in (0, len(lrs) - 1) else float(lrs[i])


def r_by_count(lrs, validation, chance):
    means = []
    for row in validation:
        known = [a for a in row if a is not None]
        means.append((sum(known) + chance * (len(row) - len(known))) / len(row))
    best = max(means)
    for lr, mean in zip(lrs, means, strict=True):
        if mean == best:
            return math.nan if lr in (lrs[0], lrs[-1]) else lr
    return math.nan


def r_max_with_key(lrs, validation, chance):
    filled = [[chance if a is None else a for a in row] for row in validation]
    k = max(range(len(lrs)), key=lambda j: np.mean(filled[j]))
    if k == 0 or k + 1 == len(lrs):
        return math.nan
    return lrs[k]


def r_fsum(lrs, validation, chance):
    pairs = [
        (-math.fsum(chance if a is None else a for a in row) / len(row), lr)
        for lr, row in zip(lrs, validation, strict=True)
    ]
    lr = sorted(pairs)[0][1]
    return lr if lrs[0] < lr < lrs[-1] else math.nan


RIGHT = [r_loops, r_index_of_max, r_numpy, r_torch, r_by_count, r_max_with_key, r_fsum]


# ---------------------------------------------------------------- wrong
def filled_with(validation, value):
    return [[value if a is None else a for a in row] for row in validation]


def means_of(validation, chance):
    return [sum(row) / len(row) for row in filled_with(validation, chance)]


def inside(lrs, i):
    return lrs[i] if 0 < i < len(lrs) - 1 else math.nan


def w_none_left_out(lrs, validation, chance):
    """Diverged seeds are left out of the mean."""
    rows = [[a for a in row if a is not None] for row in validation]
    means = [sum(row) / len(row) if row else chance for row in rows]
    return inside(lrs, means.index(max(means)))


def w_nanmean(lrs, validation, chance):
    """np.nanmean: the diverged runs drop out, and a row of them is never best."""
    rows = [[a for a in row if a is not None] for row in validation]
    means = [np.mean(row) if row else -1.0 for row in rows]
    return inside(lrs, int(np.argmax(means)))


def w_none_as_zero(lrs, validation, chance):
    """A diverged run scores nothing: 0 in place of chance."""
    means = means_of(validation, 0.0)
    return inside(lrs, means.index(max(means)))


def w_none_as_fraction(lrs, validation, chance):
    """Takes chance for a fraction of 100 although it is in percent already."""
    means = means_of(validation, 100 * chance)
    return inside(lrs, means.index(max(means)))


def w_chance_in_hundredths(lrs, validation, chance):
    """Divides the chance by 100 to make a fraction of it."""
    means = means_of(validation, chance / 100)
    return inside(lrs, means.index(max(means)))


def w_row_with_none_out(lrs, validation, chance):
    """One diverged seed makes the whole rate count as chance."""
    means = [chance if None in row else sum(row) / len(row) for row in validation]
    return inside(lrs, means.index(max(means)))


def w_edges_allowed(lrs, validation, chance):
    """Forgets the rule about the ends."""
    means = means_of(validation, chance)
    return lrs[means.index(max(means))]


def w_only_upper_edge(lrs, validation, chance):
    """Only the largest rate counts as an end."""
    means = means_of(validation, chance)
    i = means.index(max(means))
    return math.nan if i == len(lrs) - 1 else lrs[i]


def w_only_lower_edge(lrs, validation, chance):
    """Only the smallest rate counts as an end."""
    means = means_of(validation, chance)
    i = means.index(max(means))
    return math.nan if i == 0 else lrs[i]


def w_last_edge_off_by_one(lrs, validation, chance):
    """i == len(lrs) never happens: the upper end is missed."""
    means = means_of(validation, chance)
    i = means.index(max(means))
    return math.nan if i == 0 or i == len(lrs) else lrs[i]


def w_inside_only(lrs, validation, chance):
    """Looks for the best of the inner rates only, so the ends never win."""
    means = means_of(validation, chance)[1:-1]
    return lrs[1 + means.index(max(means))]


def w_two_from_the_edge(lrs, validation, chance):
    """Asks for two rates on either side."""
    means = means_of(validation, chance)
    i = means.index(max(means))
    return lrs[i] if 1 < i < len(lrs) - 2 else math.nan


def w_larger_of_equal(lrs, validation, chance):
    """Of equal means the larger rate: >= while going up."""
    best, place = -math.inf, 0
    for k, mean in enumerate(means_of(validation, chance)):
        if mean >= best:
            best, place = mean, k
    return inside(lrs, place)


def w_max_of_pairs(lrs, validation, chance):
    """max((mean, lr)): the larger rate wins a tie."""
    _, lr = max(zip(means_of(validation, chance), lrs, strict=True))
    return math.nan if lr in (lrs[0], lrs[-1]) else lr


def w_median(lrs, validation, chance):
    """The median seed in place of the mean."""
    medians = [float(np.median(row)) for row in filled_with(validation, chance)]
    return inside(lrs, medians.index(max(medians)))


def w_luckiest_seed(lrs, validation, chance):
    """The rate of the single highest accuracy."""
    highest = [max(row) for row in filled_with(validation, chance)]
    return inside(lrs, highest.index(max(highest)))


def w_worst_seed(lrs, validation, chance):
    """The rate whose worst seed is best."""
    lowest = [min(row) for row in filled_with(validation, chance)]
    return inside(lrs, lowest.index(max(lowest)))


def w_first_seed(lrs, validation, chance):
    """Looks at the first seed alone."""
    first = [row[0] for row in filled_with(validation, chance)]
    return inside(lrs, first.index(max(first)))


def w_vote(lrs, validation, chance):
    """Each seed votes for its own best rate."""
    table = np.array(filled_with(validation, chance))
    votes = np.bincount(table.argmax(axis=0), minlength=len(lrs))
    return inside(lrs, int(votes.argmax()))


def w_lower_is_better(lrs, validation, chance):
    """argmin: takes the accuracies for losses."""
    means = means_of(validation, chance)
    return inside(lrs, means.index(min(means)))


def w_index(lrs, validation, chance):
    """Returns the place, not the rate."""
    means = means_of(validation, chance)
    i = means.index(max(means))
    return i if 0 < i < len(lrs) - 1 else math.nan


def w_mean_accuracy(lrs, validation, chance):
    """Returns the best mean, not its rate."""
    means = means_of(validation, chance)
    i = means.index(max(means))
    return means[i] if 0 < i < len(lrs) - 1 else math.nan


def w_none_for_open(lrs, validation, chance):
    """Returns None where the question is open."""
    means = means_of(validation, chance)
    i = means.index(max(means))
    return lrs[i] if 0 < i < len(lrs) - 1 else None


def w_raises_at_the_edge(lrs, validation, chance):
    """Raises an error where the best is at an end."""
    means = means_of(validation, chance)
    i = means.index(max(means))
    if i in (0, len(lrs) - 1):
        raise ValueError("the best rate is at the end of the grid")
    return lrs[i]


def w_axis(lrs, validation, chance):
    """Means over the rates: axis 0, so a seed is chosen."""
    table = np.array(filled_with(validation, chance))
    i = int(table.mean(axis=0).argmax())
    return inside(lrs, min(i, len(lrs) - 1))


def w_below_chance_lifted(lrs, validation, chance):
    """Everything below chance is lifted to chance too."""
    means = [sum(max(a, chance) for a in row) / len(row) for row in filled_with(validation, chance)]
    return inside(lrs, means.index(max(means)))


def w_divided_by_finished(lrs, validation, chance):
    """Adds the chance for diverged runs, but divides by the finished ones."""
    means = []
    for row in validation:
        finished = sum(a is not None for a in row) or 1
        means.append(sum(chance if a is None else a for a in row) / finished)
    return inside(lrs, means.index(max(means)))


def w_falsy_zero(lrs, validation, chance):
    """`a or chance`: an accuracy of 0 becomes chance as well."""
    means = [sum(a or chance for a in row) / len(row) for row in validation]
    return inside(lrs, means.index(max(means)))


def w_fills_in_place(lrs, validation, chance):
    """Writes the chance into the caller's table."""
    for row in validation:
        for s, accuracy in enumerate(row):
            if accuracy is None:
                row[s] = chance
    means = [sum(row) / len(row) for row in validation]
    return inside(lrs, means.index(max(means)))


def w_sums(lrs, validation, chance):
    """The highest sum of the finished runs: a diverged one adds nothing."""
    sums = [sum(a for a in row if a is not None) for row in validation]
    return inside(lrs, sums.index(max(sums)))


def w_neighbours_too(lrs, validation, chance):
    """Averages with the neighbouring rates first, to be robust."""
    means = means_of(validation, chance)
    smooth = [np.mean(means[max(0, i - 1) : i + 2]) for i in range(len(means))]
    return inside(lrs, int(np.argmax(smooth)))


def w_never_none(lrs, validation, chance):
    """Only rates at which no run diverged may win."""
    means = means_of(validation, chance)
    safe = [m if None not in row else -1.0 for m, row in zip(means, validation, strict=True)]
    return inside(lrs, safe.index(max(safe)))


WRONG = [
    w_none_left_out,
    w_nanmean,
    w_none_as_zero,
    w_none_as_fraction,
    w_chance_in_hundredths,
    w_row_with_none_out,
    w_edges_allowed,
    w_only_upper_edge,
    w_only_lower_edge,
    w_last_edge_off_by_one,
    w_inside_only,
    w_two_from_the_edge,
    w_larger_of_equal,
    w_max_of_pairs,
    w_median,
    w_luckiest_seed,
    w_worst_seed,
    w_first_seed,
    w_vote,
    w_lower_is_better,
    w_index,
    w_mean_accuracy,
    w_none_for_open,
    w_raises_at_the_edge,
    w_axis,
    w_below_chance_lifted,
    w_divided_by_finished,
    w_falsy_zero,
    w_fills_in_place,
    w_sums,
    w_neighbours_too,
    w_never_none,
]
