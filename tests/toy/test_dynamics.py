import math

import numpy as np
import pytest
import torch

from coursekit.toy.dynamics import (
    chain_average,
    langevin,
    max_stable_lr,
    sde_variance,
    simulate_quadratic,
    stationary_variance,
    temperature,
    variance_after,
)

NUM_CHAINS, NUM_STEPS = 20_000, 250  # fixed before looking; the transient is gone by then
CASES = [
    {"lr": 0.1, "curvature": 1.0, "noise_var": 1.0, "batch_size": 1},
    {"lr": 0.5, "curvature": 2.0, "noise_var": 3.0, "batch_size": 16},
    {"lr": 1.9, "curvature": 1.0, "noise_var": 1.0, "batch_size": 1},
    {"lr": 0.3, "curvature": 1.0, "noise_var": 1.0, "batch_size": 4, "momentum": 0.5},
    {"lr": 3.0, "curvature": 1.0, "noise_var": 1.0, "batch_size": 4, "momentum": 0.8},
    {"lr": 0.4, "curvature": 1.0, "noise_var": 2.0, "batch_size": 4, "noise_growth": 3.0},
    {
        "lr": 0.3,
        "curvature": 1.0,
        "noise_var": 1.0,
        "batch_size": 4,
        "momentum": 0.5,
        "noise_growth": 1.0,
    },
]


def moment_map(*, lr, curvature, noise_var, batch_size, momentum=0.0, noise_growth=0.0):
    """The oracle: (E x^2, E x v, E v^2) after one step is a matrix times it, plus a constant."""
    step = np.array([[1 - lr * curvature, -lr * momentum], [curvature, momentum]])
    pairs = [(0, 0), (0, 1), (1, 1)]
    matrix = np.zeros((3, 3))
    for row, (i, j) in enumerate(pairs):
        for k in range(2):
            for m in range(2):
                matrix[row, pairs.index((min(k, m), max(k, m)))] += step[i, k] * step[j, m]
    kick = np.array([lr**2, -lr, 1.0]) / batch_size
    matrix[:, 0] += kick * noise_growth
    return matrix, kick * noise_var


def z_score(average, truth):
    return (average.value - truth) / average.stderr


@pytest.mark.quick
@pytest.mark.parametrize("case", CASES)
def test_the_formula_is_the_fixed_point_of_the_moments(case):
    matrix, constant = moment_map(**case)
    assert max(abs(np.linalg.eigvals(matrix))) < 1
    fixed_point = np.linalg.solve(np.eye(3) - matrix, constant)
    assert stationary_variance(**case) == pytest.approx(fixed_point[0], rel=1e-10)


@pytest.mark.parametrize("case", CASES)
def test_simulated_chains_have_the_exact_variance(case):
    x = simulate_quadratic(
        **case,
        num_steps=NUM_STEPS,
        num_chains=NUM_CHAINS,
        generator=torch.Generator().manual_seed(1),
    )
    measured = chain_average(x.square())
    assert abs(z_score(measured, stationary_variance(**case))) < 4
    assert abs(z_score(chain_average(x), 0.0)) < 4


@pytest.mark.parametrize("lr", [0.5, 1.0, 1.9])
def test_the_same_check_rejects_the_sde_at_large_steps(lr):
    case = {"lr": lr, "curvature": 1.0, "noise_var": 1.0, "batch_size": 2}
    x = simulate_quadratic(
        **case,
        num_steps=NUM_STEPS,
        num_chains=NUM_CHAINS,
        generator=torch.Generator().manual_seed(2),
    )
    assert z_score(chain_average(x.square()), sde_variance(**case)) > 8
    assert stationary_variance(**case) / sde_variance(**case) == pytest.approx(1 / (1 - lr / 2))


@pytest.mark.quick
def test_the_sde_is_the_limit_of_small_steps():
    case = {"curvature": 2.0, "noise_var": 3.0, "batch_size": 8, "momentum": 0.9}
    assert stationary_variance(lr=1e-6, **case) == pytest.approx(
        sde_variance(lr=1e-6, **case), rel=1e-5
    )
    heat = temperature(lr=0.1, noise_var=3.0, batch_size=8, momentum=0.9)
    assert heat == pytest.approx(0.1 * 3 / (2 * 8 * 0.1))


@pytest.mark.quick
def test_equal_lr_over_b_is_an_equal_sde_but_not_an_equal_variance():
    small = {"lr": 0.01, "curvature": 8.0, "noise_var": 1.0, "batch_size": 1}
    large = small | {"lr": 0.16, "batch_size": 16}
    assert sde_variance(**small) == pytest.approx(sde_variance(**large), rel=1e-12)
    ratio = stationary_variance(**large) / stationary_variance(**small)
    assert ratio == pytest.approx((2 - 0.08) / (2 - 1.28), rel=1e-12)


