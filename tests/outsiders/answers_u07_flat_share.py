import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_shift(positions, widths, energies, top, temperature):
    weight = widths * torch.exp(-(energies - energies.min()) / temperature)
    return (weight[positions > top].sum() / weight.sum()).item()


def r_softmax(positions, widths, energies, top, temperature):
    shares = torch.softmax(widths.double().log() - energies.double() / temperature, dim=0)
    return shares[positions > top].sum()


def r_loops(positions, widths, energies, top, temperature):
    cells = list(zip(positions.tolist(), widths.tolist(), energies.tolist(), strict=True))
    low = min(u for _, _, u in cells)
    right = left = 0.0
    for x, dx, u in cells:
        w = dx * math.exp((low - u) / temperature)
        if x > top:
            right += w
        else:
            left += w
    return right / (right + left)


def r_logsumexp(positions, widths, energies, top, temperature):
    logs = widths.double().log() - energies.double() / temperature
    right = positions > top
    if not right.any():
        return 0.0
    return torch.exp(torch.logsumexp(logs[right], 0) - torch.logsumexp(logs, 0))


def r_numpy(positions, widths, energies, top, temperature):
    x, dx, u = (t.double().numpy() for t in (positions, widths, energies))
    w = dx * np.exp((u.min() - u) / temperature)
    return np.average(x > top, weights=w)


def r_one_less(positions, widths, energies, top, temperature):
    w = widths * (-(energies - energies.amin()) / temperature).exp()
    return 1 - w[positions <= top].sum() / w.sum()


RIGHT = [r_shift, r_softmax, r_loops, r_logsumexp, r_numpy, r_one_less]


# ---------------------------------------------------------------- wrong
def boltzmann(energies, temperature):
    return torch.exp(-(energies.double() - energies.double().min()) / temperature)


def w_no_shift(positions, widths, energies, top, temperature):
    """No energy taken away: 0/0 or inf/inf where they are large."""
    w = widths * torch.exp(-energies / temperature)
    return w[positions > top].sum() / w.sum()


def w_no_shift_double(positions, widths, energies, top, temperature):
    """No energy taken away, but float64."""
    w = widths.double() * torch.exp(-energies.double() / temperature)
    return w[positions > top].sum() / w.sum()


def w_nan_made_half(positions, widths, energies, top, temperature):
    """No energy taken away, nan made one half."""
    w = widths * torch.exp(-energies / temperature)
    share = (w[positions > top].sum() / w.sum()).item()
    return 0.5 if math.isnan(share) else share


def w_epsilon(positions, widths, energies, top, temperature):
    """A small number below the fraction, against 0/0."""
    w = widths * torch.exp(-energies / temperature)
    return w[positions > top].sum() / (w.sum() + 1e-12)


def w_shift_by_max(positions, widths, energies, top, temperature):
    """Takes the highest energy away: the lowest overflows."""
    w = widths * torch.exp(-(energies - energies.max()) / temperature)
    return w[positions > top].sum() / w.sum()


def w_shift_by_mean(positions, widths, energies, top, temperature):
    """Takes the mean energy away."""
    w = widths * torch.exp(-(energies - energies.mean()) / temperature)
    return w[positions > top].sum() / w.sum()


def w_shift_each_side(positions, widths, energies, top, temperature):
    """Each well counted from its own lowest energy: the depth is lost."""
    right = positions > top
    w = torch.zeros(len(widths), dtype=torch.float64)
    for side in (right, ~right):
        if side.any():
            w[side] = widths[side].double() * boltzmann(energies[side], temperature)
    return w[right].sum() / w.sum()


def w_widths_forgotten(positions, widths, energies, top, temperature):
    """All cells alike."""
    w = boltzmann(energies, temperature)
    return w[positions > top].sum() / w.sum()


def w_mean_width(positions, widths, energies, top, temperature):
    """One width for all, the mean."""
    w = widths.double().mean() * boltzmann(energies, temperature)
    return w[positions > top].sum() / w.sum()


def w_widths_divided(positions, widths, energies, top, temperature):
    """Divides by the width."""
    w = boltzmann(energies, temperature) / widths
    return w[positions > top].sum() / w.sum()


def w_widths_squared(positions, widths, energies, top, temperature):
    """Width counted twice."""
    w = boltzmann(energies, temperature) * widths.double() ** 2
    return w[positions > top].sum() / w.sum()


def w_widths_from_positions(positions, widths, energies, top, temperature):
    """Takes the distances of the positions for the widths."""
    dx = torch.diff(positions.double(), append=positions[-1:].double() + 1)
    w = boltzmann(energies, temperature) * dx
    return w[positions > top].sum() / w.sum()


def w_trapezoid(positions, widths, energies, top, temperature):
    """The trapezoid rule over the positions."""
    w = boltzmann(energies, temperature)
    right = positions > top
    whole = torch.trapezoid(w, positions.double())
    return torch.trapezoid(w[right], positions[right].double()) / whole if whole else 0.0


