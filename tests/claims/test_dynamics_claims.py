"""Claims on walkers and minima: their simulations against closed forms, their verdicts."""

import pytest
import torch

from coursekit.claims.unit_06_sharpness.sharpness import MEASURES, SIZES
from coursekit.claims.unit_07_flat_minima.dynamics_claims import (
    CLAIMS,
    GROUPS,
    TOP,
    WELL,
    all_escapes,
    by_group,
    right_shares,
)
from coursekit.claims.unit_07_flat_minima.minima import CLAIMS as MINIMA
from coursekit.claims.unit_07_flat_minima.minima import accuracy_under, distances, settled_flat
from coursekit.data.splits import load
from coursekit.models.perceptrons import mlp
from coursekit.toy.escape_theory import discrete_escape_time, discrete_share
from coursekit.train.loop import accuracy

BY_ID = {claim.id: claim for claim in (*CLAIMS, *MINIMA)}


def generator(seed):
    return torch.Generator().manual_seed(seed)


@pytest.mark.quick
def test_groups_are_means_of_neighbours():
    assert by_group(torch.arange(2.0 * GROUPS)) == [2 * i + 0.5 for i in range(GROUPS)]


def test_escapes_and_shares_are_those_of_theory():
    settings = {"lr": 0.1, "temperature": 0.4}
    runs = all_escapes("left", WELL.right, 0.1, 0.4, 800, generator(0))
    truth = discrete_escape_time(WELL, start="left", **settings)
    assert abs(runs.mean.value - truth) < 4 * runs.mean.stderr
    shares = right_shares(lr=0.1, heat=0.4, num_chains=400, num_steps=2000, g=generator(1))
    spread = shares.std().item() / len(shares) ** 0.5
    share = shares.mean().item()
    assert abs(share - discrete_share(WELL, **settings)) < 4 * spread
    assert abs(share - 0.5) > 20 * spread  # a share that forgets the wells' widths is rejected


@pytest.mark.quick
def test_descent_ends_in_the_basin_of_its_start():
    starts = torch.tensor([[-1.2], [TOP - 0.05], [TOP + 0.05], [1.5]], dtype=torch.float64)
    assert settled_flat(starts).tolist() == [False, False, True, True]
    off_axis = torch.tensor([[-1.0, 0.1], [-1.0, 3.0]], dtype=torch.float64)
    assert settled_flat(off_axis).tolist() == [False, True]  # the sharp basin is a ball
    assert settled_flat(starts, flat_energy=0.5).tolist() == [False, False, False, True]


@pytest.mark.quick
def test_distances_start_at_zero():
    seeds = range(2)
    models = [mlp(SIZES, generator=generator(s)) for s in seeds]
    rows = torch.stack([torch.cat([p.flatten() for p in m.parameters()]) for m in models]).detach()
    assert distances(rows, seeds) == [0.0, 0.0]
    rows[1, 5] += 3.0
    assert distances(rows, seeds) == pytest.approx([0.0, 3.0])


@pytest.mark.quick
def test_without_input_noise_accuracy_is_the_plain_one_and_noise_is_the_same_for_all():
    data = load("mnist1d", num_train=64)
    model = mlp(SIZES, generator=generator(0))
    plain = 100 * accuracy(model, data.test_inputs, data.test_targets)
    assert accuracy_under([model], data, 0.0) == pytest.approx([plain])
    noisy = accuracy_under([model, model], data, 1.0)
    assert noisy[0] == noisy[1] != pytest.approx(plain)


def near(value):
    return [value, 1.001 * value]


SMALL_STEPS = {"variance_small": [1.0, 1.001], "variance_large": near(2.8)}
SLOPES = {"barrier": [1.08], "flat_over_sharp_kramers": [2.83]}
GIBBS = {"gibbs_with_root_0p3": [0.89], "gibbs_with_root_0p5": [0.89]}


@pytest.mark.quick
@pytest.mark.parametrize(
    ("claim_id", "values", "verdict"),
    [
        ("N8", {**SMALL_STEPS, "times_faster": near(30)}, "depends"),
        ("N8", {**SMALL_STEPS, "variance_large": near(1.0), "times_faster": near(1)}, "holds"),
        ("N8", {**SMALL_STEPS, "times_faster": near(1)}, "unresolved"),
        ("N8", {**SMALL_STEPS, "variance_small": near(1.5), "times_faster": near(30)}, "fails"),
        (
            "N8",
            {**SMALL_STEPS, "variance_small": [0.9, 1.1], "times_faster": near(9)},
            "unresolved",
        ),
        (
            "N9",
            {
                **GIBBS,
                "share_0p3": near(0.76),
                "share_0p5": near(0.75),
                "flat_over_sharp_like_hessian": near(0.97),
            },
            "fails",
        ),
        (
            "N9",
            {
                **GIBBS,
                "share_0p3": near(0.89),
                "share_0p5": near(0.89),
                "flat_over_sharp_like_hessian": near(8.0),
            },
            "holds",
        ),
        (
            "N9",
            {
                **GIBBS,
                "share_0p3": near(0.76),
                "share_0p5": near(0.75),
                "flat_over_sharp_like_hessian": near(8.0),
            },
            "depends",
        ),
        (
            "D1",
            {**SLOPES, "slope_sharp": near(1), "slope_flat": near(1), "flat_over_sharp": near(3.7)},
            "depends",
        ),
        (
            "D1",
            {
                **SLOPES,
                "slope_sharp": near(1),
                "slope_flat": near(1),
                "flat_over_sharp": [2.82, 2.84],
            },
            "holds",
        ),
        (
            "D1",
            {**SLOPES, "slope_sharp": near(1), "slope_flat": near(2), "flat_over_sharp": near(3.7)},
            "fails",
        ),
        ("G12", {"width": [0.74], "share_between": near(0.74), "rise": near(0.3)}, "holds"),
        ("G12", {"width": [0.74], "share_between": near(0.74), "rise": near(-0.3)}, "depends"),
        ("G12", {"width": [0.74], "share_between": near(0.60), "rise": near(0.3)}, "fails"),
    ],
)
def test_a_verdict_follows_its_rule(claim_id, values, verdict):
    assert BY_ID[claim_id].verdict(values) == verdict


@pytest.mark.quick
def test_distance_and_input_noise_count_their_comparisons():
    names = [f"ratio_{k}_{r}" for r in ("fixed", "scaled") for k in ("loss", "equal")]
    closer, farther = [0.8, 0.81], [1.2, 1.21]
    distance = BY_ID["G10"].verdict
    assert distance(dict.fromkeys(names, closer)) == "holds"
    assert distance(dict.fromkeys(names, farther)) == "fails"
    assert distance({**dict.fromkeys(names, farther), names[0]: closer}) == "depends"
    columns = [f"{measure}_0p5" for measure in MEASURES]
    noise = BY_ID["G11"].verdict
    assert noise({key: [0.8, 0.81] for key in columns}) == "holds"
    assert noise({key: [-0.8, -0.81] for key in columns}) == "fails"
    assert noise({key: [-0.8, 0.8] for key in columns}) == "unresolved"
    assert noise({**{key: [-0.8, 0.8] for key in columns}, columns[0]: [0.8, 0.81]}) == "unresolved"
    assert noise({**{key: [-0.8, -0.81] for key in columns}, columns[0]: [0.8, 0.81]}) == "depends"
