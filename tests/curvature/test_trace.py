"""Random traces: unbiased, with a standard error that covers; biased twins are rejected."""

import math
import re
import statistics

import pytest
import torch
from dense_curvature import generator, symmetric_matrix, z_score

from coursekit.curvature.operators import CurvatureOperator, matrix_operator
from coursekit.curvature.trace import draw_signs, hutchinson_trace, hutchpp_trace

SPECTRUM = [12.0, 6.0, 3.0, *torch.linspace(0.1, 1, 20).tolist(), -1.0]
TRACE = sum(SPECTRUM)
NUM_TRIALS = 300


def operator():
    return matrix_operator(symmetric_matrix(SPECTRUM))


@pytest.fixture(scope="module")
def hutchinson():
    op = operator()
    return [hutchinson_trace(op, num_probes=6, rng=generator(i)) for i in range(NUM_TRIALS)]


@pytest.fixture(scope="module")
def hutchpp():
    op = operator()
    return [hutchpp_trace(op, num_hvps=15, rng=generator(i)) for i in range(NUM_TRIALS)]


def values(estimates) -> torch.Tensor:
    return torch.tensor([e.value for e in estimates], dtype=torch.float64)


@pytest.mark.parametrize("name", ["hutchinson", "hutchpp"])
def test_estimates_are_unbiased(name, request):
    draws = values(request.getfixturevalue(name))
    assert abs(z_score(draws, TRACE)) < 4


def test_the_bias_test_has_power():
    """The same check rejects two mistakes: no part outside the sketch, and the whole twice."""
    matrix = symmetric_matrix(SPECTRUM)
    inside_only, overlapping = [], []
    for i in range(NUM_TRIALS):
        signs = draw_signs(matrix, (24, 10), generator(i))
        basis, _ = torch.linalg.qr(matrix @ signs[:, :5])
        inside = torch.trace(basis.T @ matrix @ basis).item()
        probe = signs[:, 5]
        inside_only.append(inside)
        overlapping.append(inside + (probe @ matrix @ probe).item())
    assert z_score(torch.tensor(inside_only), TRACE) < -8
    assert z_score(torch.tensor(overlapping), TRACE) > 8


def test_hutchinson_has_the_variance_of_its_docstring(hutchinson):
    matrix = symmetric_matrix(SPECTRUM)
    off_diagonal = matrix - torch.diag(torch.diag(matrix))
    variance = 2 * off_diagonal.square().sum().item() / 6
    squares = (values(hutchinson) - TRACE).square()
    assert abs(z_score(squares, variance)) < 4


@pytest.mark.parametrize("name", ["hutchinson", "hutchpp"])
def test_the_stated_variance_is_unbiased(name, request):
    """Mean of stderr^2 against the squared error: their difference has mean 0."""
    estimates = request.getfixturevalue(name)
    stated = torch.tensor([e.stderr**2 for e in estimates], dtype=torch.float64)
    difference = (values(estimates) - TRACE).square() - stated
    assert abs(z_score(difference, 0.0)) < 4
    assert z_score((values(estimates) - TRACE).square() - stated / 4, 0.0) > 4  # power


def test_hutchpp_beats_hutchinson_at_equal_cost(hutchpp):
    op = operator()
    plain = [hutchinson_trace(op, num_probes=15, rng=generator(i)) for i in range(NUM_TRIALS)]
    error = (values(hutchpp) - TRACE).square().mean()
    assert error < (values(plain) - TRACE).square().mean() / 2


@pytest.mark.quick
def test_exact_cases():
    diagonal = matrix_operator(torch.diag(torch.tensor([1.0, 2.0, 3.0])).double())
    found = hutchinson_trace(diagonal, num_probes=2)
    assert (found.value, found.stderr, found.num_probes) == (6.0, 0.0, 2)
    assert found.method == "hutchinson"
    low_rank = matrix_operator(symmetric_matrix([5.0, -3.0] + [0.0] * 20))
    found = hutchpp_trace(low_rank, num_hvps=9)
    assert found.value == pytest.approx(2.0, abs=1e-10)
    assert found.stderr < 1e-10
    assert (found.method, found.num_probes, low_rank.num_hvps) == ("hutch++", 3, 9)


@pytest.mark.quick
def test_the_number_of_probes_follows_the_wanted_error():
    op = operator()
    rough = hutchinson_trace(op, rel_stderr=1.0)
    assert rough.num_probes == 8
    fine = hutchinson_trace(op, rel_stderr=0.02)
    assert fine.num_probes > 50
    assert fine.stderr < 0.04 * fine.value
    assert abs(fine.value - TRACE) < 4 * fine.stderr
    capped = hutchinson_trace(op, rel_stderr=0.02, max_probes=10)
    assert capped.num_probes == 10


