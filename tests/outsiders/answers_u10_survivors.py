import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_loops(means, halves, predictions):
    out = []
    for prediction in predictions:
        alive = 1
        for m, h, (low, high) in zip(means, halves, prediction, strict=True):
            if m + h < low or m - h > high:
                alive = 0
        out.append(alive)
    return out


def r_all(means, halves, predictions):
    return [
        int(
            all(
                m - h <= p[1] and p[0] <= m + h
                for m, h, p in zip(means, halves, ranges, strict=True)
            )
        )
        for ranges in predictions
    ]


def r_numpy(means, halves, predictions):
    m, h, p = np.array(means), np.array(halves), np.array(predictions, dtype=float)
    meets = (m - h <= p[:, :, 1]) & (m + h >= p[:, :, 0])
    return meets.all(axis=1).astype(int)


def r_torch(means, halves, predictions):
    m, h = (torch.tensor(x, dtype=torch.float64) for x in (means, halves))
    low, high = torch.tensor(predictions, dtype=torch.float64).unbind(-1)
    return ((m + h >= low) & (m - h <= high)).all(dim=-1).long()


def r_max_min(means, halves, predictions):
    alive = []
    for ranges in predictions:
        gaps = [
            max(means[k] - halves[k], ranges[k][0]) - min(means[k] + halves[k], ranges[k][1])
            for k in range(len(means))
        ]
        alive.append(1.0 if max(gaps) <= 0 else 0.0)
    return alive


def r_count(means, halves, predictions):
    refuted = set()
    for k in range(len(means)):
        for e in range(len(predictions)):
            low, high = predictions[e][k]
            if low > means[k] + halves[k] or high < means[k] - halves[k]:
                refuted.add(e)
    return [0 if e in refuted else 1 for e in range(len(predictions))]


def r_booleans(means, halves, predictions):
    return [
        not any(
            m + h < low or high < m - h
            for m, h, (low, high) in zip(means, halves, row, strict=True)
        )
        for row in predictions
    ]


RIGHT = [
    r_loops,
    r_all,
    r_numpy,
    r_torch,
    r_max_min,
    r_count,
    r_booleans,
]


# ---------------------------------------------------------------- wrong
def meets(m, h, low, high):
    return m - h <= high and low <= m + h


def w_any(means, halves, predictions):
    """One right prediction is enough."""
    return [
        int(any(meets(m, h, *r) for m, h, r in zip(means, halves, row, strict=True)))
        for row in predictions
    ]


def w_majority(means, halves, predictions):
    """Survives if most arms agree."""
    return [
        int(
            2 * sum(meets(m, h, *r) for m, h, r in zip(means, halves, row, strict=True))
            > len(means)
        )
        for row in predictions
    ]


def w_strict(means, halves, predictions):
    """Touching is not enough."""
    return [
        int(all(m - h < r[1] and r[0] < m + h for m, h, r in zip(means, halves, row, strict=True)))
        for row in predictions
    ]


def w_strict_above(means, halves, predictions):
    """Touching at the range's upper end is not enough."""
    return [
        int(all(m - h < r[1] and r[0] <= m + h for m, h, r in zip(means, halves, row, strict=True)))
        for row in predictions
    ]


def w_strict_below(means, halves, predictions):
    """Touching at the range's lower end is not enough."""
    return [
        int(all(m - h <= r[1] and r[0] < m + h for m, h, r in zip(means, halves, row, strict=True)))
        for row in predictions
    ]


def w_mean_inside(means, halves, predictions):
    """Asks whether the mean lies in the range; the interval is not used."""
    return [
        int(all(r[0] <= m <= r[1] for m, r in zip(means, row, strict=True))) for row in predictions
    ]


def w_interval_inside(means, halves, predictions):
    """The whole measured interval must lie in the range."""
    return [
        int(
            all(r[0] <= m - h and m + h <= r[1] for m, h, r in zip(means, halves, row, strict=True))
        )
        for row in predictions
    ]


def w_range_inside(means, halves, predictions):
    """The whole predicted range must lie in the interval."""
    return [
        int(
            all(m - h <= r[0] and r[1] <= m + h for m, h, r in zip(means, halves, row, strict=True))
        )
        for row in predictions
    ]


def w_an_end_inside(means, halves, predictions):
    """An end of the interval lies in the range; misses a range within the interval."""
    return [
        int(
            all(
                r[0] <= m - h <= r[1] or r[0] <= m + h <= r[1]
                for m, h, r in zip(means, halves, row, strict=True)
            )
        )
        for row in predictions
    ]


