import math

import numpy as np
import torch


def fit_time(sizes, seconds):
    n, best = len(sizes), (math.inf, 0.0, 0.0)
    for k in range(2, n - 1):
        low = [math.log(s) for s in seconds[:k]]
        high = [math.log(B / s) for B, s in zip(sizes[k:], seconds[k:], strict=True)]
        a, b = sum(low) / k, sum(high) / (n - k)
        off = sum((x - a) ** 2 for x in low) + sum((x - b) ** 2 for x in high)
        best = min(best, (off, math.exp(a), math.exp(b)))
    return best[1:]


# ---------------------------------------------------------------- right
def r_loop(goal, candidates, timed, runs, memory, prices):
    slope, least = np.polyfit(1 / np.array(runs[0]), runs[1], 1)
    floor, rate = fit_time(*timed)
    state, each, there = memory
    best = [math.nan, math.nan]
    for B in candidates:
        if state + B * each > there:
            continue
        steps = least + slope / B
        seconds = steps * max(floor, B / rate)
        cost = B * steps
        if goal == "seconds":
            cost = seconds
        elif goal == "money":
            cost = prices[0] * seconds / 3600 + prices[1] * B * steps / 1e6
        if math.isnan(best[1]) or cost < best[1]:
            best = [B, cost]
    return best


def r_numpy(goal, candidates, timed, runs, memory, prices):
    B = np.array([c for c in candidates if memory[0] + c * memory[1] <= memory[2]], dtype=float)
    if len(B) == 0:
        return [np.nan, np.nan]
    S = np.polyval(np.polyfit(1 / np.array(runs[0], dtype=float), runs[1], 1), 1 / B)
    floor, rate = fit_time(*timed)
    T = S * np.maximum(floor, B / rate)
    money = prices[0] * T / 3600 + prices[1] * B * S / 1e6
    cost = {"examples": B * S, "seconds": T, "money": money}[goal]
    return np.array([B[cost.argmin()], cost.min()])


def r_lstsq(goal, candidates, timed, runs, memory, prices):
    A = np.array([[1.0, 1 / B] for B in runs[0]])
    least, slope = np.linalg.lstsq(A, np.array(runs[1], dtype=float), rcond=None)[0]
    floor, rate = fit_time(*timed)
    hour, million = prices

    def cost(B):
        steps = least + slope / B
        t = max(floor, B / rate)
        both = {"examples": (0, 1), "seconds": (1, 0), "money": (hour / 3600, million / 1e6)}[goal]
        return float(steps * (both[0] * t + both[1] * B))

    fitting = [B for B in candidates if memory[1] * B <= memory[2] - memory[0]]
    if not fitting:
        return [float("nan")] * 2
    B = min(fitting, key=cost)
    return [B, cost(B)]


def r_by_hand(goal, candidates, timed, runs, memory, prices):
    x, y = [1 / B for B in runs[0]], runs[1]
    mx, my = sum(x) / len(x), sum(y) / len(y)
    top = sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True))
    slope = top / sum((a - mx) ** 2 for a in x)
    least = my - slope * mx
    floor, rate = fit_time(*timed)
    table = {}
    for B in sorted(candidates):
        E = least * B + slope
        T = E / B * (floor if floor * rate > B else B / rate)
        table[B] = {
            "examples": E,
            "seconds": T,
            "money": prices[0] / 3600 * T + E / 1e6 * prices[1],
        }
    table = {B: row[goal] for B, row in table.items() if memory[0] + memory[1] * B <= memory[2]}
    best = min(table, key=table.get, default=math.nan)
    return [best, table.get(best, math.nan)]


def r_torch(goal, candidates, timed, runs, memory, prices):
    x = 1 / torch.tensor(runs[0], dtype=torch.float64)
    A = torch.stack([torch.ones_like(x), x], dim=1)
    y = torch.tensor(runs[1], dtype=torch.float64)[:, None]
    least, slope = torch.linalg.lstsq(A, y).solution.flatten()
    floor, rate = fit_time(*timed)
    B = torch.tensor(candidates, dtype=torch.float64)
    B = B[memory[0] + memory[1] * B <= memory[2]]
    if len(B) == 0:
        return [math.nan, math.nan]
    S = least + slope / B
    T = S * (B / rate).clamp(min=floor)
    cost = B * S if goal == "examples" else T
    if goal == "money":
        cost = T / 3600 * prices[0] + B * S / 1e6 * prices[1]
    return [B[cost.argmin()].item(), cost.min().item()]


