import math
import statistics

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_direct(steps, max_steps):
    waited = sum(max_steps if s is None else s for s in steps)
    escapes = sum(s is not None for s in steps)
    return waited / escapes if escapes else math.nan


def r_loop(steps, max_steps):
    waited, escapes = 0, 0
    for s in steps:
        if s is None:
            waited += max_steps
        else:
            waited += s
            escapes += 1
    if escapes == 0:
        return float("nan")
    chance = escapes / waited
    return 1 / chance


def r_numpy(steps, max_steps):
    s = np.array([np.nan if x is None else x for x in steps], dtype=float)
    with np.errstate(invalid="ignore", divide="ignore"):
        gone = np.isfinite(s)
        return np.nan_to_num(s, nan=max_steps).sum() / (gone.sum() if gone.any() else np.nan)


def r_torch(steps, max_steps):
    s = torch.tensor([max_steps if x is None else x for x in steps], dtype=torch.float64)
    gone = torch.tensor([x is not None for x in steps])
    return s.sum() / gone.sum() if gone.any() else torch.tensor(math.nan)


def r_mean_and_odds(steps, max_steps):
    escaped = [s for s in steps if s is not None]
    if not escaped:
        return math.nan
    return statistics.fmean(escaped) + max_steps * (len(steps) - len(escaped)) / len(escaped)


def r_count(steps, max_steps):
    try:
        waiting = steps.count(None)
        return (sum(filter(None, steps)) + waiting * max_steps) / (len(steps) - waiting)
    except ZeroDivisionError:
        return math.nan


RIGHT = [r_direct, r_loop, r_numpy, r_torch, r_mean_and_odds, r_count]


# ---------------------------------------------------------------- wrong
def parts(steps):
    return [s for s in steps if s is not None], steps.count(None)


def w_flaw(steps, max_steps):
    """As it was, with nan for nobody."""
    escaped, _ = parts(steps)
    return sum(escaped) / len(escaped) if escaped else math.nan


def w_flaw_untouched(steps, max_steps):
    """As it was."""
    escaped, _ = parts(steps)
    return sum(escaped) / len(escaped)


def w_clipped(steps, max_steps):
    """Those waiting counted as escaped at the end."""
    escaped, waiting = parts(steps)
    return (sum(escaped) + waiting * max_steps) / len(steps) if escaped else math.nan


def w_over_all(steps, max_steps):
    """Steps of the escaped over all walkers."""
    escaped, _ = parts(steps)
    return sum(escaped) / len(steps) if escaped else math.nan


def w_waiting_as_zero(steps, max_steps):
    """Those waiting as 0 steps over the escapes, and a share for them."""
    escaped, waiting = parts(steps)
    return sum(escaped) / len(escaped) * (1 + waiting / len(steps)) if escaped else math.nan


def w_all_max(steps, max_steps):
    """Everybody has waited max_steps."""
    escaped, _ = parts(steps)
    return len(steps) * max_steps / len(escaped) if escaped else math.nan


def w_chance(steps, max_steps):
    """The chance in place of the time."""
    escaped, waiting = parts(steps)
    return len(escaped) / (sum(escaped) + waiting * max_steps) if escaped else math.nan


def w_inf_for_nobody(steps, max_steps):
    """inf where nobody escaped."""
    escaped, waiting = parts(steps)
    return (sum(escaped) + waiting * max_steps) / len(escaped) if escaped else math.inf


def w_max_for_nobody(steps, max_steps):
    """max_steps where nobody escaped."""
    escaped, waiting = parts(steps)
    return (sum(escaped) + waiting * max_steps) / len(escaped) if escaped else float(max_steps)


def w_zero_for_nobody(steps, max_steps):
    """0 where nobody escaped."""
    escaped, waiting = parts(steps)
    return (sum(escaped) + waiting * max_steps) / len(escaped) if escaped else 0.0


def w_total_for_nobody(steps, max_steps):
    """All waited steps where nobody escaped (at least one escape assumed)."""
    escaped, waiting = parts(steps)
    return (sum(escaped) + waiting * max_steps) / max(1, len(escaped))


def w_error_for_nobody(steps, max_steps):
    """Divides by zero where nobody escaped."""
    escaped, waiting = parts(steps)
    return (sum(escaped) + waiting * max_steps) / len(escaped)


def w_one_more(steps, max_steps):
    """A waiting one escapes at max_steps + 1."""
    escaped, waiting = parts(steps)
    return (sum(escaped) + waiting * (max_steps + 1)) / len(escaped) if escaped else math.nan


def w_one_less(steps, max_steps):
    """A waiting one has waited max_steps - 1."""
    escaped, waiting = parts(steps)
    return (sum(escaped) + waiting * (max_steps - 1)) / len(escaped) if escaped else math.nan


