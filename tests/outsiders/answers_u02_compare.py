import math
from statistics import mean

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_loops(run, batch_sizes, lrs, seeds, num_steps):
    report = []
    for batch_size in batch_sizes:
        best_val, best_test = -1.0, None
        for lr in lrs:
            val_sum = test_sum = 0.0
            for seed in seeds:
                val, test = run(batch_size, lr, seed, num_steps)
                val_sum += val
                test_sum += test
            if val_sum / len(seeds) > best_val:
                best_val, best_test = val_sum / len(seeds), test_sum / len(seeds)
        report.append(best_test)
    return report


def r_numpy(run, batch_sizes, lrs, seeds, num_steps):
    table = np.array(
        [[[run(b, lr, s, num_steps) for s in seeds] for lr in lrs] for b in batch_sizes],
        dtype=float,
    ).mean(axis=2)  # (batch sizes, rates, 2)
    best = table[:, :, 0].argmax(axis=1)
    return table[np.arange(len(batch_sizes)), best, 1].tolist()


def r_torch_gather(run, batch_sizes, lrs, seeds, num_steps):
    t = torch.tensor(
        [
            [[tuple(map(float, run(b, lr, s, num_steps))) for lr in lrs] for s in seeds]
            for b in batch_sizes
        ],
        dtype=torch.float64,
    )
    t = torch.einsum("bslv->vbl", t) / len(seeds)
    return t[1].gather(1, t[0].argmax(dim=1, keepdim=True)).squeeze(1).tolist()


def r_max_of_pairs(run, batch_sizes, lrs, seeds, num_steps):
    def means(b, lr):
        vals, tests = zip(*(run(b, lr, s, num_steps) for s in seeds), strict=False)
        return mean(map(float, vals)), mean(map(float, tests))

    return [max(means(b, lr) for lr in lrs)[1] for b in batch_sizes]


def r_dicts(run, batch_sizes, lrs, seeds, num_steps):
    results = {}
    for seed in seeds:  # other order of loops
        for lr in lrs:
            for b in batch_sizes:
                results[b, lr, seed] = run(b, lr, seed, num_steps)
    answer = []
    for b in batch_sizes:
        val = {lr: sum(results[b, lr, s][0] for s in seeds) / len(seeds) for lr in lrs}
        best_lr = max(val, key=val.get)
        answer.append(sum(results[b, best_lr, s][1] for s in seeds) / len(seeds))
    return answer


def r_two_passes(run, batch_sizes, lrs, seeds, num_steps):
    # run is deterministic: choose first, then run once more at the chosen rate
    chosen = [
        max(lrs, key=lambda lr: math.fsum(run(b, lr, s, num_steps)[0] for s in seeds))
        for b in batch_sizes
    ]
    return [
        math.fsum(run(b, lr, s, num_steps)[1] for s in seeds) / len(seeds)
        for b, lr in zip(batch_sizes, chosen, strict=False)
    ]


# ---------------------------------------------------------------- wrong
def _table(run, batch_sizes, lrs, seeds, num_steps):
    """(2, batch sizes, rates, seeds): validation, test."""
    return np.array(
        [[[run(b, lr, s, num_steps) for s in seeds] for lr in lrs] for b in batch_sizes],
        dtype=float,
    ).transpose(3, 0, 1, 2)


def w_choose_by_test(run, batch_sizes, lrs, seeds, num_steps):
    """Choose each rate by its mean test accuracy."""
    _val, test = _table(run, batch_sizes, lrs, seeds, num_steps).mean(axis=-1)
    return test.max(axis=1).tolist()


def w_rate_per_seed(run, batch_sizes, lrs, seeds, num_steps):
    """Each seed gets its own best rate (by validation), then average the tests."""
    val, test = _table(run, batch_sizes, lrs, seeds, num_steps)
    out = []
    for v, t in zip(val, test, strict=False):
        best = v.argmax(axis=0)
        out.append(float(t[best, np.arange(len(seeds))].mean()))
    return out


def w_one_rate_for_all(run, batch_sizes, lrs, seeds, num_steps):
    """One rate for all batch sizes, the best on average: else the comparison isn't fair."""
    val, test = _table(run, batch_sizes, lrs, seeds, num_steps).mean(axis=-1)
    return test[:, val.mean(axis=0).argmax()].tolist()


def w_rate_of_first_batch(run, batch_sizes, lrs, seeds, num_steps):
    """Tune at the first batch size and use that rate for the others."""
    val, test = _table(run, batch_sizes, lrs, seeds, num_steps).mean(axis=-1)
    return test[:, val[0].argmax()].tolist()


def w_report_validation(run, batch_sizes, lrs, seeds, num_steps):
    """Report the best mean validation accuracy."""
    val, _test = _table(run, batch_sizes, lrs, seeds, num_steps).mean(axis=-1)
    return val.max(axis=1).tolist()


def w_pair_swapped(run, batch_sizes, lrs, seeds, num_steps):
    """run returns (test, validation)."""
    test, val = _table(run, batch_sizes, lrs, seeds, num_steps).mean(axis=-1)
    return [float(t[v.argmax()]) for v, t in zip(val, test, strict=False)]


