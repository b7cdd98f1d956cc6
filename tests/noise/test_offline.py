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
from coursekit.noise.offline import model_moments
from coursekit.noise.scale import grad_moments, grad_noise_scale
from coursekit.noise.weighted import hessian_noise_scale


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


SCALES = torch.tensor([3.0, 2.0, 1.0, 0.7, 0.5, 0.3], dtype=torch.float64)


class Line(nn.Module):
    """Least squares beside its optimum: H = diag(SCALES^2), all else in closed form."""

    def __init__(self, size=1.0):
        super().__init__()
        shift = torch.tensor([0.1, -0.1, 0.2, 0.1, 0.3, 0.2], dtype=torch.float64)
        self.shift = nn.Parameter(size * shift)

    def forward(self, x):
        return x @ self.shift


def half_square(output, target):
    return (output - target).square().mean() / 2


def line_data(count, seed):
    rng = torch.Generator().manual_seed(seed)
    inputs = torch.randn(count, 6, generator=rng, dtype=torch.float64) * SCALES
    return inputs, torch.randn(count, generator=rng, dtype=torch.float64)


def population_of(model):
    """tr(H Sigma) and G'HG of the population: x ~ N(0, H), y ~ N(0, 1), g = x (x'd - y)."""
    hessian, shift = SCALES.square(), model.shift.detach()
    grad, along = hessian * shift, (hessian * shift.square()).sum()
    # E g g' = (1 + d'Hd) H + 2 H d d' H (normal moments), so Sigma = that less G G'.
    sigma = (1 + along) * hessian + grad.square()
    return (hessian * sigma).sum().item(), (hessian * grad.square()).sum().item()


def weighted_of(count, seed, size=1.0, **settings):
    return hessian_noise_scale(
        Line(size),
        half_square,
        line_data(count, seed),
        num_eigenvectors=2,
        rng=torch.Generator().manual_seed(seed),
        **settings,
    )


class TestPopulation:
    """The noise scale of what the data was drawn from, where everything is known."""

    @pytest.mark.in_turn(of=3)
    def test_numerator_and_denominator_are_unbiased_and_the_plug_in_is_not(self):
        trace, along = population_of(Line(0.2))
        found = [weighted_of(30, seed, 0.2, num_probes=5) for seed in range(50)]
        traces = torch.tensor([f.tr_hess_cov for f in found])
        alongs = torch.tensor([f.grad_curvature for f in found])
        plug_in = alongs + traces / 30

        def z(values, truth):
            return ((values.mean() - truth) / values.std() * len(values) ** 0.5).item()

        assert abs(z(traces, trace)) < 4
        assert abs(z(alongs, along)) < 4
        assert z(plug_in, along) > 4  # g'Hg holds tr(H Sigma)/N as well

    def test_unresolved_is_nan_with_its_interval(self):
        found = weighted_of(60, 3)
        assert math.isnan(found.value)
        assert math.isinf(found.high)
        assert 0 < found.low < population_of(Line())[0] / population_of(Line())[1] * 2
        assert "measure more examples" in found.reason or "not above 0" in found.reason
        plain = weighted_of(60, 3, target="training set")  # which never exceeds a few N
        assert plain.value < 60

    def test_batches_give_what_tensors_give(self):
        model, data = Line(), line_data(300, 5)
        loader = DataLoader(TensorDataset(*data), batch_size=70)
        one, other = (
            hessian_noise_scale(
                model, half_square, given, rng=torch.Generator().manual_seed(2), num_probes=5
            )
            for given in (data, loader)
        )
        assert other.grad_curvature == pytest.approx(one.grad_curvature, rel=1e-6)
        assert other.tr_hess_cov == pytest.approx(one.tr_hess_cov, rel=1e-3)

    @pytest.mark.slow
    @pytest.mark.parametrize("count", [100, 400])
    def test_the_interval_covers_examples_and_probes(self, count):
        trace, along = population_of(Line())
        found = [weighted_of(count, 500 + seed) for seed in range(100)]
        covered = [f.low <= trace / along <= f.high for f in found]
        assert sum(covered) / 100 > 0.95 - 4 * (0.95 * 0.05 / 100) ** 0.5
        narrow = [weighted_of(count, 500 + seed, target="training set") for seed in range(40)]
        biased = [f.low <= trace / along <= f.high for f in narrow]
        assert sum(biased) / 40 < 0.7  # probes alone, around a value that knows no population


