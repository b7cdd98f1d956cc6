import torch


def _two(small, big, b, B):
    noise = (small - big) / (1 / b - 1 / B)
    return [small - noise / b, noise]


# ---------------------------------------------------------------- right
def r_mended_loop(micro_grads, micro_batch_size):
    K = len(micro_grads)
    total = micro_grads[0].clone()
    small = micro_grads[0].norm() ** 2
    for grad in micro_grads[1:]:
        total += grad
        small = small + grad.norm() ** 2
    return _two(small / K, (total / K).norm() ** 2, micro_batch_size, K * micro_batch_size)


def r_vectorised(micro_grads, micro_batch_size):
    K = micro_grads.shape[0]
    small = micro_grads.square().sum(dim=1).mean().item()
    big = micro_grads.mean(dim=0).square().sum().item()
    return _two(small, big, micro_batch_size, K * micro_batch_size)


def r_sample_variance(micro_grads, micro_batch_size):
    K = len(micro_grads)
    noise = micro_batch_size * micro_grads.var(dim=0, unbiased=True).sum()
    big = micro_grads.mean(dim=0).pow(2).sum()
    return [float(big - noise / (K * micro_batch_size)), float(noise)]


def r_inner_products(micro_grads, micro_batch_size):
    K = len(micro_grads)
    gram = torch.einsum("ip,jp->ij", micro_grads, micro_grads)
    diagonal = gram.diagonal().sum()
    signal = (gram.sum() - diagonal) / (K * (K - 1))
    return [signal, micro_batch_size * (diagonal / K - signal)]


def r_all_pairs(micro_grads, micro_batch_size):
    dots, dists, n = 0.0, 0.0, 0
    for i in range(len(micro_grads)):
        for j in range(i):
            dots += float(micro_grads[i] @ micro_grads[j])
            dists += float((micro_grads[i] - micro_grads[j]).square().sum())
            n += 1
    return [dots / n, micro_batch_size * dists / n / 2]


def r_numpy(micro_grads, micro_batch_size):
    g = micro_grads.detach().cpu().double().numpy()
    K = g.shape[0]
    small, big = (g**2).sum() / K, (g.mean(0) ** 2).sum()
    return [(K * big - small) / (K - 1), micro_batch_size * K * (small - big) / (K - 1)]


def r_average_of_two_batch(micro_grads, micro_batch_size):
    K = len(micro_grads)
    big = float(micro_grads.mean(dim=0).norm()) ** 2
    found = [
        _two(float(g.norm()) ** 2, big, micro_batch_size, K * micro_batch_size) for g in micro_grads
    ]
    return [sum(s for s, _ in found) / K, sum(n for _, n in found) / K]


def r_leave_one_out(micro_grads, micro_batch_size):
    K = len(micro_grads)
    total = micro_grads.sum(dim=0)
    others = (total - micro_grads) / (K - 1)
    signal = (micro_grads * others).sum(dim=1).mean()
    noise = micro_batch_size * ((micro_grads * (micro_grads - others)).sum(dim=1).mean())
    return [signal.item(), noise.item()]


RIGHT = [
    r_mended_loop,
    r_vectorised,
    r_sample_variance,
    r_inner_products,
    r_all_pairs,
    r_numpy,
    r_average_of_two_batch,
    r_leave_one_out,
]


# unbiased, every micro-batch has the same weight when K is even: right by the letter of the text,
# but it depends on the order of the rows and gives other numbers. Neither in RIGHT nor in WRONG.
def border_two_halves(micro_grads, micro_batch_size):
    h = len(micro_grads) // 2
    signal = (micro_grads[:h].mean(dim=0) * micro_grads[h:].mean(dim=0)).sum()
    return [signal, micro_batch_size * (micro_grads.square().sum(dim=1).mean() - signal)]


BORDERLINE = [border_two_halves]


# ---------------------------------------------------------------- wrong
def w_as_given(micro_grads, micro_batch_size):
    """Nothing mended: last micro-batch, sum for mean, clipped."""
    K = len(micro_grads)
    small = micro_grads[-1].norm() ** 2
    big = micro_grads.sum(dim=0).norm() ** 2
    signal, noise = _two(small, big, micro_batch_size, K * micro_batch_size)
    return [max(signal, torch.tensor(1e-8)), noise]


def w_last_only(micro_grads, micro_batch_size):
    """Mends sum and clip; thinks the last micro-batch is good enough."""
    K = len(micro_grads)
    small = micro_grads[-1].square().sum()
    big = micro_grads.mean(dim=0).square().sum()
    return _two(small, big, micro_batch_size, K * micro_batch_size)


def w_first_only(micro_grads, micro_batch_size):
    """Takes the first micro-batch in place of the last: 'at the same weights anyway'."""
    K = len(micro_grads)
    small = micro_grads[0].square().sum()
    big = micro_grads.mean(dim=0).square().sum()
    return _two(small, big, micro_batch_size, K * micro_batch_size)


