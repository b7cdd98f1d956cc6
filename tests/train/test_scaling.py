import math

import pytest

from coursekit.train.scaling import saturating_lr, scaled_adam_beta, scaled_lr, scaling_factor

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(("rule", "lr"), [("linear", 0.4), ("sqrt", 0.2), ("none", 0.1)])
def test_rules_at_four_times_the_batch(rule, lr):
    assert scaled_lr(0.1, 256, 1024, rule=rule) == pytest.approx(lr, rel=1e-15)


@pytest.mark.parametrize("rule", ["linear", "sqrt", "none"])
def test_scaling_there_and_back_changes_nothing_and_factors_chain(rule):
    assert scaling_factor(32, 96, rule=rule) * scaling_factor(96, 32, rule=rule) == pytest.approx(1)
    chained = scaling_factor(8, 32, rule=rule) * scaling_factor(32, 512, rule=rule)
    assert chained == pytest.approx(scaling_factor(8, 512, rule=rule))


def test_the_saturating_rule_is_linear_then_flat():
    assert saturating_lr(3.4, 47, 47) == pytest.approx(1.7)
    assert saturating_lr(3.4, 47, 0.01) / 0.01 == pytest.approx(3.4 / 47, rel=1e-3)
    assert saturating_lr(3.4, 47, 1e7) == pytest.approx(3.4, rel=1e-5)


def test_scaled_beta_spans_the_same_number_of_examples():
    """Half-life in examples: B ln(1/2) / ln(beta) agrees for betas near 1."""
    beta = scaled_adam_beta(0.999, 32, 256)
    assert beta == pytest.approx(0.992)
    half_life = [b * math.log(0.5) / math.log(x) for b, x in ((32, 0.999), (256, beta))]
    assert half_life[0] == pytest.approx(half_life[1], rel=0.01)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: scaling_factor(32, 64, rule="log"), "linear, sqrt, none, got 'log'"),
        (lambda: scaled_lr(0.1, 0, 64), "base_batch_size must be positive and finite, got 0"),
        (lambda: scaled_lr(-0.1, 32, 64), "base_lr must be positive"),
        (lambda: scaled_lr(math.nan, 32, 64), "base_lr must be positive and finite, got nan"),
        (lambda: saturating_lr(1.0, math.inf, 8), "critical_batch_size must be positive"),
        (lambda: scaled_adam_beta(1.0, 32, 64), r"beta must lie in \[0, 1\), got 1.0"),
        (lambda: scaled_adam_beta(0.9, 32, 1024), "320 examples, fewer than batch_size=1024"),
    ],
)
def test_bad_requests_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
