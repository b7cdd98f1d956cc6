import math

import numpy as np
import pytest
from scipy import stats

from coursekit.intervals import Crossed, crossed, example_covariance, like, t_interval

pytestmark = pytest.mark.quick


def test_it_is_the_t_interval_of_scipy():
    values = np.random.default_rng(0).normal(3, 2, 7)
    low, high = stats.t.interval(0.95, 6, loc=values.mean(), scale=stats.sem(values))
    mean, half = t_interval(values)
    assert (mean - half, mean + half) == pytest.approx((low, high))


def test_it_covers_as_often_as_it_says():
    """4,000 experiments of 5 seeds each: coverage 0.95, standard error 0.0034; allow 4 of them."""
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(4000):
        mean, half = t_interval(rng.normal(size=5))
        covered += abs(mean) <= half
    assert abs(covered / 4000 - 0.95) < 4 * 0.0034


def test_a_normal_interval_would_be_caught():
    """The power of the test above: 1.96 in place of t covers 88 % at five seeds."""
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(4000):
        values = rng.normal(size=5)
        covered += abs(values.mean()) <= 1.96 * values.std(ddof=1) / math.sqrt(5)
    assert abs(covered / 4000 - 0.95) > 4 * 0.0034


def test_one_value_has_no_interval():
    mean, half = t_interval([2.0])
    assert mean == 2.0
    assert math.isnan(half)
    assert all(math.isnan(x) for x in t_interval([]))
    assert all(math.isnan(x) for x in t_interval([1.0, math.nan]))


NUM_TABLES, NUM_SEEDS, NUM_EXAMPLES = 2000, 10, 400


def table_of_scores(rng):
    """Scores x = 0 + a_s + b_n + e_sn of 10 seeds and 400 examples; the true mean is 0."""
    size = (NUM_SEEDS, NUM_EXAMPLES)
    seeds, examples = rng.normal(size=(size[0], 1)), rng.normal(size=size[1])
    return 0.02 * seeds + 0.15 * examples + 0.45 * rng.normal(size=size)


def table_of_changes(rng):
    """What two arms have right, later minus earlier; the examples are hard or easy for each.

    P(right) = Phi((m + 0.1 a_s + d_n + u_n) / 1), d common to the arms, u an arm's own: over all
    examples Phi(m / sqrt(1 + 0.01 + 1 + 0.25)).
    """
    size = (NUM_SEEDS, NUM_EXAMPLES)
    hard = rng.normal(size=size[1])
    arms = []
    for margin in (0.0, -0.3):
        own, seeds = 0.5 * rng.normal(size=size[1]), 0.1 * rng.normal(size=(size[0], 1))
        arms.append(margin + seeds + hard + own + rng.normal(size=size) > 0)
    return arms[1].astype(float) - arms[0]


TRUE_CHANGE = stats.norm.cdf(-0.3 / math.sqrt(2.26)) - 0.5


@pytest.mark.parametrize(
    ("draw", "truth"), [(table_of_scores, 0.0), (table_of_changes, TRUE_CHANGE)]
)
def test_the_interval_over_both_covers_as_often_as_it_says(draw, truth):
    """2,000 tables, 93 to 97 % asked for; the interval over seeds alone is the biased twin."""
    rng = np.random.default_rng(2)
    both = seeds = 0
    for _ in range(NUM_TABLES):
        column = crossed({"x": draw(rng)})["x"]
        mean, half = t_interval(column)
        both += abs(mean - truth) <= half
        seeds += abs(mean - truth) <= t_interval(list(column))[1]
    assert 0.93 < both / NUM_TABLES < 0.97
    assert seeds / NUM_TABLES < 0.92


def test_the_error_over_examples_is_unbiased_and_counts_the_rest_once():
    """2,000 tables: |z| < 4 against 0.15^2 / 400; without the share of the rest it is far off."""
    rng = np.random.default_rng(3)
    found, with_rest = [], []
    for _ in range(NUM_TABLES):
        table = table_of_scores(rng)
        found.append(example_covariance(table[None])[0, 0])
        with_rest.append(table.mean(axis=0).var(ddof=1) / NUM_EXAMPLES)
    for values, right in ((np.array(found), True), (np.array(with_rest), False)):
        z = (values.mean() - 0.15**2 / NUM_EXAMPLES) / (values.std() / math.sqrt(NUM_TABLES))
        assert bool(abs(z) < 4) is right


def test_the_variance_components_by_hand():
    """Two seeds, two examples: rows (1, 0) and (0, 0), in 1.

    Means 1/2 and 0 over seeds have variance 1/8. Taken out of the table, rows and columns leave
    +-1/4 in four places, sum of squares 1/4 over (2 - 1)(2 - 1). (1/8 - 1/4 / 2) / 2 = 0.
    """
    assert example_covariance(np.array([[[1.0, 0.0], [0.0, 0.0]]]))[0, 0] == pytest.approx(0.0)
    same = np.array([[[1.0, 0.0], [1.0, 0.0]]])  # seeds agree: 1/2 over 2
    assert example_covariance(same)[0, 0] == pytest.approx(0.25)


def test_vectors_give_the_error_of_any_combination():
    rng = np.random.default_rng(4)
    hard = rng.normal(size=500)
    one, two = (hard + rng.normal(size=500) + rng.normal(size=(6, 500)) for _ in range(2))
    found = crossed({"one": one, "two": two, "other": rng.normal(size=(4, 500)) + hard})
    direct = crossed({"x": one - 0.5 * two})["x"]
    together = found["one"].shared - 0.5 * found["two"].shared
    assert np.linalg.norm(together) == pytest.approx(direct.shared_error)
    assert found["one"] == pytest.approx(one.mean(axis=1).tolist())
    assert found["one"].shared @ found["other"].shared == 0.0  # other seeds: no pairs
    assert found["other"].shared_error > 0
    failed = crossed({"one": one, "two": np.where(one > 9, one, np.nan)})
    assert failed["one"].shared_error == pytest.approx(found["one"].shared_error)
    assert all(math.isnan(part) for part in t_interval(failed["two"]))


def test_the_wider_interval_is_taken():
    """With two seeds t_1 = 12.7 is wider than what Welch's degrees of freedom would give."""
    over_seeds = t_interval([0.0, 1.0])[1]
    assert t_interval(Crossed([0.0, 1.0], [0.5]))[1] == over_seeds
    many = np.linspace(0, 1, 20)
    half = t_interval(Crossed(many, [0.3, 0.4]))[1]
    of_seeds = many.var(ddof=1) / 20
    freedom = 19 * (1 + 0.25 / of_seeds) ** 2
    assert half == pytest.approx(stats.t.ppf(0.975, freedom) * math.sqrt(of_seeds + 0.25))
    assert t_interval(Crossed([1.0, 1.0], [0.5]))[1] == pytest.approx(stats.norm.ppf(0.975) / 2)


def test_a_column_made_like_another_keeps_its_error():
    column = Crossed([1.0, 2.0], [0.3])
    assert isinstance(like(column, [3, 4]), Crossed)
    assert like(column, [3, 4]).shared_error == pytest.approx(0.3)
    assert not isinstance(like([1.0], [2.0]), Crossed)


@pytest.mark.parametrize("shape", [(1, 5), (5, 1)])
def test_a_table_of_one_row_or_column_is_refused(shape):
    with pytest.raises(ValueError, match=f"{shape[0]} x {shape[1]}"):
        crossed({"x": np.zeros(shape)})