RIGHT = [
    r_loop,
    r_numpy,
    r_lstsq,
    r_by_hand,
    r_torch,
]


# ---------------------------------------------------------------- wrong
def _law(sizes, seconds):
    t = np.log(np.asarray(seconds, dtype=float))
    rate = np.log(np.asarray(sizes, dtype=float)) - t
    k = min(range(2, len(t) - 1), key=lambda k: k * t[:k].var() + (len(t) - k) * rate[k:].var())
    return np.exp(t[:k].mean()), np.exp(rate[k:].mean())


def _line(runs):
    slope, least = np.polyfit(1 / np.array(runs[0], dtype=float), runs[1], 1)
    return lambda B: least + slope / B


def _time(timed):
    floor, rate = _law(*timed)
    return lambda B: max(floor, B / rate)


def _fits(B, m):
    return m[0] + B * m[1] <= m[2]


def _money(E, T, prices):
    return prices[0] * T / 3600 + prices[1] * E / 1e6


def _plan(
    goal,
    candidates,
    timed,
    runs,
    memory,
    prices,
    line=_line,
    time=_time,
    fits=_fits,
    money=_money,
    pick=min,
    none=(math.nan, math.nan),
):
    S, t = line(runs), time(timed)
    rows = []
    for B in candidates:
        if fits(B, memory):
            E, T = B * S(B), S(B) * t(B)
            cost = {"examples": E, "seconds": T, "money": money(E, T, prices)}[goal]
            rows.append((float(cost), B))
    if not rows:
        return list(none)
    cost, B = pick(rows)
    return [B, cost]


def w_memory_strict(goal, candidates, timed, runs, memory, prices):
    """< in place of <= for the memory."""
    return _plan(
        goal, candidates, timed, runs, memory, prices, fits=lambda B, m: m[0] + B * m[1] < m[2]
    )


def w_memory_no_state(goal, candidates, timed, runs, memory, prices):
    """The state does not count."""
    return _plan(goal, candidates, timed, runs, memory, prices, fits=lambda B, m: B * m[1] <= m[2])


def w_memory_ignored(goal, candidates, timed, runs, memory, prices):
    """All candidates fit."""
    return _plan(goal, candidates, timed, runs, memory, prices, fits=lambda B, m: True)


def w_memory_state_per_example(goal, candidates, timed, runs, memory, prices):
    """The state for every example."""
    return _plan(
        goal, candidates, timed, runs, memory, prices, fits=lambda B, m: B * (m[0] + m[1]) <= m[2]
    )


def w_none_zero(goal, candidates, timed, runs, memory, prices):
    """[0, 0] where none fits."""
    return _plan(goal, candidates, timed, runs, memory, prices, none=(0, 0))


def w_none_smallest(goal, candidates, timed, runs, memory, prices):
    """The smallest candidate where none fits, at nan."""
    if not any(_fits(B, memory) for B in candidates):
        return [min(candidates), math.nan]
    return _plan(goal, candidates, timed, runs, memory, prices)


def w_none_inf(goal, candidates, timed, runs, memory, prices):
    """[nan, inf] where none fits."""
    return _plan(goal, candidates, timed, runs, memory, prices, none=(math.nan, math.inf))


def w_none_raises(goal, candidates, timed, runs, memory, prices):
    """Min of an empty list where none fits."""
    fitting = [B for B in candidates if _fits(B, memory)]
    min(fitting)
    return _plan(goal, candidates, timed, runs, memory, prices)


def w_line_over_b(goal, candidates, timed, runs, memory, prices):
    """A line over B in place of 1/B."""
    return _plan(
        goal,
        candidates,
        timed,
        runs,
        memory,
        prices,
        line=lambda runs: lambda B: np.polyval(np.polyfit(runs[0], runs[1], 1), B),
    )


