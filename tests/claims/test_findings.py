"""What findings say in words, against the stored numbers: each sentence was wrong once.

A measurement that is written anew changes numbers on the page, and leaves the sentences.
"""

import numpy as np
import pytest
from scipy.interpolate import PchipInterpolator

from coursekit.claims.ledger import load_ledger
from coursekit.claims.register import CLAIMS
from coursekit.claims.rivals import CURVES, fit
from coursekit.claims.tuning import kept
from coursekit.claims.unit_02_lr_scaling.frontier_runs import FRONTIER_SIZES
from coursekit.commands.recent_page import RECENT
from coursekit.experiments.branching import last_batch_within
from coursekit.intervals import t_interval

pytestmark = pytest.mark.quick
LEDGER = load_ledger()


def lags(age):
    """Return batch sizes and how far C8's branches lag behind that of B=16, (seeds, sizes)."""
    values = LEDGER["C8"]["gpu"]["values"]
    start = f"lag_{age}_B"
    found = {int(n.removeprefix(start)): c for n, c in values.items() if n.startswith(start)}
    sizes = sorted(found)
    return [16, *sizes], np.array([np.zeros(8), *(found[b] for b in sizes)]).T


def smooth_crossing(sizes, row, limit):
    """Return where a smooth curve through the losses last lies within the limit."""
    fine = np.linspace(np.log(sizes[0]), np.log(sizes[-1]), 20001)
    return np.exp(fine[np.flatnonzero(PchipInterpolator(np.log(sizes), row)(fine) <= limit)[-1]])


def test_how_a_batch_is_read_off_octaves_moves_it_by_a_tenth_and_no_verdict():
    values = LEDGER["C8"]["gpu"]["values"]
    smooth, moved = {}, {}
    for kind in ("branch", "share"):
        for age in "1234":
            sizes, excess = lags(age)
            limits = np.full(8, 0.01)
            if kind == "share":
                limits = 0.1 * np.array(values[f"progress_{age}"])
            straight, _ = last_batch_within(sizes, excess, limits)
            np.testing.assert_allclose(straight, values[f"{kind}_{age}"], rtol=1e-4)
            rows = zip(excess, limits, strict=True)
            smooth[f"{kind}_{age}"] = [smooth_crossing(sizes, row, limit) for row, limit in rows]
            moved[f"{kind}_{age}"] = np.mean(smooth[f"{kind}_{age}"]) / straight.mean()
    assert all(1 < factor < 1.1 for factor in moved.values())
    last, half = t_interval(values["branch_4"])
    assert np.mean(smooth["branch_4"]) - last > 5 * half  # so the interval does not hold it
    assert (
        f"at {np.mean(smooth['branch_4']):.0f} windows in place of {last:.0f}"
        in CLAIMS["C8"].finding
    )
    for kind in ("branch", "share"):
        ratio = np.array(smooth[f"{kind}_4"]) / smooth[f"{kind}_1"]
        smooth[f"{kind}_growth"] = ratio.tolist()
    assert CLAIMS["C8"].verdict({**values, **smooth}) == "fails"


def test_c8_and_the_noise_scale_grow_as_the_finding_says():
    values = LEDGER["C8"]["gpu"]["values"]
    growth = [np.exp(np.log(values[f"{kind}_growth"]).mean()) for kind in ("branch", "share")]
    assert min(growth) > 20  # the interval of the second begins below
    assert 2 < np.exp(np.log(values["simple_growth"]).mean()) < 3.5


@pytest.mark.parametrize("size", ["cpu", "gpu"])
def test_f1_says_which_rivals_are_ahead_on_each_data_set(size):
    values = LEDGER["F1"][size]["values"]
    edges = [np.log(values[f"edge_{b}"]).mean() for b in FRONTIER_SIZES["mnist1d"]]
    _, _, power = fit(CURVES["rounded"], FRONTIER_SIZES["mnist1d"], edges)
    assert 1.6 < power < 1.95
    assert values["misfit_rounded"][0] < 2
    assert 4 < values["left_out_rounded"][0] < 5
    if size == "gpu":
        assert f"a chance of {values['chance_rounded'][0]:.2f} on a GPU" in CLAIMS["F1"].finding
    digits = {n.removeprefix("digits_"): c[0] for n, c in values.items() if n.startswith("digits_")}
    assert digits["chance_law"] < 0.001
    assert 5.5 < digits["misfit_law"] < 7
    assert 8.5 < digits["left_out_law"] < 10
    assert 3 < digits["misfit_capped"] < 4
    assert 7 < digits["left_out_capped"] < 8
    mean, half = t_interval(values["digits_edge_16"])
    assert half < 0.003  # the grid's doing: all seeds break in one step of it
    assert min(values["digits_accuracy_16_2"]) > 80
    assert max(values["digits_accuracy_16_3"]) < 30
    if size == "cpu":
        assert f"{mean:.3f} ± {half:.3f}" in CLAIMS["F1"].finding


@pytest.mark.parametrize("size", ["cpu", "gpu"])
def test_l17s_root_misses_a_share_that_depends_on_beta2_and_on_lr(size):
    values = LEDGER["L17"][size]["values"]
    share = {}
    for memory in ("0p999", "0p95"):
        seen, root = kept(values, f"adam_{memory}_root")
        worth = kept(values, f"adam_{memory}_constant")[1].mean(axis=0)
        share[memory] = root.mean(axis=0) / worth
    lrs = sorted(n for n in values if n.startswith("seen_adam_0p999_root_"))
    chosen, twice = (lrs.index(f"seen_adam_0p999_root_{lr}") for lr in ("0.0078125", "0.015625"))
    assert values["adam_0p999_lr"] == [0.0078125]
    assert share["0p999"][chosen] > 0.5
    assert share["0p999"][twice] == pytest.approx(1 / 3, abs=0.05)
    best = int(seen.mean(axis=0).argmax())
    assert abs(share["0p95"][best]) < 0.25


@pytest.mark.parametrize("size", ["cpu", "gpu"])
def test_what_flattens_helps_less_than_what_does_not(size):
    values = LEDGER["G14"][size]["values"]
    ahead = np.subtract(values["gains_loss_weight_decay"], values["gains_loss_dropout"])
    mean, half = t_interval(ahead)
    assert mean - half > 0
    assert "weight decay, which does not flatten, helps more" in RECENT["G14"][2]


def test_small_steps_gain_a_point_where_the_page_says():
    gains = {
        (size, arm, k): LEDGER["P13"][size]["values"][f"{arm}_gain_{k}"]
        for size in ("cpu", "gpu")
        for arm in ("momentum", "adam")
        for k in (8, 32)
    }
    intervals = {key: t_interval(column) for key, column in gains.items()}
    clear = {key for key, (mean, half) in intervals.items() if mean - half > 1}
    assert clear == {("cpu", "momentum", 32), ("cpu", "adam", 32), ("gpu", "adam", 32)}
    assert all(mean + half > 0 for mean, half in intervals.values())