def w_first_seed(run, batch_sizes, lrs, seeds, num_steps):
    """One seed, held fixed, is a fair comparison."""
    val, test = _table(run, batch_sizes, lrs, seeds[:1], num_steps).mean(axis=-1)
    return [float(t[v.argmax()]) for v, t in zip(val, test, strict=False)]


def w_choose_with_first_seed(run, batch_sizes, lrs, seeds, num_steps):
    """Tune on the first seed, then report the mean over all seeds."""
    val, test = _table(run, batch_sizes, lrs, seeds, num_steps)
    return [float(t[v[:, 0].argmax()].mean()) for v, t in zip(val, test, strict=False)]


def w_single_best_run(run, batch_sizes, lrs, seeds, num_steps):
    """The single run with the best validation accuracy; report its test accuracy."""
    val, test = _table(run, batch_sizes, lrs, seeds, num_steps)
    return [float(t.ravel()[v.argmax()]) for v, t in zip(val, test, strict=False)]


def w_max_over_seeds(run, batch_sizes, lrs, seeds, num_steps):
    """Choose the rate by its luckiest seed, report the mean test."""
    val, test = _table(run, batch_sizes, lrs, seeds, num_steps)
    return [float(t[v.max(axis=1).argmax()].mean()) for v, t in zip(val, test, strict=False)]


def w_best_seed_reported(run, batch_sizes, lrs, seeds, num_steps):
    """Choose the rate rightly, but report the best seed's test accuracy."""
    val, test = _table(run, batch_sizes, lrs, seeds, num_steps)
    return [float(t[v.mean(axis=1).argmax()].max()) for v, t in zip(val, test, strict=False)]


def w_first_seed_reported(run, batch_sizes, lrs, seeds, num_steps):
    """Choose the rate rightly, but report the test accuracy of the first seed only."""
    val, test = _table(run, batch_sizes, lrs, seeds, num_steps)
    return [float(t[v.mean(axis=1).argmax(), 0]) for v, t in zip(val, test, strict=False)]


def w_equal_epochs(run, batch_sizes, lrs, seeds, num_steps):
    """Equal epochs: larger batches make fewer steps."""
    out = []
    for b in batch_sizes:
        steps = max(1, num_steps * batch_sizes[0] // b)
        val, test = _table(run, [b], lrs, seeds, steps).mean(axis=-1)
        out.append(float(test[0, val[0].argmax()]))
    return out


def w_mean_over_rates(run, batch_sizes, lrs, seeds, num_steps):
    """Average over the rates as well, so that none is favoured."""
    return _table(run, batch_sizes, lrs, seeds, num_steps)[1].mean(axis=(1, 2)).tolist()


def w_winner_only(run, batch_sizes, lrs, seeds, num_steps):
    """Return the winning batch size, as the flawed function did."""
    val, test = _table(run, batch_sizes, lrs, seeds, num_steps).mean(axis=-1)
    scores = [float(t[v.argmax()]) for v, t in zip(val, test, strict=False)]
    return batch_sizes[int(np.argmax(scores))]


def w_last_rate(run, batch_sizes, lrs, seeds, num_steps):
    """Kept the test mean of the last rate (assignment outside the if)."""
    out = []
    for b in batch_sizes:
        best = -1.0
        for lr in lrs:
            pairs = [run(b, lr, s, num_steps) for s in seeds]
            val = sum(float(p[0]) for p in pairs) / len(seeds)
            test = sum(float(p[1]) for p in pairs) / len(seeds)
            if val > best:
                best = val
        out.append(test)
    return out


def w_sum_of_both(run, batch_sizes, lrs, seeds, num_steps):
    """Choose by the mean of validation and test, to use all data."""
    val, test = _table(run, batch_sizes, lrs, seeds, num_steps).mean(axis=-1)
    return [float(t[(v + t).argmax()]) for v, t in zip(val, test, strict=False)]


def w_best_not_reset(run, batch_sizes, lrs, seeds, num_steps):
    """The record of the best is made once, outside of the loop over batch sizes."""
    out, best, kept = [], -1.0, None
    for b in batch_sizes:
        for lr in lrs:
            pairs = [run(b, lr, s, num_steps) for s in seeds]
            val = sum(float(p[0]) for p in pairs) / len(seeds)
            if val > best:
                best, kept = val, sum(float(p[1]) for p in pairs) / len(seeds)
        out.append(kept)
    return out


def w_sorted_by_score(run, batch_sizes, lrs, seeds, num_steps):
    """Return the accuracies as a ranking, best first."""
    val, test = _table(run, batch_sizes, lrs, seeds, num_steps).mean(axis=-1)
    return sorted((float(t[v.argmax()]) for v, t in zip(val, test, strict=False)), reverse=True)


RIGHT = [r_loops, r_numpy, r_torch_gather, r_max_of_pairs, r_dicts, r_two_passes]
WRONG = [
    w_choose_by_test,
    w_rate_per_seed,
    w_one_rate_for_all,
    w_rate_of_first_batch,
    w_report_validation,
    w_pair_swapped,
    w_first_seed,
    w_choose_with_first_seed,
    w_single_best_run,
    w_max_over_seeds,
    w_best_seed_reported,
    w_first_seed_reported,
    w_equal_epochs,
    w_mean_over_rates,
    w_winner_only,
    w_last_rate,
    w_sum_of_both,
    w_best_not_reset,
    w_sorted_by_score,
]
