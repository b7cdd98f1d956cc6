import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_direct(small, large, k, budget):
    num_steps = small.shape[1]
    large_steps = num_steps if budget == "steps" else num_steps // k
    return large[:, large_steps - 1].min() - small[:, num_steps - 1].min()


def r_loops(small, large, k, budget):
    n = len(small[0])
    m = n
    if budget == "epochs":
        m = n // k
    best_small = float("inf")
    for row in small:
        if float(row[n - 1]) < best_small:
            best_small = float(row[n - 1])
    best_large = float("inf")
    for row in large:
        if float(row[m - 1]) < best_large:
            best_large = float(row[m - 1])
    return best_large - best_small


def r_argmin(small, large, k, budget):
    cut = large[:, : large.shape[1] // (k if budget == "epochs" else 1)]
    i, j = small[:, -1].argmin(), cut[:, -1].argmin()
    return (cut[j, -1] - small[i, -1]).item()


def r_numpy(small, large, k, budget):
    s, la = np.asarray(small), np.asarray(large)
    col = {"steps": la.shape[1], "epochs": la.shape[1] // k}[budget] - 1
    return float(np.min(la[:, col]) - np.min(s[:, -1]))


def r_generators(small, large, k, budget):
    end = -1 if budget == "steps" else len(large[0]) // k - 1
    return min(float(r[end]) for r in large) - min(float(r[-1]) for r in small)


def r_examples(small, large, k, budget):
    seen_small = torch.arange(1, small.shape[1] + 1)
    seen_large = k * torch.arange(1, large.shape[1] + 1)
    allowed = seen_large[-1] if budget == "steps" else seen_small[-1]
    column = int((seen_large <= allowed).sum()) - 1
    return torch.amin(large, dim=0)[column] - torch.amin(small, dim=0)[-1]


def r_sorted(small, large, k, budget):
    def best(table, steps):
        return sorted(float(x) for x in table[:, steps - 1])[0]

    S = small.shape[1]
    return best(large, S // k if budget == "epochs" else S) - best(small, S)


# ---------------------------------------------------------------- wrong
def w_column_off(small, large, k, budget):
    """After n steps you stand in column n."""
    S = small.shape[1]
    col = S - 1 if budget == "steps" else S // k
    return large[:, col].min() - small[:, -1].min()


def w_budgets_swapped(small, large, k, budget):
    """Equal steps means that the large one stops early."""
    S = small.shape[1]
    col = S - 1 if budget == "epochs" else S // k - 1
    return large[:, col].min() - small[:, -1].min()


def w_sign(small, large, k, budget):
    """Small minus large."""
    S = small.shape[1]
    col = S - 1 if budget == "steps" else S // k - 1
    return small[:, -1].min() - large[:, col].min()


def w_shared_row(small, large, k, budget):
    """Fair means the same rate for both: the one tuned on the small batch."""
    S = small.shape[1]
    col = S - 1 if budget == "steps" else S // k - 1
    i = small[:, -1].argmin()
    return large[i, col] - small[i, -1]


def w_row_from_full_run(small, large, k, budget):
    """Choose the large run's rate at the end of all its steps, then read it where the budget
    ends.
    """
    S = small.shape[1]
    col = S - 1 if budget == "steps" else S // k - 1
    return large[large[:, -1].argmin(), col] - small[:, -1].min()


def w_best_ever(small, large, k, budget):
    """The best loss anywhere within the budget (early stopping)."""
    S = small.shape[1]
    n = S if budget == "steps" else S // k
    return large[:, :n].min() - small.min()


def w_cut_small(small, large, k, budget):
    """At equal epochs the small batch is the one that stops early."""
    S = small.shape[1]
    col = S - 1 if budget == "steps" else S // k - 1
    return large[:, -1].min() - small[:, col].min()


def w_ignore_budget(small, large, k, budget):
    """The tables have equally many columns, so the last one is fair in both cases."""
    return large[:, -1].min() - small[:, -1].min()


def w_cut_both(small, large, k, budget):
    """At equal epochs both tables are cut to the same 1/k of the columns."""
    S = small.shape[1]
    n = S if budget == "steps" else S // k
    return large[:, n - 1].min() - small[:, n - 1].min()


def w_abs(small, large, k, budget):
    """A gap is positive."""
    S = small.shape[1]
    col = S - 1 if budget == "steps" else S // k - 1
    return (large[:, col].min() - small[:, -1].min()).abs()


def w_mean_over_rates(small, large, k, budget):
    """Average over the learning rates instead of taking the best."""
    S = small.shape[1]
    col = S - 1 if budget == "steps" else S // k - 1
    return large[:, col].mean() - small[:, -1].mean()


def w_max(small, large, k, budget):
    """Best is highest, as with accuracy."""
    S = small.shape[1]
    col = S - 1 if budget == "steps" else S // k - 1
    return large[:, col].max() - small[:, -1].max()


def w_best_row_by_mean_curve(small, large, k, budget):
    """The best rate has the lowest mean loss along the run."""
    S = small.shape[1]
    n = S if budget == "steps" else S // k
    cut = large[:, :n]
    return cut[cut.mean(dim=1).argmin(), -1] - small[small.mean(dim=1).argmin(), -1]


def w_min_of_row_differences(small, large, k, budget):
    """Subtract the tables rate by rate, then take the smallest difference."""
    S = small.shape[1]
    col = S - 1 if budget == "steps" else S // k - 1
    return (large[:, col] - small[:, -1]).min()


def w_column_k(small, large, k, budget):
    """Equal epochs: the large run stands after its k-th step."""
    S = small.shape[1]
    col = S - 1 if budget == "steps" else k - 1
    return large[:, col].min() - small[:, -1].min()


def w_mean_of_budget(small, large, k, budget):
    """Compare losses averaged over the whole budget, each at its best rate."""
    S = small.shape[1]
    n = S if budget == "steps" else S // k
    return large[:, :n].mean(dim=1).min() - small.mean(dim=1).min()


RIGHT = [r_direct, r_loops, r_argmin, r_numpy, r_generators, r_examples, r_sorted]
WRONG = [
    w_column_off,
    w_budgets_swapped,
    w_sign,
    w_shared_row,
    w_row_from_full_run,
    w_best_ever,
    w_cut_small,
    w_ignore_budget,
    w_cut_both,
    w_abs,
    w_mean_over_rates,
    w_max,
    w_best_row_by_mean_curve,
    w_min_of_row_differences,
    w_column_k,
    w_mean_of_budget,
]