def test_a_trace_of_zero_stops_early_and_says_what_it_would_take():
    op = matrix_operator(symmetric_matrix([5.0, -5.0, 2.0, -2.0]))
    found = hutchinson_trace(op)
    assert found.num_probes == 24  # of 1,000: even at two standard errors it would take 2,400
    assert abs(found.value) < 4 * found.stderr
    assert not found.converged
    assert "the standard error is" in found.reason
    assert "probes or more" in found.reason
    zero = hutchinson_trace(matrix_operator(torch.zeros(4, 4)))
    assert (zero.value, zero.stderr, zero.reason) == (0.0, 0.0, "")


@pytest.mark.in_turn(of=3)
def test_what_it_would_take_is_what_it_takes():
    """The number of probes that the reason states, drawn, reaches the error that was asked for."""
    op = operator()
    op.grads_per_hvp = 2.0
    stated, reached = [], []
    for i in range(100):
        found = hutchinson_trace(op, rel_stderr=0.02, max_probes=40, rng=generator(i))
        words = re.search(r"about ([\d,]+) probes( or more)? \(([\d,]+) gradients", found.reason)
        needed, gradients = (int(words[j].replace(",", "")) for j in (1, 3))
        assert gradients == pytest.approx(2 * needed, rel=0.06)  # both rounded to two figures
        stated.append(needed)
        more = hutchinson_trace(op, num_probes=needed, rng=generator(1000 + i))
        reached.append(more.stderr / more.value / 0.02)
    truth = 2 * (op_off_diagonal() / (0.02 * TRACE)) ** 2
    assert statistics.median(stated) == pytest.approx(truth, rel=0.25)
    assert statistics.median(reached) == pytest.approx(1, abs=0.15)


def op_off_diagonal() -> float:
    matrix = symmetric_matrix(SPECTRUM)
    return (matrix - torch.diag(torch.diag(matrix))).norm().item()


@pytest.mark.in_turn(of=3)
@pytest.mark.parametrize("max_probes", [1000, 40])
def test_the_interval_covers_where_the_number_of_probes_was_chosen(max_probes):
    """Reached or given up early: two standard errors hold the trace about as often as they say."""
    found = [
        hutchinson_trace(operator(), rel_stderr=0.03, max_probes=max_probes, rng=generator(i))
        for i in range(NUM_TRIALS)
    ]
    assert {f.converged for f in found} <= ({True} if max_probes == 1000 else {True, False})
    covered = sum(abs(f.value - TRACE) < 2 * f.stderr for f in found) / NUM_TRIALS
    assert 0.90 < covered < 0.99
    halved = sum(abs(f.value - TRACE) < f.stderr for f in found) / NUM_TRIALS
    assert halved < 0.80  # the same check would see an error stated at twice its size


@pytest.mark.quick
def test_signs_are_fair_uncorrelated_and_keep_type():
    signs = draw_signs(torch.empty(0, dtype=torch.float32), (4000, 33), generator())
    assert signs.dtype == torch.float32
    assert signs.shape == (4000, 33)
    assert set(signs.flatten().tolist()) == {-1.0, 1.0}
    assert signs.mean(dim=0).abs().max().item() < 4.5 / math.sqrt(4000)  # 33 looks
    correlation = signs.T @ signs / 4000 - torch.eye(33)
    assert correlation.abs().max().item() < 5 / math.sqrt(4000)  # 528 looks
    assert draw_signs(signs, (0,), generator()).shape == (0,)


@pytest.mark.quick
def test_mistakes_are_named():
    op = operator()
    with pytest.raises(ValueError, match="num_probes must be >= 2"):
        hutchinson_trace(op, num_probes=1)
    with pytest.raises(ValueError, match="rel_stderr must be > 0"):
        hutchinson_trace(op, rel_stderr=0.0)
    with pytest.raises(ValueError, match="max_probes"):
        hutchinson_trace(op, max_probes=3)
    with pytest.raises(ValueError, match="num_hvps must be >= 6"):
        hutchpp_trace(op, num_hvps=5)
    broken = CurvatureOperator(
        lambda v: v * math.nan, 5, dtype=torch.float64, device=torch.device("cpu")
    )
    with pytest.raises(ValueError, match="not finite"):
        hutchinson_trace(broken)
