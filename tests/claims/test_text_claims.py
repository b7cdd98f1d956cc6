"""Claims on character transformers: critical batch by branching, and generalisation over B."""

from itertools import product
from types import SimpleNamespace

import numpy as np
import pytest

from coursekit.claims.unit_05_noise_scale import branch_claims
from coursekit.claims.unit_05_noise_scale.branch_runs import all_met, fastest, steps_of
from coursekit.claims.unit_07_flat_minima import transformer_claims
from coursekit.claims.unit_07_flat_minima.transformer_claims import (
    LARGE,
    SMALL,
    settled,
    stopped_early,
)
from coursekit.experiments.branching import Branches

pytestmark = pytest.mark.quick
(C8,) = branch_claims.CLAIMS
(G9,) = transformer_claims.CLAIMS


def near(value, spread=0.02):
    return [value * (1 - spread), value, value * (1 + spread)]


def along(branch, share, *, open_1=0.0, open_4=0.0, low_4=0.0):
    values = {"at_edge_1": [0.0], "at_edge_4": [0.0]}
    for kind, growth in (("branch", branch), ("share", share)):
        values |= {
            f"{kind}_growth": near(growth),
            f"{kind}_open_1": [open_1],
            f"{kind}_open_4": [open_4],
            f"{kind}_low_4": [low_4],
        }
    return values


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        (along(8.0, 5.0), "fails"),
        (along(8.0, 5.0, open_4=0.5), "fails"),  # a lower bound is enough
        (along(8.0, 5.0, open_1=0.1), "unresolved"),
        (along(1.1, 0.9), "holds"),
        (along(1.1, 0.9, open_4=0.1), "unresolved"),
        (along(1.1, 0.9, low_4=0.1), "unresolved"),  # an upper bound at the last age
        (along(8.0, 1.1), "depends"),
        (along(2.0, 5.0), "unresolved"),
        (along(8.0, 5.0) | {"at_edge_4": [1.0]}, "unresolved"),
    ],
)
def test_the_verdict_on_one_critical_batch(values, verdict):
    assert C8.verdict(values) == verdict


def branches_that_lag(critical):
    """Branches whose loss leaves that of B=16 by 0.01 at a known batch, which grows with age."""
    sizes = (16, 32, 64, 128, 256, 512, 1024)
    ages = iter(critical)

    def branch_losses(trunk, **settings):
        at = next(ages)
        lag = 0.01 * np.log2(np.array(sizes) / 16) / np.log2(at / 16)
        losses = 2.0 + lag + np.array([[-0.1], [0.0], [0.1]])
        losses[:, 1:] += 1e-4 * np.array([[1.0], [-2.0], [1.0]])
        return Branches(sizes, losses, losses, 0)

    return branch_losses


def neighbours(batch_sizes, losses, tolerance):
    """The mistake: each branch beside the next smaller batch, in place of the trunk's."""
    steps = np.diff(losses, axis=1, prepend=losses[:, :1])
    return RIGHT(batch_sizes, steps, tolerance)


RIGHT = branch_claims.last_batch_within


def by_both_definitions(values):
    """Take the absolute tolerance's numbers for the share's as well."""
    same = {n.replace("branch", "share"): v for n, v in values.items() if n.startswith("branch")}
    return {**values, **same}


def test_comparing_neighbours_turns_c8(monkeypatch):
    """Truth: 32, 64, 256, 512 windows."""
    monkeypatch.setattr(branch_claims, "whole_runs", lambda *arguments: {})
    trunk = SimpleNamespace(advance=lambda *a, **k: None, held_out=lambda: np.full(3, 2.5))
    monkeypatch.setattr(branch_claims, "untrained", lambda *arguments: trunk)
    monkeypatch.setattr(branch_claims, "simple_scales", lambda *arguments: [1.0, 2.0, 3.0])
    truth = (32, 64, 256, 512)
    monkeypatch.setattr(branch_claims, "branch_losses", branches_that_lag(truth))
    values = C8.measure("tiny")
    for name, at in zip(branch_claims.AGES, truth, strict=True):
        assert np.exp(np.log(values[f"branch_{name}"]).mean()) == pytest.approx(at, rel=0.1)
    both = by_both_definitions(values)
    assert C8.verdict(both) == "fails"
    monkeypatch.setattr(branch_claims, "branch_losses", branches_that_lag(truth))
    monkeypatch.setattr(branch_claims, "last_batch_within", neighbours)
    values = C8.measure("tiny")
    both = by_both_definitions(values)
    assert C8.verdict(both) == "unresolved"