def w_step_less(steps, max_steps):
    """Whoever escaped at step s has waited s - 1."""
    escaped, waiting = parts(steps)
    total = sum(s - 1 for s in escaped) + waiting * max_steps
    return total / len(escaped) if escaped else math.nan


def w_pseudo_count(steps, max_steps):
    """One escape more below, against zero."""
    escaped, waiting = parts(steps)
    return (sum(escaped) + waiting * max_steps) / (len(escaped) + 1) if escaped else math.nan


def w_n_minus_one(steps, max_steps):
    """One escape fewer below, as for a variance."""
    escaped, waiting = parts(steps)
    total = sum(escaped) + waiting * max_steps
    return total / (len(escaped) - 1) if len(escaped) > 1 else math.nan


def w_last_is_waiting(steps, max_steps):
    """An escape at exactly max_steps taken for none."""
    escaped = [s for s in steps if s is not None and s < max_steps]
    total = sum(escaped) + (len(steps) - len(escaped)) * max_steps
    return total / len(escaped) if escaped else math.nan


def w_median(steps, max_steps):
    """The median over ln 2."""
    escaped, _ = parts(steps)
    everybody = [math.inf if s is None else s for s in steps]
    middle = statistics.median(everybody)
    return middle / math.log(2) if escaped and math.isfinite(middle) else math.nan


def w_from_the_share(steps, max_steps):
    """From the share still waiting: -max_steps / ln(share)."""
    escaped, waiting = parts(steps)
    if not escaped:
        return math.nan
    return -max_steps / math.log(waiting / len(steps)) if waiting else sum(escaped) / len(escaped)


def w_mean_of_chances(steps, max_steps):
    """A chance 1/s for each walker, averaged, then one over it."""
    escaped, _ = parts(steps)
    return len(steps) / sum(1 / s for s in escaped) if escaped else math.nan


def w_harmonic(steps, max_steps):
    """The harmonic mean of the escaped."""
    escaped, _ = parts(steps)
    return len(escaped) / sum(1 / s for s in escaped) if escaped else math.nan


def w_weighted(steps, max_steps):
    """Mean of the escaped over the share that escaped."""
    escaped, _ = parts(steps)
    if not escaped:
        return math.nan
    return sum(escaped) / len(escaped) / (len(escaped) / len(steps))


def w_waiting_twice(steps, max_steps):
    """A waiting one will need as long again."""
    escaped, waiting = parts(steps)
    return (sum(escaped) + 2 * waiting * max_steps) / len(steps) if escaped else math.nan


def w_nan_if_any_waits(steps, max_steps):
    """nan as soon as one is waiting."""
    escaped, waiting = parts(steps)
    return math.nan if waiting or not escaped else sum(escaped) / len(escaped)


def w_longest(steps, max_steps):
    """Those waiting taken as the longest escape seen."""
    escaped, waiting = parts(steps)
    return (sum(escaped) + waiting * max(escaped)) / len(escaped) if escaped else math.nan


def w_max_of_list(steps, max_steps):
    """Divides by the number still waiting."""
    escaped, waiting = parts(steps)
    total = sum(escaped) + waiting * max_steps
    return total / waiting if waiting and escaped else math.nan


def w_floor(steps, max_steps):
    """Whole steps: // for /."""
    escaped, waiting = parts(steps)
    return (sum(escaped) + waiting * max_steps) // len(escaped) if escaped else math.nan


def w_rounded(steps, max_steps):
    """Rounds to whole steps."""
    escaped, waiting = parts(steps)
    return round((sum(escaped) + waiting * max_steps) / len(escaped)) if escaped else math.nan


def w_fills_the_list(steps, max_steps):
    """Writes max_steps into the list."""
    escapes = 0
    for i, s in enumerate(steps):
        if s is None:
            steps[i] = max_steps
        else:
            escapes += 1
    return sum(steps) / escapes if escapes else math.nan


WRONG = [
    w_flaw,
    w_flaw_untouched,
    w_clipped,
    w_over_all,
    w_waiting_as_zero,
    w_all_max,
    w_chance,
    w_inf_for_nobody,
    w_max_for_nobody,
    w_zero_for_nobody,
    w_total_for_nobody,
    w_error_for_nobody,
    w_one_more,
    w_one_less,
    w_step_less,
    w_pseudo_count,
    w_n_minus_one,
    w_last_is_waiting,
    w_median,
    w_from_the_share,
    w_mean_of_chances,
    w_harmonic,
    w_weighted,
    w_waiting_twice,
    w_nan_if_any_waits,
    w_longest,
    w_max_of_list,
    w_floor,
    w_rounded,
    w_fills_the_list,
]