def w_line_swapped(goal, candidates, timed, runs, memory, prices):
    """Slope and intercept swapped."""

    def line(runs):
        least, slope = np.polyfit(1 / np.array(runs[0], dtype=float), runs[1], 1)
        return lambda B: least + slope / B

    return _plan(goal, candidates, timed, runs, memory, prices, line=line)


def w_line_ends(goal, candidates, timed, runs, memory, prices):
    """A line through the first and the last run."""

    def line(runs):
        (a, b), (p, q) = (runs[0][0], runs[0][-1]), (runs[1][0], runs[1][-1])
        slope = (p - q) / (1 / a - 1 / b)
        return lambda B: p + slope * (1 / B - 1 / a)

    return _plan(goal, candidates, timed, runs, memory, prices, line=line)


def w_line_logs(goal, candidates, timed, runs, memory, prices):
    """A power law in place of the line."""

    def line(runs):
        slope, start = np.polyfit(np.log(runs[0]), np.log(runs[1]), 1)
        return lambda B: np.exp(start) * B**slope

    return _plan(goal, candidates, timed, runs, memory, prices, line=line)


def w_no_least(goal, candidates, timed, runs, memory, prices):
    """Without S_min."""

    def line(runs):
        slope, _ = np.polyfit(1 / np.array(runs[0], dtype=float), runs[1], 1)
        return lambda B: slope / B

    return _plan(goal, candidates, timed, runs, memory, prices, line=line)


def w_sum_law(goal, candidates, timed, runs, memory, prices):
    """t0 + B/r."""

    def time(timed):
        floor, rate = _law(*timed)
        return lambda B: floor + B / rate

    return _plan(goal, candidates, timed, runs, memory, prices, time=time)


def w_min_law(goal, candidates, timed, runs, memory, prices):
    """min(t0, B/r)."""

    def time(timed):
        floor, rate = _law(*timed)
        return lambda B: min(floor, B / rate)

    return _plan(goal, candidates, timed, runs, memory, prices, time=time)


def w_no_floor(goal, candidates, timed, runs, memory, prices):
    """B/r alone."""

    def time(timed):
        rate = _law(*timed)[1]
        return lambda B: B / rate

    return _plan(goal, candidates, timed, runs, memory, prices, time=time)


def w_floor_only(goal, candidates, timed, runs, memory, prices):
    """t0 alone."""

    def time(timed):
        floor = _law(*timed)[0]
        return lambda B: floor

    return _plan(goal, candidates, timed, runs, memory, prices, time=time)


def w_interpolated(goal, candidates, timed, runs, memory, prices):
    """Interpolates the measured times, no fit."""
    return _plan(
        goal,
        candidates,
        timed,
        runs,
        memory,
        prices,
        time=lambda timed: lambda B: np.interp(B, *timed),
    )


def w_step_seconds(goal, candidates, timed, runs, memory, prices):
    """Seconds of one step."""
    _S, t = _line(runs), _time(timed)
    if goal != "seconds":
        return _plan(goal, candidates, timed, runs, memory, prices)
    rows = [(float(t(B)), B) for B in candidates if _fits(B, memory)]
    return list(min(rows)[::-1]) if rows else [math.nan, math.nan]


def w_hour_as_second(goal, candidates, timed, runs, memory, prices):
    """The hour's price for each second."""
    return _plan(
        goal,
        candidates,
        timed,
        runs,
        memory,
        prices,
        money=lambda E, T, p: p[0] * T + p[1] * E / 1e6,
    )


def w_hour_minutes(goal, candidates, timed, runs, memory, prices):
    """Sixty seconds an hour."""
    return _plan(
        goal,
        candidates,
        timed,
        runs,
        memory,
        prices,
        money=lambda E, T, p: p[0] * T / 60 + p[1] * E / 1e6,
    )


def w_million_forgotten(goal, candidates, timed, runs, memory, prices):
    """The million's price for each example."""
    return _plan(
        goal,
        candidates,
        timed,
        runs,
        memory,
        prices,
        money=lambda E, T, p: p[0] * T / 3600 + p[1] * E,
    )


