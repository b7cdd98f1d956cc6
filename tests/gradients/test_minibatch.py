"""Gradients against loops, closed forms and enumeration; variances against all possible batches."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from coursekit.gradients.batches import BatchLoss
from coursekit.gradients.minibatch import (
    gradient_covariance,
    gradient_covariance_trace,
    mean_gradient,
    minibatch_gradient,
    minibatch_gradient_variance,
    per_example_gradients,
)


def small_net(seed: int = 0, dtype: torch.dtype = torch.float64) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)).to(dtype)


def small_data(count: int = 7, dtype: torch.dtype = torch.float64) -> tuple:
    rng = torch.Generator().manual_seed(1)
    return (
        torch.randn(count, 3, generator=rng, dtype=dtype),
        torch.randint(0, 2, (count,), generator=rng),
    )


def gradients_by_loop(model: nn.Module, loss_fn, inputs, targets) -> torch.Tensor:
    """One ordinary backward pass per example, through `.grad`."""
    rows = []
    for i in range(len(inputs)):
        model.zero_grad()
        loss_fn(model(inputs[i : i + 1]), targets[i : i + 1]).backward()
        rows.append(torch.cat([p.grad.flatten().clone() for p in model.parameters()]))
    model.zero_grad()
    return torch.stack(rows)


@pytest.mark.quick
def test_linear_regression_has_the_closed_form():
    model = nn.Linear(3, 1, bias=False).double()
    inputs, _ = small_data()
    targets = torch.ones(7, 1, dtype=torch.float64)
    residual = inputs @ model.weight.detach().T - targets
    expected = 2 * residual * inputs  # d/dw of (w.x - y)^2
    rows = per_example_gradients(model, F.mse_loss, inputs, targets)
    torch.testing.assert_close(rows, expected)
    torch.testing.assert_close(
        minibatch_gradient(model, F.mse_loss, inputs, targets), expected.mean(0)
    )


@pytest.mark.quick
@pytest.mark.parametrize("chunk_size", [None, 1, 3, 100])
def test_per_example_gradients_equal_a_loop(chunk_size):
    model, (inputs, targets) = small_net(), small_data()
    rows = per_example_gradients(model, F.cross_entropy, inputs, targets, chunk_size=chunk_size)
    loop = gradients_by_loop(model, F.cross_entropy, inputs, targets)
    torch.testing.assert_close(rows, loop, rtol=1e-12, atol=1e-14)
    mean = minibatch_gradient(model, F.cross_entropy, inputs, targets)
    torch.testing.assert_close(mean, loop.mean(0), rtol=1e-12, atol=1e-14)


@settings(max_examples=25, deadline=None)
@given(count=st.integers(1, 9), width=st.integers(1, 4), outputs=st.integers(1, 3))
def test_any_shape(count, width, outputs):
    rng = torch.Generator().manual_seed(count)
    model = nn.Linear(width, outputs).double()
    inputs = torch.randn(count, width, generator=rng, dtype=torch.float64)
    targets = torch.randn(count, outputs, generator=rng, dtype=torch.float64)
    rows = per_example_gradients(model, F.mse_loss, inputs, targets)
    assert rows.shape == (count, width * outputs + outputs)
    torch.testing.assert_close(rows, gradients_by_loop(model, F.mse_loss, inputs, targets))


def test_frozen_and_unused_parameters():
    model = small_net()
    model[0].weight.requires_grad_(False)
    model.extra = nn.Parameter(torch.ones(4, dtype=torch.float64))
    inputs, targets = small_data()
    loss_fn = BatchLoss(lambda net, batch: F.cross_entropy(net(batch["x"]), batch["y"]))
    batch = {"x": inputs, "y": targets}
    order = [name for name, p in model.named_parameters() if p.requires_grad]
    assert order == ["extra", "0.bias", "2.weight", "2.bias"]
    rows = per_example_gradients(model, loss_fn, batch)
    assert rows.shape == (7, 4 + 5 + 10 + 2)
    assert (rows[:, :4] == 0).all()
    torch.testing.assert_close(rows.mean(0), minibatch_gradient(model, loss_fn, batch))


def test_the_model_is_left_alone():
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 2)).double()
    inputs, targets = small_data()
    model[0].weight.grad = torch.full((4, 3), 7.0, dtype=torch.float64)
    before = {name: t.clone() for name, t in model.state_dict().items()}
    state = torch.get_rng_state()
    minibatch_gradient(model, F.cross_entropy, inputs, targets)
    mean_gradient(model.eval(), F.cross_entropy, (inputs, targets))
    per_example_gradients(model, F.cross_entropy, inputs, targets)
    assert all(torch.equal(before[name], t) for name, t in model.state_dict().items())
    assert (model[0].weight.grad == 7).all()
    assert model[2].weight.grad is None
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.quick
@pytest.mark.parametrize("batch_size", [1, 3, 4, 7])
def test_unequal_last_batch_is_weighted(batch_size):
    """Sorted by class and cut unevenly: the mean of batch means would be far off."""
    model, (inputs, targets) = small_net(), small_data()
    order = targets.argsort()
    loader = DataLoader(TensorDataset(inputs[order], targets[order]), batch_size=batch_size)
    whole = minibatch_gradient(model, F.cross_entropy, inputs, targets)
    torch.testing.assert_close(mean_gradient(model, F.cross_entropy, loader), whole)
    chunked = mean_gradient(model, F.cross_entropy, (inputs, targets), chunk_size=batch_size)
    torch.testing.assert_close(chunked, whole)


@pytest.mark.quick
def test_trace_is_that_of_the_full_covariance():
    rows = torch.randn(6, 4, generator=torch.Generator().manual_seed(2))
    for ddof in (0, 1):
        full = gradient_covariance(rows, ddof=ddof)
        reference = torch.cov(rows.double().T, correction=ddof)
        torch.testing.assert_close(full, reference)
        trace = gradient_covariance_trace(rows, ddof=ddof)
        assert trace == pytest.approx(full.trace().item(), rel=1e-12)


def test_trace_survives_a_dominant_mean():
    """A spread of 1e-4 around 1000: in float32 the difference of squares is pure rounding."""
    rng = torch.Generator().manual_seed(3)
    rows = 1000 + 2**-13 * torch.randint(-8, 9, (100, 50), generator=rng).float()
    exact = rows.double().var(dim=0).sum().item()
    assert gradient_covariance_trace(rows) == pytest.approx(exact, rel=1e-9)
    naive = 100 / 99 * (rows.square().mean(0) - rows.mean(0).square()).sum().item()
    assert abs(naive - exact) > 10 * exact


@pytest.mark.quick
@pytest.mark.parametrize("batch_size", [1, 2, 3, 5])
def test_variance_equals_the_enumeration_of_all_batches(batch_size):
    rows = torch.randn(5, 3, generator=torch.Generator().manual_seed(4)).double()
    mean = rows.mean(0)
    for replacement, draws in (
        (True, itertools.product(range(5), repeat=batch_size)),
        (False, itertools.combinations(range(5), batch_size)),
    ):
        batches = rows[torch.tensor(list(draws))].mean(1)
        exact = (batches - mean).square().sum(1).mean().item()
        for ddof in (0, 1):
            predicted = minibatch_gradient_variance(
                gradient_covariance_trace(rows, ddof=ddof),
                batch_size,
                num_examples=5,
                replacement=replacement,
                ddof=ddof,
            )
            assert predicted == pytest.approx(exact, rel=1e-10, abs=1e-14)


@pytest.mark.quick
def test_variance_of_an_endless_population():
    assert minibatch_gradient_variance(30.0, 8) == 3.75
    assert math.isnan(minibatch_gradient_variance(math.nan, 8))
    assert minibatch_gradient_variance(1.0, 9, num_examples=9, replacement=False) == 0


def test_unbiased_trace_over_resampled_training_sets():
    """ddof=1 estimates the population's trace; ddof=0 does not, and the same test says so."""
    trials, num_rows, truth = 4000, 5, 1.0 + 4.0 + 9.0
    rng = torch.Generator().manual_seed(5)
    rows = torch.randn(trials, num_rows, 3, generator=rng) * torch.tensor([1.0, 2.0, 3.0])

    def z(ddof):
        values = torch.tensor([gradient_covariance_trace(r, ddof=ddof) for r in rows])
        return ((values.mean() - truth) / values.std() * trials**0.5).item()

    assert abs(z(1)) < 4
    assert z(0) < -8


