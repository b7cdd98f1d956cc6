"""False alarms: thresholds are found, drawn seeds keep their covariance, and rates agree."""

from dataclasses import replace

import numpy as np
import pytest

from coursekit.claims.decide import above, all_of, below, decide, inside, log_ratio, within
from coursekit.claims.ledger import load_ledger
from coursekit.claims.null_ledger import drawn, moved, simulate, stored, summary, threshold_of
from coursekit.claims.register import CLAIMS

RNG = np.random.default_rng(0)
GAIN = (3 + 3 * RNG.normal(size=12)).tolist()  # of both signs: drawn as it is
COST = (40 + RNG.normal(size=12)).tolist()
RATES = np.exp(1 + 0.3 * RNG.normal(size=12)).tolist()
EXACT = [1e-15] * 12


def claim(verdict):
    return replace(CLAIMS["Q1"], id="X", verdict=verdict)


def entry(**values):
    return {"X": {"cpu": {"values": values}}}


def two_sided(v):
    return decide(holds=above(v["gain"], 1), fails=below(v["gain"], 1))


def joined(v):
    return decide(holds=all_of(above(v["gain"], 1), above(v["cost"], 10)))


@pytest.mark.quick
def test_a_threshold_is_found_where_it_was_written():
    found = threshold_of(claim(two_sided), {"gain": GAIN, "cost": COST})
    assert found.name == "gain"
    there = moved({"gain": GAIN}, "gain", found.shift)
    assert np.mean(there["gain"]) == pytest.approx(1, abs=0.03)
    assert found.sides == 2
    found = threshold_of(claim(joined), {"gain": GAIN, "cost": COST})
    assert found.name == "gain"  # cost is far more standard errors away
    assert found.sides == 1  # below it nothing is firm


@pytest.mark.quick
def test_of_a_ratio_and_of_an_open_measurement():
    def ratio(v):
        off = log_ratio(v["cost"], v["gain"])
        return decide(holds=above(off, np.log(20)), fails=below(off, np.log(20)))

    found = threshold_of(claim(ratio), {"gain": RATES, "cost": COST})
    there = moved({"gain": RATES, "cost": COST}, found.name, found.shift)
    assert log_ratio(there["cost"], there["gain"]).mean() == pytest.approx(np.log(20), abs=0.03)
    noisy = {"gain": (1.2 + 5 * RNG.normal(size=12)).tolist()}
    assert two_sided(noisy) == "unresolved"
    assert threshold_of(claim(two_sided), noisy).stderrs < 2.3


@pytest.mark.quick
def test_a_rule_about_each_seed_has_no_threshold():
    def exact(v):
        return decide(holds=within(v["exact"], 1e-12))

    assert threshold_of(claim(exact), {"exact": EXACT}) is None


@pytest.mark.quick
def test_drawn_seeds_keep_means_and_covariances():
    x = RNG.normal(size=10)
    values = {"a": x.tolist(), "b": (2 * x + 1).tolist(), "one": [7.0]}
    rng = np.random.default_rng(1)
    several = []
    for _ in range(2000):
        normals = rng.standard_normal((10, 10))
        new = drawn(values, lambda n, normals=normals: normals)
        np.testing.assert_allclose(2 * np.array(new["a"]) + 1, new["b"], atol=1e-9)
        assert new["one"] == [7.0]
        several.append(new["a"])
    assert np.mean(several) == pytest.approx(x.mean(), abs=0.03)
    assert np.std(several) == pytest.approx(x.std(ddof=1), rel=0.03)


@pytest.mark.parametrize(("rule", "rate"), [(two_sided, 0.05), (joined, 0.025)])
def test_a_rule_on_its_threshold_is_firm_as_often_as_stated(rule, rate):
    """2,000 draws, fixed beforehand; a rule whose intervals were 90 % ones would be found out."""
    ledger = entry(gain=GAIN, cost=COST)
    firm, ids, stated = simulate({"X": claim(rule)}, ledger, num_ledgers=2000)
    assert ids == ["X"]
    assert stated.tolist() == [rate]
    assert abs(firm.mean() - rate) < 3.5 * np.sqrt(rate / 2000)


def test_intervals_that_are_too_short_are_found_out():
    def short(v):
        centre, half = np.mean(v["gain"]), np.std(v["gain"]) / np.sqrt(len(v["gain"]))
        return "holds" if centre - half > 1 else "fails" if centre + half < 1 else "unresolved"

    firm, _, stated = simulate({"X": claim(short)}, entry(gain=GAIN), num_ledgers=500)
    assert firm.mean() > 1.3 * stated.mean()


def test_an_equivalence_has_two_sides():
    def equal(v):
        near = inside(v["gain"], -4, 4)
        return decide(holds=near, fails=None if near is None else not near)

    assert threshold_of(claim(equal), {"gain": GAIN}).sides == 2


@pytest.mark.quick
def test_the_stored_simulation_is_of_this_ledger():
    """A claim more or less asks for `python3 -m coursekit.claims.null_ledger`."""
    measured = [c for c in CLAIMS.values() if c.evidence == "measurement"]
    kept = stored()
    assert 0.8 * len(measured) < kept["claims"] <= len(measured)
    assert 1 / 1.3 < kept["simulated"] / kept["stated"] < 1.3


@pytest.mark.slow
def test_the_whole_ledger_is_as_often_wrong_as_its_page_says():
    """Every claim on its threshold, 200 ledgers: the stated number within a factor of 1.3."""
    firm, _, stated = simulate(CLAIMS, load_ledger(), num_ledgers=200, seed=1)
    found, kept = summary(firm, stated), stored()
    assert 1 / 1.3 < found["simulated"] / found["stated"] < 1.3
    assert found["simulated"] == pytest.approx(kept["simulated"], rel=0.15)
    assert found["stated"] == pytest.approx(kept["stated"], rel=0.1)
