"""Sweeps over batch sizes that go wrong, written out."""

import numpy as np
import torch


def choose(run, batch_sizes, lrs, seeds, steps_of, *, by=0, report=1, pick=None, mean=True):
    """Run everything, choose a rate for each batch size, report: the frame of many mistakes."""
    scores = []
    for j, b in enumerate(batch_sizes):
        table = torch.tensor(
            [[run(b, lr, s, steps_of(b)) for s in seeds] for lr in lrs], dtype=torch.float64
        )  # (lrs, seeds, 2)
        row = int(table[:, :, by].mean(dim=1).argmax()) if pick is None else pick(j, table)
        scores.append(float(table[row, :, report].mean() if mean else table[row, :, report].max()))
    return scores


def rate_of_first(run, bs, lrs, seeds, n):
    first = [sum(run(bs[0], lr, s, n)[0] for s in seeds) for lr in lrs]
    row = first.index(max(first))
    return choose(run, bs, lrs, seeds, lambda b: n, pick=lambda j, table: row)


def tuned_on_short_runs(run, bs, lrs, seeds, n):
    short = max(1, n // 10)
    tests = []
    for b in bs:
        totals = [sum(run(b, lr, s, short)[0] for s in seeds) for lr in lrs]
        lr = lrs[totals.index(max(totals))]
        tests.append(sum(run(b, lr, s, n)[1] for s in seeds) / len(seeds))
    return tests


def rate_best_overall(run, bs, lrs, seeds, n):
    totals = [sum(run(b, lr, s, n)[0] for b in bs for s in seeds) for lr in lrs]
    row = totals.index(max(totals))
    return choose(run, bs, lrs, seeds, lambda b: n, pick=lambda j, table: row)


def chosen_in_each_seed(run, bs, lrs, seeds, n):
    scores = []
    for b in bs:
        best = [max(run(b, lr, s, n) for lr in lrs)[1] for s in seeds]
        scores.append(sum(best) / len(best))
    return scores


def median_reported(run, bs, lrs, seeds, n):
    scores = []
    for b in bs:
        table = np.array([[run(b, lr, s, n) for s in seeds] for lr in lrs])  # (lrs, seeds, 2)
        row = table[:, :, 0].mean(axis=1).argmax()
        scores.append(float(np.median(table[row, :, 1])))
    return scores


def average_over_rates(run, bs, lrs, seeds, n):
    return [
        sum(run(b, lr, s, n)[1] for lr in lrs for s in seeds) / len(lrs) / len(seeds) for b in bs
    ]


def single_best_run(run, bs, lrs, seeds, n):
    return [max((run(b, lr, s, n) for lr in lrs for s in seeds), key=first_of)[1] for b in bs]


def first_of(pair):
    return pair[0]


def record_not_reset(run, bs, lrs, seeds, n):
    scores, best = [], (-1.0, 0.0)
    for b in bs:
        for lr in lrs:
            table = torch.tensor([run(b, lr, s, n) for s in seeds], dtype=torch.float64)
            validation, test = table.mean(dim=0).tolist()
            best = (validation, test) if validation > best[0] else best
        scores.append(best[1])
    return scores


def first_seed_reported(run, bs, lrs, seeds, n):
    scores = []
    for b in bs:
        totals = [sum(run(b, lr, s, n)[0] for s in seeds) for lr in lrs]
        scores.append(run(b, lrs[totals.index(max(totals))], seeds[0], n)[1])
    return scores