def w_sum_kept(micro_grads, micro_batch_size):
    """Averages the small lengths, but the accumulated sum stays the 'whole batch'."""
    K = len(micro_grads)
    small = micro_grads.square().sum(dim=1).mean()
    big = micro_grads.sum(dim=0).square().sum()
    return _two(small, big, micro_batch_size, K * micro_batch_size)


def w_clip_kept(micro_grads, micro_batch_size):
    """Keeps max(signal, 1e-8): a signal can't be negative."""
    K = len(micro_grads)
    small = micro_grads.square().sum(dim=1).mean().item()
    big = micro_grads.mean(dim=0).square().sum().item()
    signal, noise = _two(small, big, micro_batch_size, K * micro_batch_size)
    return [max(signal, 1e-8), noise]


def w_divide_after_squaring(micro_grads, micro_batch_size):
    """Divides the squared length of the sum by K, not K^2."""
    K = len(micro_grads)
    small = micro_grads.square().sum(dim=1).mean()
    big = micro_grads.sum(dim=0).square().sum() / K
    return _two(small, big, micro_batch_size, K * micro_batch_size)


def w_divide_by_all_examples(micro_grads, micro_batch_size):
    """Takes the rows for sums over b examples: divides the total by K b."""
    K = len(micro_grads)
    small = micro_grads.square().sum(dim=1).mean()
    big = (micro_grads.sum(dim=0) / (K * micro_batch_size)).square().sum()
    return _two(small, big, micro_batch_size, K * micro_batch_size)


def w_small_summed(micro_grads, micro_batch_size):
    """Adds up the small squared lengths and forgets to divide by K."""
    K = len(micro_grads)
    small = micro_grads.square().sum()
    big = micro_grads.mean(dim=0).square().sum()
    return _two(small, big, micro_batch_size, K * micro_batch_size)


def w_mean_length_squared(micro_grads, micro_batch_size):
    """Averages the lengths and squares the average."""
    K = len(micro_grads)
    small = micro_grads.norm(dim=1).mean() ** 2
    big = micro_grads.mean(dim=0).norm() ** 2
    return _two(small, big, micro_batch_size, K * micro_batch_size)


def w_lengths_not_squared(micro_grads, micro_batch_size):
    """Uses norms instead of squared norms."""
    K = len(micro_grads)
    small = micro_grads.norm(dim=1).mean()
    big = micro_grads.mean(dim=0).norm()
    return _two(small, big, micro_batch_size, K * micro_batch_size)


def w_batch_is_K(micro_grads, micro_batch_size):
    """Counts micro-batches as examples: sizes 1 and K, so the noise is per micro-batch."""
    K = len(micro_grads)
    small = micro_grads.square().sum(dim=1).mean()
    big = micro_grads.mean(dim=0).square().sum()
    return _two(small, big, 1, K)


def w_big_is_K(micro_grads, micro_batch_size):
    """Takes K for the size of the whole batch (breaks where K = b)."""
    K = len(micro_grads)
    small = micro_grads.square().sum(dim=1).mean()
    big = micro_grads.mean(dim=0).square().sum()
    if micro_batch_size == K:
        return [big, small - big]
    return _two(small, big, micro_batch_size, K)


def w_biased_variance(micro_grads, micro_batch_size):
    """Variance with 1/K, and the squared mean gradient as the signal: plug-in values."""
    noise = micro_batch_size * micro_grads.var(dim=0, unbiased=False).sum()
    return [micro_grads.mean(dim=0).square().sum(), noise]


def w_signal_not_debiased(micro_grads, micro_batch_size):
    """Noise unbiased, but the squared length of the whole batch taken for the signal."""
    noise = micro_batch_size * micro_grads.var(dim=0).sum()
    return [micro_grads.mean(dim=0).square().sum(), noise]


def w_clip_noise_abs(micro_grads, micro_batch_size):
    """Replaces the clip by the absolute value of the signal."""
    K = len(micro_grads)
    small = micro_grads.square().sum(dim=1).mean()
    big = micro_grads.mean(dim=0).square().sum()
    signal, noise = _two(small, big, micro_batch_size, K * micro_batch_size)
    return [signal.abs(), noise]


def w_mean_square_entries(micro_grads, micro_batch_size):
    """Takes the mean over parameters too: length per coordinate."""
    K = len(micro_grads)
    small = micro_grads.square().mean()
    big = micro_grads.mean(dim=0).square().mean()
    return _two(small, big, micro_batch_size, K * micro_batch_size)


WRONG = [
    w_as_given,
    w_last_only,
    w_first_only,
    w_sum_kept,
    w_clip_kept,
    w_divide_after_squaring,
    w_divide_by_all_examples,
    w_small_summed,
    w_mean_length_squared,
    w_lengths_not_squared,
    w_batch_is_K,
    w_big_is_K,
    w_biased_variance,
    w_signal_not_debiased,
    w_clip_noise_abs,
    w_mean_square_entries,
]
