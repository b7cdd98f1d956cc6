import torch


# ---------------------------------------------------------------- right
def r_list(number):
    return [[5, 3, 1], [1, 1, 1], [1, 1, 2], [5, 1, 2], [3, 4, 1], [4, 4, 1]][number - 1]


def r_dict(number):
    answers = {1: [5, 3, 1], 2: [1, 1, 1], 3: [1, 1, 2], 4: [5, 1, 2], 5: [3, 4, 1], 6: [4, 4, 1]}
    return answers[number]


def r_branches(number):
    if number == 2:
        return [1, 1, 1]
    if number == 3:
        return [1, 1, 2]
    if number in (1, 4):
        return [5, 3, 1] if number == 1 else [5, 1, 2]
    return [3, 4, 1] if number < 6 else [4, 4, 1]


def r_columns(number):
    what, test, says = [5, 1, 1, 5, 3, 4], [3, 1, 1, 1, 4, 4], [1, 1, 2, 2, 1, 1]
    i = number - 1
    return what[i], test[i], says[i]


def r_tensor(number):
    rows = [[5, 3, 1], [1, 1, 1], [1, 1, 2], [5, 1, 2], [3, 4, 1], [4, 4, 1]]
    return torch.tensor(rows)[number - 1]


def r_floats(number):
    return [float(x) for x in r_list(number)]


RIGHT = [
    r_list,
    r_dict,
    r_branches,
    r_columns,
    r_tensor,
    r_floats,
]


# ---------------------------------------------------------------- wrong
def w_lr_too_small_1(number):
    """Run 1: the learning rate is too small; four times of it will be better."""
    return [2, 2, 1] if number == 1 else r_list(number)


def w_lr_too_small_1_unclipped(number):
    """Run 1: lr too small; without clipping it stays the same."""
    return [2, 3, 2] if number == 1 else r_list(number)


def w_clip_longer(number):
    """Run 1: clipped each, but buys the longer run, which either predicts."""
    return [5, 5, 1] if number == 1 else r_list(number)


def w_clip_lr(number):
    """Run 1: clipped each, but buys four times the rate: both predict better."""
    return [5, 2, 1] if number == 1 else r_list(number)


def w_clip_cheap_log(number):
    """Run 1: clipped each; the cheapest on the list, a log of every step."""
    return [5, 1, 2] if number == 1 else r_list(number)


def w_clip_worse(number):
    """Run 1: clipped each, and expects that without clipping it gets worse."""
    return [5, 3, 3] if number == 1 else r_list(number)


def w_sum_not_mean(number):
    """Run 2: accumulation adds up; expects K times."""
    return [5, 1, 2] if number == 2 else r_list(number)


def w_sum_one_over(number):
    """Run 2: above the limit, but the accumulated |g| one over K."""
    return [1, 1, 3] if number == 2 else r_list(number)


def w_limit_quarter_lr(number):
    """Run 2: above the limit; buys the quarter of the rate, which mends both."""
    return [1, 3, 1] if number == 2 else r_list(number)


def w_limit_one_piece(number):
    """Run 2: above the limit; buys the batch in one piece, 200 times the price."""
    return [1, 4, 2] if number == 2 else r_list(number)


def w_limit_log(number):
    """Run 2: above the limit; prints every step and expects a jump."""
    return [1, 2, 1] if number == 2 else r_list(number)


def w_overfit(number):
    """Run 3: trained too long; half as long is better."""
    return [3, 2, 1] if number == 3 else r_list(number)


def w_copies_half(number):
    """Run 3: copies; buys the run half as long."""
    return [1, 2, 2] if number == 3 else r_list(number)


def w_copies_differ(number):
    """Run 3: copies, but expects that all rows differ."""
    return [1, 1, 1] if number == 3 else r_list(number)


def w_noise_3(number):
    """Run 3: the large batch lost its noise."""
    return [2, 4, 2] if number == 3 else r_list(number)


def w_lr_small_4(number):
    """Run 4: flat because the rate is too small."""
    return [2, 2, 1] if number == 4 else r_list(number)


def w_diverged_4(number):
    """Run 4: diverged early; a jump in the first steps."""
    return [1, 1, 1] if number == 4 else r_list(number)


def w_stale_flat(number):
    """Run 4: an old value is shown, and the reprinted loss is flat too."""
    return [5, 1, 3] if number == 4 else r_list(number)


def w_stale_longer(number):
    """Run 4: old value; buys twice as long."""
    return [5, 4, 1] if number == 4 else r_list(number)


def w_noise_5(number):
    """Run 5: the large batch lost its noise; the wider grid stays the same."""
    return [2, 4, 2] if number == 5 else r_list(number)


def w_lr_small_5(number):
    """Run 5: the rate is too small for this batch."""
    return [5, 4, 1] if number == 5 else r_list(number)


def w_grid_seeds(number):
    """Run 5: the grid, but buys more seeds."""
    return [3, 5, 2] if number == 5 else r_list(number)


def w_grid_same(number):
    """Run 5: the grid, but expects the same."""
    return [3, 4, 2] if number == 5 else r_list(number)


def w_lr_small_6(number):
    """Run 6: the rate is too small; four times is better."""
    return [3, 2, 1] if number == 6 else r_list(number)


def w_warmup_log(number):
    """Run 6: warmup in micro-steps; prints the first 40 steps."""
    return [4, 1, 2] if number == 6 else r_list(number)


def w_warmup_longer(number):
    """Run 6: warmup in micro-steps; twice as long."""
    return [4, 5, 1] if number == 6 else r_list(number)


def w_warmup_worse(number):
    """Run 6: warmup; expects worse with the shorter warmup."""
    return [4, 4, 3] if number == 6 else r_list(number)


def w_from_zero(number):
    """Counts the places from 0."""
    return [x - 1 for x in r_list(number)]


def w_runs_from_zero(number):
    """Counts the runs from 0: each gets the next one's answer."""
    return r_list(number % 6 + 1)


def w_order(number):
    """Experiment first, then explanation."""
    what, test, says = r_list(number)
    return [test, what, says]


def w_all_lr(number):
    """Always the learning rate, always a change of it."""
    return [2, 2, 1]


def w_last_for_all(number):
    """One answer for all runs."""
    return [4, 4, 1]


def w_two_numbers(number):
    """Leaves the outcome out."""
    return r_list(number)[:2]


WRONG = [
    w_lr_too_small_1,
    w_lr_too_small_1_unclipped,
    w_clip_longer,
    w_clip_lr,
    w_clip_cheap_log,
    w_clip_worse,
    w_sum_not_mean,
    w_sum_one_over,
    w_limit_quarter_lr,
    w_limit_one_piece,
    w_limit_log,
    w_overfit,
    w_copies_half,
    w_copies_differ,
    w_noise_3,
    w_lr_small_4,
    w_diverged_4,
    w_stale_flat,
    w_stale_longer,
    w_noise_5,
    w_lr_small_5,
    w_grid_seeds,
    w_grid_same,
    w_lr_small_6,
    w_warmup_log,
    w_warmup_longer,
    w_warmup_worse,
    w_from_zero,
    w_runs_from_zero,
    w_order,
    w_all_lr,
    w_last_for_all,
    w_two_numbers,
]
