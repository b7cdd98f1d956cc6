import math

import pytest
import torch

from coursekit.toy.double_well import DoubleWell, barrier
from coursekit.toy.dynamics import chain_average
from coursekit.toy.escape import (
    EscapeTimes,
    Occupancy,
    arrhenius_slope,
    escape_ratio,
    escape_times,
    occupancy,
)
from coursekit.toy.escape_theory import (
    discrete_escape_time,
    discrete_share,
    gibbs_share,
    sde_escape_time,
)

WELL = DoubleWell()
NUM_CHAINS = 1000  # fixed before looking


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def z_score(average, truth):
    return (average.value - truth) / average.stderr


def escapes(start, lr, temperature=0.3, seed=1, max_steps=100_000):
    return escape_times(
        WELL,
        start=start,
        lr=lr,
        temperature=temperature,
        num_chains=NUM_CHAINS,
        max_steps=max_steps,
        generator=seeded(seed),
    )


@pytest.mark.parametrize("start", ["left", "right"])
@pytest.mark.parametrize("lr", [0.03, 0.1, 0.2])
def test_mean_escape_times_are_those_of_the_discrete_walk(start, lr):
    found = escapes(start, lr)
    assert found.num_censored == 0
    assert (
        abs(z_score(found.mean, discrete_escape_time(WELL, start=start, lr=lr, temperature=0.3)))
        < 4
    )


def test_the_same_check_rejects_the_sde_at_large_steps():
    sde = sde_escape_time(WELL, start="left", temperature=0.3)
    assert z_score(escapes("left", 0.2).mean, sde) < -8


def test_the_log_time_grows_with_the_barrier_over_the_temperature():
    heats = torch.tensor([0.25, 0.3, 0.4], dtype=torch.float64)
    found = [escapes("left", 0.05, t.item(), seed=i) for i, t in enumerate(heats)]
    fitted = arrhenius_slope(1 / heats, found)
    logs = [
        math.log(discrete_escape_time(WELL, start="left", lr=0.05, temperature=t.item()))
        for t in heats
    ]
    centred = 1 / heats - (1 / heats).mean()
    exact = (centred * torch.tensor(logs)).sum() / centred.square().sum()
    assert abs(z_score(fitted, exact.item())) < 4
    assert z_score(fitted, barrier(WELL).height) < -8  # finite steps and finite T lower it


def test_a_censored_mean_is_nan_and_the_naive_one_is_rejected():
    exact = discrete_escape_time(WELL, start="left", lr=0.1, temperature=0.3)
    cut = escapes("left", 0.1, max_steps=int(exact / 0.1))
    assert 0.2 < cut.num_censored / NUM_CHAINS < 0.5
    assert math.isnan(cut.mean.value)
    naive = chain_average(cut.times.clamp(max=cut.max_time))
    assert z_score(naive, exact) < -8
    assert abs(z_score(cut.exponential_mean, exact)) < 8  # the first steps are not memoryless
    assert math.isnan(arrhenius_slope(torch.tensor([1.0, 2.0]), [cut, cut]).value)


@pytest.mark.quick
def test_censoring_by_hand():
    found = EscapeTimes(torch.tensor([1.0, 3.0, math.inf, 4.0]), max_time=8.0)
    assert found.num_censored == 1
    assert found.exponential_mean.value == pytest.approx(16 / 3)
    assert found.exponential_mean.stderr == pytest.approx(16 / 3 / math.sqrt(3))
    assert math.isnan(found.mean.value)
    never = EscapeTimes(torch.full((2,), math.inf), max_time=8.0)
    assert math.isnan(never.exponential_mean.value)


@pytest.mark.quick
def test_ratio_by_hand():
    slow = EscapeTimes(torch.tensor([8.0, 12.0]), 20.0)
    fast = EscapeTimes(torch.tensor([4.0, 6.0]), 20.0)
    found = escape_ratio(slow, fast)
    assert found.value == 2.0
    assert found.stderr == pytest.approx(2 * math.sqrt(2 * (1 / 5) ** 2))


def test_occupancy_is_that_of_the_discrete_walk():
    found = occupancy(
        WELL,
        lr=0.1,
        temperature=0.5,
        num_chains=1000,
        num_steps=2000,
        burn_in=1000,
        generator=seeded(2),
    )
    assert found.equilibrated
    assert abs(z_score(found.share, discrete_share(WELL, lr=0.1, temperature=0.5))) < 4
    assert z_score(found.share, gibbs_share(WELL, temperature=0.5)) > 8


def test_small_steps_are_compatible_with_gibbs():
    found = occupancy(
        WELL,
        lr=0.01,
        temperature=0.6,
        num_chains=1000,
        num_steps=4000,
        burn_in=2000,
        generator=seeded(3),
    )
    assert abs(z_score(found.share, gibbs_share(WELL, temperature=0.6))) < 4
    assert abs(z_score(found.share, 0.5)) > 8


def test_a_walk_too_short_to_forget_its_start_has_no_share():
    found = occupancy(
        WELL,
        lr=0.02,
        temperature=0.1,
        num_chains=100,
        num_steps=500,
        burn_in=500,
        generator=seeded(4),
    )
    assert not found.equilibrated
    assert math.isnan(found.share.value)
    assert found.from_left.value < 0.1 < 0.9 < found.from_right.value


@pytest.mark.quick
def test_share_by_hand():
    left, right = chain_average(torch.tensor([0.2, 0.4])), chain_average(torch.tensor([0.3, 0.5]))
    share = Occupancy(left, right).share
    assert (share.value, share.num_chains) == (pytest.approx(0.35), 4)
    assert share.stderr == pytest.approx(0.1 * math.sqrt(2) / 2)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lr": 0.0}, "need finite lr > 0"),
        ({"num_chains": 0}, "num_chains and max_steps >= 1"),
        ({"start": "top"}, "left, right, got 'top'"),
        ({"target": -2.0}, "beyond the barrier"),
    ],
)
def test_bad_settings_are_named(change, words):
    settings = {"start": "left", "lr": 0.1, "temperature": 0.3, "num_chains": 5, "max_steps": 5}
    with pytest.raises(ValueError, match=words):
        escape_times(WELL, **(settings | change), generator=seeded())


@pytest.mark.quick
def test_bad_lengths_are_named():
    settings = {"lr": 0.1, "temperature": 0.3, "generator": seeded()}
    with pytest.raises(ValueError, match="even and >= 4, got 3"):
        occupancy(WELL, num_chains=3, num_steps=5, burn_in=0, **settings)
    with pytest.raises(ValueError, match="num_steps >= 1 and burn_in >= 0"):
        occupancy(WELL, num_chains=4, num_steps=0, burn_in=0, **settings)
    with pytest.raises(ValueError, match=">= 2 measurements"):
        arrhenius_slope(torch.tensor([1.0]), [EscapeTimes(torch.ones(2), 1.0)])
