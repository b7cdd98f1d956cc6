import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_list(workers, examples, seconds):
    each = [e / (w * s) for w, e, s in zip(workers, examples, seconds, strict=True)]
    one = each[workers.index(1)]
    return [x / one for x in each]


def r_numpy(workers, examples, seconds):
    w, e, s = (np.asarray(x, dtype=float) for x in (workers, examples, seconds))
    each = e / s / w
    return each / each[w == 1][0]


def r_torch(workers, examples, seconds):
    w, e, s = (torch.tensor(x, dtype=torch.float64) for x in (workers, examples, seconds))
    return (e / s / w / (e / s)[w.argmin()]).tolist()


def r_dict(workers, examples, seconds):
    rate = {w: e / s for w, e, s in zip(workers, examples, seconds, strict=True)}
    return [rate[w] / (w * rate[1]) for w in workers]


def r_time(workers, examples, seconds):
    i = next(k for k, w in enumerate(workers) if w == 1)
    need = seconds[i] / examples[i]  # seconds an example of the one worker
    ideal = [need * e / w for w, e in zip(workers, examples, strict=True)]
    return [t / s for t, s in zip(ideal, seconds, strict=True)]


RIGHT = [
    r_list,
    r_numpy,
    r_torch,
    r_dict,
    r_time,
]


# ---------------------------------------------------------------- wrong
def w_first(workers, examples, seconds):
    """Over the first entry, whoever it is."""
    e = [x / (w * s) for w, x, s in zip(workers, examples, seconds, strict=True)]
    return [x / e[0] for x in e]


def w_last(workers, examples, seconds):
    """Over the last entry."""
    e = [x / (w * s) for w, x, s in zip(workers, examples, seconds, strict=True)]
    return [x / e[-1] for x in e]


def w_best(workers, examples, seconds):
    """Over the best entry."""
    e = [x / (w * s) for w, x, s in zip(workers, examples, seconds, strict=True)]
    return [x / max(e) for x in e]


def w_speedup(workers, examples, seconds):
    """Speed-up: not divided by the workers."""
    e = [x / s for x, s in zip(examples, seconds, strict=True)]
    return [x / e[workers.index(1)] for x in e]


def w_strong_only(workers, examples, seconds):
    """t1 / (N tN): as if the examples were always the same."""
    t = seconds[workers.index(1)]
    return [t / (w * s) for w, s in zip(workers, seconds, strict=True)]


def w_weak_only(workers, examples, seconds):
    """t1 / tN: as if each worker had as many."""
    t = seconds[workers.index(1)]
    return [t / s for s in seconds]


def w_examples_per_worker(workers, examples, seconds):
    """Takes `examples` as a worker's own."""
    e = [x * w / s for w, x, s in zip(workers, examples, seconds, strict=True)]
    return [x / e[workers.index(1)] for x in e]


def w_no_ratio(workers, examples, seconds):
    """Examples per second and worker, not over the one worker's."""
    return [x / (w * s) for w, x, s in zip(workers, examples, seconds, strict=True)]


def w_inverse(workers, examples, seconds):
    """The reciprocal."""
    e = [x / (w * s) for w, x, s in zip(workers, examples, seconds, strict=True)]
    return [e[workers.index(1)] / x for x in e]


def w_percent(workers, examples, seconds):
    """In percent."""
    e = [x / (w * s) for w, x, s in zip(workers, examples, seconds, strict=True)]
    return [100 * x / e[workers.index(1)] for x in e]


def w_sorted(workers, examples, seconds):
    """Sorted by workers, not in the given order."""
    t = sorted(zip(workers, examples, seconds, strict=True))
    e = [x / (w * s) for w, x, s in t]
    return [x / e[0] for x in e]


def w_sorts_workers_only(workers, examples, seconds):
    """Sorts the workers, not the rest."""
    w_ = sorted(workers)
    e = [x / (w * s) for w, x, s in zip(w_, examples, seconds, strict=True)]
    return [x / e[0] for x in e]


def w_capped(workers, examples, seconds):
    """Caps at 1."""
    e = [x / (w * s) for w, x, s in zip(workers, examples, seconds, strict=True)]
    return [min(1.0, x / e[workers.index(1)]) for x in e]


def w_without_one(workers, examples, seconds):
    """Leaves the one worker's entry out."""
    e = {w: x / (w * s) for w, x, s in zip(workers, examples, seconds, strict=True)}
    return [e[w] / e[1] for w in workers if w != 1]


def w_times_seconds(workers, examples, seconds):
    """Examples times seconds."""
    e = [x * s / w for w, x, s in zip(workers, examples, seconds, strict=True)]
    return [x / e[workers.index(1)] for x in e]


def w_mean(workers, examples, seconds):
    """One number: the mean efficiency."""
    e = [x / (w * s) for w, x, s in zip(workers, examples, seconds, strict=True)]
    return sum(e) / len(e) / e[workers.index(1)]


def w_lost(workers, examples, seconds):
    """The share that is lost."""
    e = [x / (w * s) for w, x, s in zip(workers, examples, seconds, strict=True)]
    return [1 - x / e[workers.index(1)] for x in e]


def w_index_zero_min_seconds(workers, examples, seconds):
    """Takes the slowest entry for the one worker."""
    e = [x / (w * s) for w, x, s in zip(workers, examples, seconds, strict=True)]
    return [x / e[seconds.index(max(seconds))] for x in e]


def w_pops(workers, examples, seconds):
    """Takes the one worker out of the lists, and puts it in front."""
    i = workers.index(1)
    for x in (workers, examples, seconds):
        x.insert(0, x.pop(i))
    e = [x / (w * s) for w, x, s in zip(workers, examples, seconds, strict=True)]
    return [x / e[0] for x in e]


def w_floor_division(workers, examples, seconds):
    """Whole examples per second."""
    e = [x // (w * s) for w, x, s in zip(workers, examples, seconds, strict=True)]
    return [x / e[workers.index(1)] for x in e]


def w_rounded(workers, examples, seconds):
    """Rounded to two digits."""
    e = [x / (w * s) for w, x, s in zip(workers, examples, seconds, strict=True)]
    return [round(x / e[workers.index(1)], 2) for x in e]


def w_step_rate(workers, examples, seconds):
    """Steps per second and worker."""
    e = [1 / (w * s) for w, s in zip(workers, seconds, strict=True)]
    return [x / e[workers.index(1)] for x in e]


WRONG = [
    w_first,
    w_last,
    w_best,
    w_speedup,
    w_strong_only,
    w_weak_only,
    w_examples_per_worker,
    w_no_ratio,
    w_inverse,
    w_percent,
    w_sorted,
    w_sorts_workers_only,
    w_capped,
    w_without_one,
    w_times_seconds,
    w_mean,
    w_lost,
    w_index_zero_min_seconds,
    w_pops,
    w_floor_division,
    w_rounded,
    w_step_rate,
]
