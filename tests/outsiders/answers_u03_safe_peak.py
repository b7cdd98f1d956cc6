import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def right_torch(sharpness, warmup_steps):
    share = ((torch.arange(len(sharpness)) + 1) / warmup_steps).clamp(max=1)
    return (2 / sharpness / share).min()


def right_loop(sharpness, warmup_steps):
    best = math.inf
    for t in range(len(sharpness)):
        share = min(1.0, (t + 1) / warmup_steps)
        allowed = 2 / float(sharpness[t]) / share
        if allowed < best:
            best = allowed
    return best


def right_max_product(sharpness, warmup_steps):
    t = torch.arange(1, len(sharpness) + 1, dtype=sharpness.dtype)
    return float(2 / (sharpness * torch.minimum(t / warmup_steps, torch.ones_like(t))).max())


def right_numpy(sharpness, warmup_steps):
    lam = np.asarray(sharpness, dtype=np.float64)
    share = np.minimum(1, np.arange(1, len(lam) + 1) / warmup_steps)
    return float(np.min(2 / (lam * share)))


def right_two_pieces(sharpness, warmup_steps):
    rising = [
        2 * warmup_steps / ((t + 1) * s) for t, s in enumerate(sharpness[:warmup_steps].tolist())
    ]
    flat = [2 / s for s in sharpness[warmup_steps:].tolist()]
    return min(rising + flat)


def right_bisection(sharpness, warmup_steps):
    lam = [float(s) for s in sharpness]

    def safe(peak):
        return all(peak * min(1, (t + 1) / warmup_steps) <= 2 / s for t, s in enumerate(lam))

    low, high = 0.0, 1.0
    while safe(high):
        high *= 2
    for _ in range(100):
        mid = (low + high) / 2
        low, high = (mid, high) if safe(mid) else (low, mid)
    return low


def right_cat(sharpness, warmup_steps):
    ramp = torch.linspace(0, 1, warmup_steps + 1)[1:]
    share = torch.cat([ramp, torch.ones(len(sharpness) - warmup_steps)])
    return torch.min(2.0 / (share * sharpness)).item()


# ---------------------------------------------------------------- wrong
def wrong_no_share(sharpness, warmup_steps):
    """The sharpest step decides, with the full peak."""
    return 2 / sharpness.max()


def wrong_first_step(sharpness, warmup_steps):
    """Only the first step is dangerous."""
    return 2 * warmup_steps / sharpness[0]


def wrong_only_warmup(sharpness, warmup_steps):
    """Only the steps of the warmup count; what comes after is not the warmup's affair."""
    share = torch.arange(1, warmup_steps + 1) / warmup_steps
    return (2 / sharpness[:warmup_steps] / share).min()


def wrong_from_zero(sharpness, warmup_steps):
    """The share is t / warmup_steps; step 0 allows everything."""
    t = torch.arange(len(sharpness))
    share = (t / warmup_steps).clamp(max=1)
    return (2 / sharpness / share).min() if len(sharpness) > 1 else 2 / sharpness[0]


def wrong_max(sharpness, warmup_steps):
    """The largest of the allowed peaks is the largest safe peak."""
    share = ((torch.arange(len(sharpness)) + 1) / warmup_steps).clamp(max=1)
    return (2 / sharpness / share).max()


def wrong_no_clamp(sharpness, warmup_steps):
    """The share goes on rising after the warmup."""
    share = (torch.arange(len(sharpness)) + 1) / warmup_steps
    return (2 / sharpness / share).min()


def wrong_mean_curvature(sharpness, warmup_steps):
    """The average curvature is what counts."""
    share = ((torch.arange(len(sharpness)) + 1) / warmup_steps).clamp(max=1)
    return 2 / (sharpness * share).mean()


def wrong_times_share(sharpness, warmup_steps):
    """Multiply 2/lambda by the share."""
    share = ((torch.arange(len(sharpness)) + 1) / warmup_steps).clamp(max=1)
    return (2 / sharpness * share).min()


def wrong_at_peak_step(sharpness, warmup_steps):
    """Only the step that reaches the peak counts."""
    return 2 / sharpness[warmup_steps - 1]


def wrong_one_over(sharpness, warmup_steps):
    """The limit is 1/lambda."""
    share = ((torch.arange(len(sharpness)) + 1) / warmup_steps).clamp(max=1)
    return (1 / sharpness / share).min()


def wrong_after_only(sharpness, warmup_steps):
    """Only the steps at the peak count; the small steps before are always safe."""
    return (2 / sharpness[warmup_steps - 1 :]).min()


def wrong_last(sharpness, warmup_steps):
    """The curvature at the end of the run is the one that the peak has to bear."""
    return 2 / sharpness[-1]


def wrong_plus_one(sharpness, warmup_steps):
    """The share is (t + 1)/(warmup_steps + 1)."""
    share = ((torch.arange(len(sharpness)) + 1) / (warmup_steps + 1)).clamp(max=1)
    return (2 / sharpness / share).min()


def wrong_times_length(sharpness, warmup_steps):
    """A warmup of w steps allows w times the peak of the sharpest step."""
    return 2 * warmup_steps / sharpness.max()


def wrong_at_argmax(sharpness, warmup_steps):
    """The step of the largest curvature decides, with its share."""
    t = int(sharpness.argmax())
    return 2 / sharpness[t] / min(1.0, (t + 1) / warmup_steps)


def wrong_min_curvature(sharpness, warmup_steps):
    """The smallest curvature gives the largest lr."""
    return 2 / sharpness.min()


def wrong_mean_of_peaks(sharpness, warmup_steps):
    """Average the allowed peaks over the steps."""
    share = ((torch.arange(len(sharpness)) + 1) / warmup_steps).clamp(max=1)
    return (2 / sharpness / share).mean()


RIGHT = [
    right_torch,
    right_loop,
    right_max_product,
    right_numpy,
    right_two_pieces,
    right_bisection,
    right_cat,
]
WRONG = [
    wrong_no_share,
    wrong_first_step,
    wrong_only_warmup,
    wrong_from_zero,
    wrong_max,
    wrong_no_clamp,
    wrong_mean_curvature,
    wrong_times_share,
    wrong_at_peak_step,
    wrong_one_over,
    wrong_after_only,
    wrong_last,
    wrong_plus_one,
    wrong_times_length,
    wrong_at_argmax,
    wrong_min_curvature,
    wrong_mean_of_peaks,
]