def ends(gains, *, at_edge=0.0, at_end=0.0):
    values = {f"lr_at_edge_{b}": [at_edge] for b in SMALL + LARGE}
    values |= {f"stopped_at_end_{b}": [at_end] for b in SMALL + LARGE}
    for (small, large), gain in zip(product(SMALL, LARGE), gains, strict=True):
        values[f"gain_{small}_over_{large}"] = near(gain)
    return values


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        (ends([0.05] * 4), "holds"),
        (ends([0.001] * 4), "fails"),
        (ends([-0.05] * 4), "fails"),
        (ends([0.05, 0.05, 0.001, 0.05]), "depends"),
        (ends([0.01] * 4), "unresolved"),
        (ends([0.05] * 4, at_edge=1.0), "unresolved"),
        (ends([0.05] * 4, at_end=1.0), "unresolved"),
    ],
)
def test_the_verdict_on_transformers(values, verdict):
    assert G9.verdict(values) == verdict


def test_a_run_stops_where_validation_is_least_and_test_is_only_read():
    """Two rates, three looks; the test loss is least elsewhere, which would be a peek."""
    train = np.array([[3.0, 2.0, 1.0]] * 2)
    validation = np.array([[3.0, 2.0, 2.5], [3.0, 1.5, 2.0]])
    test = np.array([[2.9, 2.2, 1.0], [2.9, 1.9, 1.0]])
    curves = np.stack([np.stack([train, validation, test], axis=1)] * 3)
    losses, at_edge, at_end = stopped_early(curves)
    assert losses.tolist() == [[2.0, 1.5, 1.9]] * 3
    assert at_edge  # the second of two
    assert not at_end
    falling = curves.copy()
    falling[:, :, 1] = [3.0, 2.0, 1.0]
    assert stopped_early(falling)[2]
    gone = curves.copy()
    gone[0, 1] = np.nan
    assert stopped_early(gone)[0][1].tolist() == [2.0, 2.0, 2.2]


def test_whole_runs_stop_two_looks_after_a_rate_has_all_its_seeds_there():
    """Two seeds at two rates: (slow, fast, slow, fast)."""
    looks = [np.array(row) for row in ([3, 2, 3, 3], [3, 1, 2, 2], [2, 1, 2, 1], [2, 1, 1, 1])]
    met = [all_met(looks[:n], target=1.0, num_seeds=2) for n in range(1, 5)]
    assert met == [False] * 4
    assert all_met([*looks, looks[-1]], target=1.0, num_seeds=2)
    gone = [*looks[:3], np.array([np.nan, 5.0, 1.0, 5.0]), looks[-1]]  # was there before
    assert all_met(gone, target=1.0, num_seeds=2)
    assert not all_met([*looks, looks[-1]], target=0.5, num_seeds=2)


def test_steps_are_read_off_curves_and_a_rate_without_all_seeds_is_not_fastest():
    falling = [3.0, 2.0, 1.0]
    curves = np.array([[falling, [1.5, 1.0, np.nan]], [falling, [2.5, 2.0, np.nan]]])
    steps = steps_of(curves, [10, 20, 40], 1.5)
    assert steps[:, 0].tolist() == [30.0, 30.0]
    assert steps[0, 1] == 10.0
    assert np.isnan(steps[1, 1])
    assert fastest(steps, curves) == 0
    nobody = steps_of(curves, [10, 20, 40], 0.5)
    assert fastest(nobody, curves) == 0  # the lowest at last: 1 against 1.5
    assert fastest(nobody, np.flip(curves, axis=1)) == 1


def test_texts_stop_when_no_run_has_improved_for_a_while():
    """Looks of (train, validation, test) in two runs; the second improves last at the third."""
    seen = [np.array([[1.0, 1.0], row, [0.0, 0.0]]) for row in
            ([3.0, 3.0], [2.0, 2.5], [2.5, 2.0], [2.5, 2.5], [2.5, np.nan])]  # fmt: skip
    assert not settled(seen[:4], patience=2)
    assert settled(seen, patience=2)
    assert not settled(seen[:2], patience=2)