@pytest.mark.quick
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 11, "num_examples": 10, "replacement": False}, "batch_size=11"),
        ({"batch_size": 2, "replacement": False}, "num_examples"),
        ({"batch_size": 2, "num_examples": 1}, "num_examples"),
        ({"batch_size": 2, "num_examples": 5, "ddof": 2}, "ddof"),
        ({"batch_size": 2, "tr_cov": -1.0}, "tr_cov"),
    ],
)
def test_variance_refuses(arguments, said):
    with pytest.raises(ValueError, match=said):
        minibatch_gradient_variance(**{"tr_cov": 1.0, **arguments})


@pytest.mark.quick
def test_trace_refuses_what_has_no_spread():
    with pytest.raises(ValueError, match="1 examples"):
        gradient_covariance_trace(torch.ones(1, 3))
    with pytest.raises(ValueError, match="shape"):
        gradient_covariance(torch.ones(3))


@pytest.mark.quick
@pytest.mark.parametrize(
    "measure", [per_example_gradients, lambda *a: mean_gradient(*a[:2], a[2:])]
)
def test_gradients_refuse_what_misleads(measure):
    inputs, targets = small_data()
    model = small_net()
    with pytest.raises(ValueError, match="reduction='mean'"):
        measure(model, nn.CrossEntropyLoss(reduction="sum"), inputs, targets)
    with pytest.raises(ValueError, match="nan"):
        measure(model, F.cross_entropy, inputs * math.nan, targets)
    with pytest.raises(ValueError, match="BatchNorm"):
        measure(nn.Sequential(model, nn.BatchNorm1d(2).double()), F.cross_entropy, inputs, targets)
    dropped = nn.Sequential(nn.Dropout(0.5), model)
    with pytest.raises(ValueError, match="random"):
        measure(dropped, F.cross_entropy, inputs, targets)
    with pytest.raises(ValueError, match="no parameter"):
        measure(model.requires_grad_(False), F.cross_entropy, inputs, targets)