def w_at_least(positions, widths, energies, top, temperature):
    """A cell at the top counts as right."""
    w = widths * boltzmann(energies, temperature)
    return w[positions >= top].sum() / w.sum()


def w_left(positions, widths, energies, top, temperature):
    """The share left of the top."""
    w = widths * boltzmann(energies, temperature)
    return w[positions <= top].sum() / w.sum()


def w_top_left_out(positions, widths, energies, top, temperature):
    """Leaves the cell at the top out of both sums."""
    w = widths * boltzmann(energies, temperature)
    right = w[positions > top].sum()
    return right / (right + w[positions < top].sum())


def w_odds(positions, widths, energies, top, temperature):
    """Right over left."""
    w = widths * boltzmann(energies, temperature)
    return w[positions > top].sum() / w[positions <= top].sum().clamp(min=1e-300)


def w_sign(positions, widths, energies, top, temperature):
    """exp(+U/T)."""
    u = energies.double()
    w = widths * torch.exp((u - u.max()) / temperature)
    return w[positions > top].sum() / w.sum()


def w_temperature_multiplied(positions, widths, energies, top, temperature):
    """exp(-U T)."""
    w = widths * boltzmann(energies, 1 / temperature)
    return w[positions > top].sum() / w.sum()


def w_temperature_forgotten(positions, widths, energies, top, temperature):
    """exp(-U)."""
    w = widths * boltzmann(energies, 1.0)
    return w[positions > top].sum() / w.sum()


def w_two_temperature(positions, widths, energies, top, temperature):
    """exp(-U/2T)."""
    w = widths * boltzmann(energies, 2 * temperature)
    return w[positions > top].sum() / w.sum()


def w_precedence(positions, widths, energies, top, temperature):
    """Parenthesis forgotten: -U - min/T."""
    u = energies.double()
    low = u.min() / temperature
    w = widths * torch.exp(-(u - low) / 1.0).clamp(max=1e300)
    return w[positions > top].sum() / w.sum()


def w_density_linear(positions, widths, energies, top, temperature):
    """A density in proportion to -U, not to its exponential."""
    w = widths.double() * (energies.double().max() - energies.double())
    return w[positions > top].sum() / w.sum().clamp(min=1e-300)


def w_folklore(positions, widths, energies, top, temperature):
    """Multiplies the odds by the width ratio once more."""
    w = widths * boltzmann(energies, temperature)
    right, left = w[positions > top].sum(), w[positions <= top].sum()
    a, b = widths[positions > top].sum(), widths[positions <= top].sum()
    return right * a / (right * a + left * b)


def w_count(positions, widths, energies, top, temperature):
    """The share of the cells, energy forgotten."""
    return (positions > top).double().mean()


def w_length(positions, widths, energies, top, temperature):
    """The share of the length, energy forgotten."""
    return widths[positions > top].sum() / widths.sum()


def w_zero_for_top(positions, widths, energies, top, temperature):
    """Right of 0, not of the top."""
    w = widths * boltzmann(energies, temperature)
    return w[positions > 0].sum() / w.sum()


def w_percent(positions, widths, energies, top, temperature):
    """In percent."""
    w = widths * boltzmann(energies, temperature)
    return 100 * w[positions > top].sum() / w.sum()


def w_only_depth(positions, widths, energies, top, temperature):
    """The two lowest cells alone."""
    right = positions > top
    if not right.any() or right.all():
        return float(right.any())
    gap = (energies[~right].min() - energies[right].min()).double() / temperature
    return torch.sigmoid(gap)


def w_mean_density(positions, widths, energies, top, temperature):
    """The mean weight of each side, not its sum."""
    w = widths * boltzmann(energies, temperature)
    right = positions > top
    if not right.any() or right.all():
        return float(right.any())
    a, b = w[right].mean(), w[~right].mean()
    return a / (a + b)


def w_changes_energies(positions, widths, energies, top, temperature):
    """Takes the lowest energy away in place."""
    energies -= energies.min().clone()
    w = widths * torch.exp(-energies / temperature)
    return w[positions > top].sum() / w.sum()


WRONG = [
    w_no_shift,
    w_no_shift_double,
    w_nan_made_half,
    w_epsilon,
    w_shift_by_max,
    w_shift_by_mean,
    w_shift_each_side,
    w_widths_forgotten,
    w_mean_width,
    w_widths_divided,
    w_widths_squared,
    w_widths_from_positions,
    w_trapezoid,
    w_at_least,
    w_left,
    w_top_left_out,
    w_odds,
    w_sign,
    w_temperature_multiplied,
    w_temperature_forgotten,
    w_two_temperature,
    w_precedence,
    w_density_linear,
    w_folklore,
    w_count,
    w_length,
    w_zero_for_top,
    w_percent,
    w_only_depth,
    w_mean_density,
    w_changes_energies,
]