class TestRounding:
    def close_examples(self, spread, dtype=torch.float32):
        rng = torch.Generator().manual_seed(0)
        inputs = 1 + spread * torch.randn(256, 30, generator=rng, dtype=torch.float64)
        with torch.random.fork_rng():
            torch.manual_seed(0)
            model = nn.Linear(30, 1)
        data = inputs.to(dtype), torch.full((256, 1), 3.0, dtype=dtype)
        return model.to(dtype), nn.MSELoss(), data

    @pytest.mark.quick
    @pytest.mark.parametrize("target", ["population", "training set"])
    def test_a_spread_below_rounding_is_nan_with_a_reason(self, target):
        found = model_moments(*self.close_examples(1e-5), target=target)
        assert math.isnan(found.tr_cov)
        assert "rounding" in found.reason
        scale = grad_noise_scale(found)
        assert math.isnan(scale.value)
        assert scale.reason == found.reason
        exact = model_moments(*self.close_examples(1e-5, torch.float64), target=target)
        assert exact.tr_cov > 0
        assert not exact.reason

    @pytest.mark.quick
    def test_near_rounding_the_error_bar_covers_the_truth(self):
        truth = model_moments(*self.close_examples(1e-3, torch.float64)).tr_cov
        found = model_moments(*self.close_examples(1e-3))
        assert math.isnan(found.tr_cov) or abs(found.tr_cov - truth) < 3 * found.tr_cov_stderr


class TestTokens:
    """A mean over tokens with padding: examples weigh by their tokens, noise is per token."""

    def sequences(self):
        rng = torch.Generator().manual_seed(3)
        ids = torch.randint(0, 7, (24, 6), generator=rng)
        labels = torch.randint(0, 7, (24, 6), generator=rng)
        lengths = torch.randint(1, 7, (24,), generator=rng).sort(descending=True).values
        labels[torch.arange(6) >= lengths[:, None]] = -100
        with torch.random.fork_rng():
            torch.manual_seed(1)
            model = nn.Sequential(nn.Embedding(7, 5), nn.Linear(5, 7)).double()
        return model, lambda out, y: F.cross_entropy(out.transpose(1, 2), y), (ids, labels)

    @pytest.mark.quick
    @pytest.mark.parametrize("chunk_size", [None, 5, 1])
    def test_moments_are_those_of_the_ratio_of_sums(self, chunk_size):
        model, loss, (ids, labels) = self.sequences()
        params = list(model.parameters())
        counts, sums = (labels != -100).sum(1).double(), []
        for i in range(24):
            value = F.cross_entropy(
                model(ids[i : i + 1])[0], labels[i], ignore_index=-100, reduction="sum"
            )
            sums.append(torch.cat([g.flatten() for g in torch.autograd.grad(value, params)]))
        sums, total = torch.stack(sums), counts.sum()
        mean = sums.sum(0) / total
        pulls = sums - counts[:, None] * mean
        tr_cov = pulls.square().sum() / 23 * 24 / total
        found = model_moments(model, loss, (ids, labels), count="tokens", chunk_size=chunk_size)
        assert found.unit == "tokens"
        assert found.tr_cov == pytest.approx(tr_cov.item(), rel=1e-8)
        assert found.grad_sq_norm == pytest.approx(
            (mean.square().sum() - tr_cov / total).item(), rel=1e-8
        )
        assert grad_noise_scale(found).unit == "tokens"
        with pytest.raises(ValueError, match="count"):
            model_moments(model, loss, (ids, labels), chunk_size=chunk_size)

    @pytest.mark.quick
    def test_equal_lengths_give_the_examples_scale_times_their_length(self):
        model, loss, (ids, labels) = self.sequences()
        labels = labels.clamp(min=0)
        per_token = model_moments(model, loss, (ids, labels), count="tokens")
        per_example = model_moments(model, loss, (ids, labels))
        assert per_example.unit == "examples"
        ratio = per_token.grad_noise_scale / per_example.grad_noise_scale
        assert ratio == pytest.approx(6, rel=1e-9)
        assert per_token.tr_cov_stderr == pytest.approx(6 * per_example.tr_cov_stderr, rel=1e-9)