def w_thousand(goal, candidates, timed, runs, memory, prices):
    """A thousand for a million."""
    return _plan(
        goal,
        candidates,
        timed,
        runs,
        memory,
        prices,
        money=lambda E, T, p: p[0] * T / 3600 + p[1] * E / 1e3,
    )


def w_device_only(goal, candidates, timed, runs, memory, prices):
    """The device alone costs."""
    return _plan(
        goal, candidates, timed, runs, memory, prices, money=lambda E, T, p: p[0] * T / 3600
    )


def w_examples_only(goal, candidates, timed, runs, memory, prices):
    """The examples alone cost."""
    return _plan(
        goal, candidates, timed, runs, memory, prices, money=lambda E, T, p: p[1] * E / 1e6
    )


def w_prices_swapped(goal, candidates, timed, runs, memory, prices):
    """Prices swapped."""
    return _plan(
        goal,
        candidates,
        timed,
        runs,
        memory,
        prices,
        money=lambda E, T, p: p[1] * T / 3600 + p[0] * E / 1e6,
    )


def w_dearest(goal, candidates, timed, runs, memory, prices):
    """The largest cost."""
    return _plan(goal, candidates, timed, runs, memory, prices, pick=max)


def w_first_fitting(goal, candidates, timed, runs, memory, prices):
    """The first candidate that fits."""
    return _plan(goal, candidates, timed, runs, memory, prices, pick=lambda rows: rows[0])


def w_largest_fitting(goal, candidates, timed, runs, memory, prices):
    """The largest batch that fits, whatever the goal."""
    return _plan(
        goal,
        candidates,
        timed,
        runs,
        memory,
        prices,
        pick=lambda rows: max(rows, key=lambda r: r[1]),
    )


def w_smallest_fitting(goal, candidates, timed, runs, memory, prices):
    """The smallest batch that fits, whatever the goal."""
    return _plan(
        goal,
        candidates,
        timed,
        runs,
        memory,
        prices,
        pick=lambda rows: min(rows, key=lambda r: r[1]),
    )


def w_cost_only(goal, candidates, timed, runs, memory, prices):
    """[cost, batch size]."""
    return _plan(goal, candidates, timed, runs, memory, prices)[::-1]


def w_always_examples(goal, candidates, timed, runs, memory, prices):
    """Only the first milestone: examples whatever the goal."""
    return _plan("examples", candidates, timed, runs, memory, prices)


def w_always_seconds(goal, candidates, timed, runs, memory, prices):
    """Money is seconds."""
    goal = "seconds" if goal == "money" else goal
    return _plan(goal, candidates, timed, runs, memory, prices)


def w_best_then_fits(goal, candidates, timed, runs, memory, prices):
    """Takes the best of all, and nan if that does not fit."""
    found = _plan(goal, candidates, timed, runs, memory, prices, fits=lambda B, m: True)
    return found if _fits(found[0], memory) else [math.nan, math.nan]


def w_sorts(goal, candidates, timed, runs, memory, prices):
    """Sorts the candidates in place."""
    candidates.sort()
    return _plan(goal, candidates, timed, runs, memory, prices)


WRONG = [
    w_memory_strict,
    w_memory_no_state,
    w_memory_ignored,
    w_memory_state_per_example,
    w_none_zero,
    w_none_smallest,
    w_none_inf,
    w_none_raises,
    w_line_over_b,
    w_line_swapped,
    w_line_ends,
    w_line_logs,
    w_no_least,
    w_sum_law,
    w_min_law,
    w_no_floor,
    w_floor_only,
    w_interpolated,
    w_step_seconds,
    w_hour_as_second,
    w_hour_minutes,
    w_million_forgotten,
    w_thousand,
    w_device_only,
    w_examples_only,
    w_prices_swapped,
    w_dearest,
    w_first_fitting,
    w_largest_fitting,
    w_smallest_fitting,
    w_cost_only,
    w_always_examples,
    w_always_seconds,
    w_best_then_fits,
    w_sorts,
]