@pytest.mark.quick
@pytest.mark.parametrize("momentum", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("noise_growth", [0.0, 2.0, 50.0])
@pytest.mark.parametrize("batch_size", [1, 32])
def test_the_largest_stable_lr_is_where_the_moments_start_to_grow(
    momentum, noise_growth, batch_size
):
    case = {"curvature": 1.5, "momentum": momentum, "noise_growth": noise_growth}
    edge = max_stable_lr(batch_size=batch_size, **case)
    for factor, stable in ((0.999, True), (1.001, False)):
        settings = case | {"lr": factor * edge, "noise_var": 1.0, "batch_size": batch_size}
        radius = max(abs(np.linalg.eigvals(moment_map(**settings)[0])))
        assert (radius < 1) == stable
        assert math.isfinite(stationary_variance(**settings)) == stable


@pytest.mark.quick
def test_the_stable_lr_is_linear_in_b_then_flat():
    case = {"curvature": 2.0, "noise_growth": 40.0}  # B_c = 10
    one, two = (max_stable_lr(batch_size=b, **case) for b in (0.01, 0.02))
    assert two / one == pytest.approx(2, rel=0.01)
    assert max_stable_lr(batch_size=10, **case) == pytest.approx(0.5)  # half of 2 / curvature
    assert max_stable_lr(batch_size=1e9, **case) == pytest.approx(1.0, rel=1e-6)


@pytest.mark.quick
@pytest.mark.parametrize("lr", [0.1, 1.0, 2.0, 2.5])
def test_the_transient_follows_the_recursion(lr):
    case = {"lr": lr, "curvature": 1.0, "noise_var": 3.0, "batch_size": 2, "noise_growth": 0.1}
    second_moment = 4.0
    matrix, constant = moment_map(**case)
    for step in range(6):
        found = variance_after(step, start=2.0, **case)
        assert found == pytest.approx(second_moment, rel=1e-12)
        second_moment = matrix[0, 0] * second_moment + constant[0]


def test_the_transient_is_that_of_simulated_chains():
    case = {"lr": 0.05, "curvature": 1.0, "noise_var": 1.0, "batch_size": 1, "start": 0.5}
    x = simulate_quadratic(
        **case, num_steps=8, num_chains=NUM_CHAINS, generator=torch.Generator().manual_seed(3)
    )
    measured = chain_average(x.square())
    assert abs(z_score(measured, variance_after(8, **case))) < 4
    case.pop("start")
    assert abs(z_score(measured, stationary_variance(**case))) > 8


def test_langevin_has_the_variance_of_sgd_with_its_temperature():
    case = {"lr": 0.8, "curvature": 1.5, "noise_var": 2.0, "batch_size": 4}
    heat = temperature(lr=0.8, noise_var=2.0, batch_size=4)
    x = langevin(
        lambda x: 1.5 * x,
        torch.zeros(NUM_CHAINS, dtype=torch.float64),
        lr=0.8,
        temperature=heat,
        num_steps=NUM_STEPS,
        generator=torch.Generator().manual_seed(4),
    )
    assert abs(z_score(chain_average(x.square()), stationary_variance(**case))) < 4


@pytest.mark.quick
def test_without_temperature_langevin_is_gradient_descent():
    x = langevin(
        lambda x: x,
        torch.tensor([1.0, -2.0]),
        lr=0.5,
        temperature=0.0,
        num_steps=3,
        generator=torch.Generator(),
    )
    assert torch.equal(x, torch.tensor([0.125, -0.25]))


@pytest.mark.quick
def test_the_generator_alone_decides():
    case = CASES[0] | {"num_steps": 3, "num_chains": 5}
    before = torch.get_rng_state()
    one, two = (
        simulate_quadratic(**case, generator=torch.Generator().manual_seed(9)) for _ in range(2)
    )
    assert torch.equal(one, two)
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.quick
def test_an_average_knows_its_error():
    found = chain_average(torch.tensor([1.0, 2.0, 3.0, 6.0]))
    assert (found.value, found.num_chains) == (3.0, 4)
    assert found.stderr == pytest.approx(math.sqrt(14 / 3 / 4))
    assert math.isnan(chain_average(torch.tensor([1.0])).stderr)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lr": 0.0}, "lr must be > 0"),
        ({"lr": math.nan}, "lr must be > 0"),
        ({"batch_size": 0}, "batch_size must be > 0"),
        ({"momentum": 1.0}, r"momentum must lie in \[0, 1\)"),
        ({"curvature": 0.0}, "curvature must be > 0"),
    ],
)
def test_bad_settings_are_named(change, words):
    with pytest.raises(ValueError, match=words):
        stationary_variance(**(CASES[0] | change))


@pytest.mark.quick
def test_bad_lengths_are_named():
    with pytest.raises(ValueError, match="num_chains >= 1, got 5, 0"):
        simulate_quadratic(**CASES[0], num_steps=5, num_chains=0, generator=torch.Generator())
    with pytest.raises(ValueError, match="num_steps must be >= 0"):
        variance_after(-1, **CASES[0])
    with pytest.raises(ValueError, match=r"temperature >= 0, got 0\.1 and -1"):
        langevin(
            torch.sin,
            torch.zeros(1),
            lr=0.1,
            temperature=-1.0,
            num_steps=1,
            generator=torch.Generator(),
        )
