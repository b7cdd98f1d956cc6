"""A model's noise on its data: dense Hessians and covariances in float64 as oracles."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.autograd.functional import hessian
from torch.func import functional_call
from torch.utils.data import DataLoader, TensorDataset

from coursekit.gradients.minibatch import (
    gradient_covariance,
    gradient_covariance_trace,
    per_example_gradients,
)
from coursekit.noise.offline import hessian_noise_scale, model_moments
from coursekit.noise.scale import grad_moments, grad_noise_scale


def classifier():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)).double()


def classifier_data(count=60, seed=1):
    rng = torch.Generator().manual_seed(seed)
    inputs = torch.randn(count, 4, generator=rng, dtype=torch.float64)
    labels = (inputs[:, 0] > 0).long() + (inputs[:, 1] > 0.5).long()
    return inputs, labels


def dense_hessian(model, inputs, targets):
    names = [name for name, _ in model.named_parameters()]
    shapes = [p.shape for p in model.parameters()]
    sizes = [p.numel() for p in model.parameters()]

    def loss(flat):
        parts = flat.split(sizes)
        weights = {n: p.view(s) for n, p, s in zip(names, parts, shapes, strict=True)}
        return F.cross_entropy(functional_call(model, weights, (inputs,)), targets)

    return hessian(loss, torch.cat([p.detach().flatten() for p in model.parameters()]))


@pytest.mark.quick
def test_population_moments_equal_those_of_the_rows():
    model, data = classifier(), classifier_data()
    rows = per_example_gradients(model, F.cross_entropy, *data)
    loader = DataLoader(TensorDataset(*data), batch_size=17)
    expected = grad_moments(rows, 1)
    for given in (data, loader):
        found = model_moments(model, F.cross_entropy, given)
        for name in ("grad_sq_norm", "tr_cov", "grad_sq_norm_stderr", "tr_cov_stderr"):
            assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-8)
        assert found.covariance == pytest.approx(expected.covariance, rel=1e-8)
        assert (found.num_samples, found.target, found.cost) == (60, "population", 80)


@pytest.mark.quick
def test_training_set_moments_are_exact():
    model, data = classifier(), classifier_data()
    rows = per_example_gradients(model, F.cross_entropy, *data)
    found = model_moments(model, F.cross_entropy, data, target="training set")
    assert found.grad_sq_norm == pytest.approx(rows.mean(0).square().sum().item())
    assert found.tr_cov == pytest.approx(gradient_covariance_trace(rows))
    assert (found.grad_sq_norm_stderr, found.tr_cov_stderr, found.cost) == (0, 0, 60)
    estimate = grad_noise_scale(found)
    assert estimate.low == estimate.value == estimate.high


def test_population_interval_covers_the_truth():
    """120 data sets of 80: the 95 % interval holds the value of one data set of 40,000."""
    model = classifier()
    truth = model_moments(model, F.cross_entropy, classifier_data(40_000, seed=2)).grad_noise_scale
    found = [
        grad_noise_scale(model_moments(model, F.cross_entropy, classifier_data(80, seed=100 + i)))
        for i in range(120)
    ]
    coverage = sum(f.low <= truth <= f.high for f in found) / len(found)
    assert coverage > 0.95 - 4 * (0.95 * 0.05 / 120) ** 0.5
    plug_in = [
        grad_noise_scale(
            model_moments(
                model, F.cross_entropy, classifier_data(80, seed=100 + i), target="training set"
            )
        ).value
        for i in range(120)
    ]
    plug_in = torch.tensor(plug_in)
    assert ((plug_in.mean() - truth) / plug_in.std() * 120**0.5).item() < -4


class TestHessianNoiseScale:
    def exact(self, model, data):
        rows = per_example_gradients(model, F.cross_entropy, *data)
        curvature, mean = dense_hessian(model, *data), rows.mean(0)
        trace = (curvature @ gradient_covariance(rows)).trace().item()
        return trace, (mean @ curvature @ mean).item()

    @pytest.mark.parametrize("num_eigenvectors", [0, 4])
    def test_unbiased(self, num_eigenvectors):
        model, data = classifier(), classifier_data()
        trace, along = self.exact(model, data)
        found = hessian_noise_scale(
            model,
            F.cross_entropy,
            data,
            num_probes=400,
            num_eigenvectors=num_eigenvectors,
            target="training set",
            rng=torch.Generator().manual_seed(3),
        )
        assert abs(found.tr_hess_cov - trace) < 4 * found.tr_hess_cov_stderr
        assert found.grad_curvature == pytest.approx(along, rel=1e-8)
        assert found.value == pytest.approx(found.tr_hess_cov / along)
        assert found.low < found.value < found.high
        centred_at_zero = trace + along * 60 / 59  # forgets to subtract G
        assert abs(found.tr_hess_cov - centred_at_zero) > 8 * found.tr_hess_cov_stderr or (
            num_eigenvectors == 0
        )

    def test_eigenvectors_save_probes(self):
        model, data = classifier(), classifier_data()
        errors = [
            hessian_noise_scale(
                model,
                F.cross_entropy,
                data,
                num_probes=60,
                num_eigenvectors=k,
                target="training set",
                rng=torch.Generator().manual_seed(4),
            ).tr_hess_cov_stderr
            for k in (0, 6)
        ]
        assert errors[1] < errors[0] / 3

    def test_all_eigenvectors_leave_no_error(self):
        model, data = classifier(), classifier_data(12)
        trace, _ = self.exact(model, data)
        found = hessian_noise_scale(
            model,
            F.cross_entropy,
            [(data[0][:7], data[1][:7]), (data[0][7:], data[1][7:])],
            num_probes=3,
            num_eigenvectors=51,
            target="training set",
            rng=torch.Generator().manual_seed(5),
        )
        assert found.tr_hess_cov == pytest.approx(trace, rel=1e-6)

    def test_quadratic_with_equal_curvatures_is_the_simple_scale(self):
        """H = 2 I: the Hessian drops out of the ratio."""
        rng = torch.Generator().manual_seed(6)
        targets = 1 + torch.randn(50, 3, generator=rng, dtype=torch.float64)

        class Point(nn.Module):
            def __init__(self):
                super().__init__()
                self.at = nn.Parameter(torch.zeros(3, dtype=torch.float64))

            def forward(self, x):
                return self.at.expand(len(x), 3)

        loss = lambda out, y: (out - y).square().sum(1).mean()  # noqa: E731
        data = (targets, targets)
        simple = model_moments(Point(), loss, data, target="training set").grad_noise_scale
        found = hessian_noise_scale(
            Point(),
            loss,
            data,
            num_eigenvectors=1,
            num_probes=400,
            target="training set",
            rng=rng,
        )
        assert abs(found.value - simple) < 4 * found.stderr
        assert found.stderr < 0.1 * simple

    def test_negative_curvature_is_nan_with_a_reason(self):
        model, data = classifier(), classifier_data()
        found = hessian_noise_scale(
            model,
            lambda out, y: -F.cross_entropy(out, y),
            data,
            num_probes=3,
            num_eigenvectors=2,
            target="training set",
            rng=torch.Generator().manual_seed(7),
        )
        assert found.grad_curvature < 0
        assert math.isnan(found.value)
        assert "not above 0" in found.reason


@pytest.mark.quick
def test_refuses():
    model, data = classifier(), classifier_data()
    rng = torch.Generator().manual_seed(8)
    with pytest.raises(ValueError, match="target"):
        model_moments(model, F.cross_entropy, data, target="sample")
    one = (data[0][:1], data[1][:1])
    with pytest.raises(ValueError, match=">= 2 examples"):
        model_moments(model, F.cross_entropy, one, target="training set")
    with pytest.raises(ValueError, match="num_probes"):
        hessian_noise_scale(model, F.cross_entropy, data, num_probes=1, rng=rng)
    shuffled = DataLoader(TensorDataset(*data), batch_size=8, shuffle=True)
    with pytest.raises(ValueError, match="shuffle=False"):
        hessian_noise_scale(model, F.cross_entropy, shuffled, rng=rng)
    with pytest.raises(ValueError, match="sums over examples"):
        model_moments(model, nn.CrossEntropyLoss(reduction="sum"), data)