def w_range_end_inside(means, halves, predictions):
    """An end of the range lies in the interval; misses an interval within the range."""
    return [
        int(
            all(
                m - h <= r[0] <= m + h or m - h <= r[1] <= m + h
                for m, h, r in zip(means, halves, row, strict=True)
            )
        )
        for row in predictions
    ]


def w_double_interval(means, halves, predictions):
    """Takes mean ± twice the half."""
    return [
        int(all(meets(m, 2 * h, *r) for m, h, r in zip(means, halves, row, strict=True)))
        for row in predictions
    ]


def w_half_of_half(means, halves, predictions):
    """Takes `halves` for whole widths and halves them again."""
    return [
        int(all(meets(m, h / 2, *r) for m, h, r in zip(means, halves, row, strict=True)))
        for row in predictions
    ]


def w_inverted(means, halves, predictions):
    """1 for refuted."""
    return [
        int(not all(meets(m, h, *r) for m, h, r in zip(means, halves, row, strict=True)))
        for row in predictions
    ]


def w_refuted_if_all_fail(means, halves, predictions):
    """Refuted only if every prediction fails."""
    return [
        0 if all(not meets(m, h, *r) for m, h, r in zip(means, halves, row, strict=True)) else 1
        for row in predictions
    ]


def w_upper_only(means, halves, predictions):
    """Only asks whether the interval lies above the range."""
    return [
        int(all(m - h <= r[1] for m, h, r in zip(means, halves, row, strict=True)))
        for row in predictions
    ]


def w_lower_only(means, halves, predictions):
    """Only asks whether the interval lies below the range."""
    return [
        int(all(m + h >= r[0] for m, h, r in zip(means, halves, row, strict=True)))
        for row in predictions
    ]


def w_first_arm(means, halves, predictions):
    """Looks at the first arm only: returns inside the loop."""

    def one(row):
        for m, h, r in zip(means, halves, row, strict=True):
            return int(meets(m, h, *r))

    return [one(row) for row in predictions]


def w_last_arm(means, halves, predictions):
    """The last arm's verdict overwrites the others."""
    out = []
    for row in predictions:
        for m, h, r in zip(means, halves, row, strict=True):
            alive = int(meets(m, h, *r))
        out.append(alive)
    return out


def w_per_arm(means, halves, predictions):
    """Transposed: one number for each arm, 1 if any explanation fits it."""
    return [
        int(any(meets(means[k], halves[k], *row[k]) for row in predictions))
        for k in range(len(means))
    ]


def w_table(means, halves, predictions):
    """The whole table, one row for each explanation."""
    return [
        [int(meets(m, h, *r)) for m, h, r in zip(means, halves, row, strict=True)]
        for row in predictions
    ]


def w_counts(means, halves, predictions):
    """How many arms agree."""
    return [
        sum(meets(m, h, *r) for m, h, r in zip(means, halves, row, strict=True))
        for row in predictions
    ]


def w_names(means, halves, predictions):
    """The places of the survivors, not a 1 or 0 for each."""
    return [
        e
        for e, row in enumerate(predictions)
        if all(meets(m, h, *r) for m, h, r in zip(means, halves, row, strict=True))
    ]


def w_best_only(means, halves, predictions):
    """Only the explanation with the most agreeing arms survives."""
    n = [
        sum(meets(m, h, *r) for m, h, r in zip(means, halves, row, strict=True))
        for row in predictions
    ]
    return [int(k == max(n)) for k in n]


def w_integers(means, halves, predictions):
    """Asks for whole points in common: range(...) sets of rounded ends."""
    return [
        int(
            all(
                round(m - h) <= r[1] and r[0] <= round(m + h)
                for m, h, r in zip(means, halves, row, strict=True)
            )
        )
        for row in predictions
    ]


def w_zero_spared(means, halves, predictions):
    """An arm whose interval holds 0 can't refute: it says nothing."""
    return [
        int(all(abs(m) <= h or meets(m, h, *r) for m, h, r in zip(means, halves, row, strict=True)))
        for row in predictions
    ]


WRONG = [
    w_any,
    w_majority,
    w_strict,
    w_strict_above,
    w_strict_below,
    w_mean_inside,
    w_interval_inside,
    w_range_inside,
    w_an_end_inside,
    w_range_end_inside,
    w_double_interval,
    w_half_of_half,
    w_inverted,
    w_refuted_if_all_fail,
    w_upper_only,
    w_lower_only,
    w_first_arm,
    w_last_arm,
    w_per_arm,
    w_table,
    w_counts,
    w_names,
    w_best_only,
    w_integers,
    w_zero_spared,
]
