"""Claims on the small end, on when to raise the batch, on Adam's rate: rules and planted faults."""

import numpy as np
import pytest

from coursekit.claims.unit_02_lr_scaling import surge_claims
from coursekit.claims.unit_05_noise_scale import sign_claims, small_end
from coursekit.claims.unit_08_toolkit import switch_claims
from coursekit.data.splits import load
from coursekit.experiments.switching import Switch, losses_through

pytestmark = pytest.mark.quick
(C12,) = switch_claims.CLAIMS
(C13,) = small_end.CLAIMS
(C11,) = sign_claims.CLAIMS
(L15,) = surge_claims.CLAIMS


def near(value, spread=0.02):
    return [value * (1 - spread), value, value * (1 + spread)]


@pytest.mark.parametrize(
    ("early", "always", "edge", "verdict"),
    [
        (0.08, 0.17, 0.0, "fails"),
        (0.001, 0.17, 0.0, "holds"),
        (-0.05, 0.17, 0.0, "holds"),
        (0.08, 0.17, 1.0, "unresolved"),  # a best lr at the end of its grid
        (0.08, -0.01, 0.0, "unresolved"),  # the large batch costs nothing
        (0.017, 0.17, 0.0, "unresolved"),  # on the threshold
    ],
)
def test_the_verdict_on_switching(early, always, edge, verdict):
    values = {"early_minus_late": near(early), "always_minus_late": near(always)}
    values |= {f"at_edge_{name}": [edge] for name in switch_claims.ARMS}
    assert C12.verdict(values) == verdict


def test_a_switch_reads_as_many_examples_as_it_may():
    assert Switch(4, 8, 0.5).sizes(32) == [4] * 4 + [8] * 2
    assert Switch(4, 8, 1.0).sizes(34) == [4] * 8
    assert Switch(4, 8, 0.0).sizes(34) == [8] * 4


def test_one_pass_repeats_no_example_and_refuses_to():
    data = load("mnist1d", num_train=64)
    with pytest.raises(ValueError, match="reads 72 examples, there are 64"):
        losses_through((40, 4, 10), data, seeds=[0], lrs=[0.1], batch_sizes=[8] * 9, at=(9,))
    found = losses_through(
        (40, 4, 10), data, seeds=[0, 1], lrs=[0.1, 1e9], batch_sizes=[8] * 4 + [16] * 2, at=(1, 6)
    )
    assert found["test"].shape == (2, 2, 2)
    assert np.isfinite(found["test"][:, 0]).all()
    later = losses_through((40, 4, 10), data, seeds=[1], lrs=[0.1], batch_sizes=[8] * 4, at=(1,))
    assert later["test"][0, 0, 0] == pytest.approx(found["test"][1, 0, 0], rel=1e-5)


def test_c12_never_chooses_a_rate_by_the_test_loss_that_it_reports():
    """The best of each seed's own test losses would favour whoever scatters most."""
    seen = np.array([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0], [1.1, 1.0, 3.0]])
    test = np.array([[0.9, 0.1, 3.0], [0.9, 2.0, 0.1], [0.9, 0.1, 3.0]])
    chosen, at_edge = switch_claims.tuned(seen, test)
    assert chosen == [0.9, 0.9, 0.9]
    assert at_edge == [1.0]
    assert test.min(axis=1).tolist() != chosen


@pytest.mark.parametrize(
    ("tuned", "held", "interior", "verdict"),
    [
        (0.97, 2.0, 3.0, "depends"),
        (0.9, 0.9, 3.0, "holds"),
        (1.3, 2.0, 3.0, "fails"),
        (0.97, 2.0, 2.0, "unresolved"),
        (1.1, 2.0, 3.0, "unresolved"),
        (0.97, 1.2, 3.0, "unresolved"),
    ],
)
def test_the_verdict_on_the_small_end(tuned, held, interior, verdict):
    values = {"tuned_1": near(tuned), "held_1": near(held), "interior": [interior]}
    assert C13.verdict(values) == verdict


def test_a_run_that_never_arrives_counts_as_long_as_it_ran():
    data = load("mnist1d", num_train=64)
    examples, arrived = small_end.examples_at_one_lr(data, range(2), 4, 1e-9, 0.5, 20)
    assert examples.tolist() == [80.0, 80.0]
    assert arrived.tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("ratios", "verdict"),
    [
        ((1.2, 0.8, 1.5), "holds"),
        ((4.0, 3.0, 5.0), "fails"),
        ((1.2, 3.0, 5.0), "depends"),
        ((2.0, 1.0, 1.0), "unresolved"),
    ],
)
def test_the_verdict_on_adams_own_norm(ratios, verdict):
    values = {}
    for name, ratio in zip(("15", "12", "09"), ratios, strict=True):
        values |= {f"sign_ratio_{name}": near(ratio), f"interior_{name}": [4.0]}
    assert C11.verdict(values) == verdict
    assert C11.verdict({**values, "interior_12": [3.0]}) == "unresolved"


def steps_with_best(places, seeds=4):
    """Log steps over the grid with a parabola about each batch size's best place."""
    rng = np.random.default_rng(0)
    values = {}
    for b, place in zip(surge_claims.BATCHES, places, strict=True):
        for k in range(surge_claims.NUM_LRS):
            at = surge_claims.LOWEST + k / 2
            values[f"steps_B{b}_{k}"] = list(
                2 ** (8 + (at - place) ** 2 + 0.01 * rng.standard_normal(seeds))
            )
    return values


@pytest.mark.parametrize(
    ("places", "verdict"),
    [
        ((-8, -7.5, -7, -6.5, -6, -6, -6.5, -7, -7.2), "holds"),
        ((-8, -7.5, -7, -6.5, -6, -6, -5.9, -5.8, -5.8), "fails"),
        ((-8, -7.5, -7, -6.5, -6, -6, -5.9, -5.8, -10.4), "unresolved"),  # beyond the grid
    ],
)
def test_the_verdict_on_the_surge(places, verdict):
    assert L15.verdict(steps_with_best(places)) == verdict


def test_the_best_rate_is_the_vertex_and_not_the_grid_point():
    values = steps_with_best((-7.8,) * 9)
    found = surge_claims.best_places(values, (16,))
    assert found.mean() == pytest.approx(-7.8, abs=0.05)


def test_taking_the_largest_rate_that_arrives_turns_l15(monkeypatch):
    """A fault: the largest lr at which the loss is met at all, in place of the fastest."""
    places = (-8, -7.5, -7, -6.5, -6, -6, -6.5, -7, -7.2)
    values = steps_with_best(places)
    assert L15.verdict(values) == "holds"
    monkeypatch.setattr(
        surge_claims, "places_of", lambda curves, at_edge=None: np.full(curves.shape[:-1], -4.0)
    )
    assert L15.verdict(values) == "fails"
