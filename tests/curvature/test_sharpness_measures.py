"""Sharpness on quadratics with known answers, on small nets against dense oracles and scipy."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from dense_curvature import built, dense_hessian, generator, small_data, small_net, symmetric_matrix
from scipy.optimize import minimize
from torch import nn
from torch.func import functional_call

from coursekit.curvature.adaptive import adaptive_eigenvalues
from coursekit.curvature.reparametrise import dinh_rescale
from coursekit.curvature.sharpness_measures import (
    average_sharpness,
    keskar_sharpness,
    sam_sharpness,
    sharpness,
)
from coursekit.gradients.batches import BatchLoss

SPECTRUM = [8.0, 3.0, 1.0, 0.5, 0.0]
DATA = torch.ones(4, 1, dtype=torch.float64)


class Point(nn.Module):
    """A model that is nothing but its weights."""

    def __init__(self, weights):
        super().__init__()
        self.weights = nn.Parameter(torch.as_tensor(weights, dtype=torch.float64))


def quadratic(matrix):
    """L(w) = w' A w / 2, the same for every example."""
    return BatchLoss(
        lambda model, batch: (0.5 * model.weights @ matrix @ model.weights * batch).mean()
    )


def problem():
    matrix = symmetric_matrix(SPECTRUM)
    return matrix, Point([0.3, -0.2, 0.5, 0.1, -0.4]), quadratic(matrix)


@pytest.mark.quick
def test_sharpness_of_a_quadratic_against_its_threshold():
    _, model, loss = problem()
    found = sharpness(model, loss, DATA, lr=0.2)
    assert found.value == pytest.approx(8.0, rel=1e-6)
    assert found.threshold == pytest.approx(10.0)
    assert found.ratio == pytest.approx(0.8)
    assert found.residual <= 1e-3 * 8
    assert found.converged
    assert found.num_hvps <= 5
    momentum = sharpness(model, loss, DATA, lr=0.2, momentum=0.9)
    assert momentum.threshold == pytest.approx(19.0)
    assert math.isnan(sharpness(model, loss, DATA).ratio)


@pytest.mark.quick
@pytest.mark.parametrize(("lr", "diverges"), [(0.24, False), (0.26, True)])
def test_the_threshold_is_where_gradient_descent_diverges(lr, diverges):
    matrix, model, loss = problem()
    assert (sharpness(model, loss, DATA, lr=lr).ratio > 1) is diverges
    weights = model.weights.detach().clone()
    for _ in range(300):
        weights -= lr * matrix @ weights
    assert (weights.norm().item() > 10) is diverges


def test_sharpness_of_a_net_and_its_warm_start():
    model, data = small_net(), small_data()
    expected = torch.linalg.eigvalsh(dense_hessian(model, F.cross_entropy, *data)).max().item()
    found = sharpness(model, F.cross_entropy, data)
    assert found.value == pytest.approx(expected, rel=1e-5)
    again = sharpness(model, F.cross_entropy, data, start=found.vectors)
    assert again.value == pytest.approx(expected, rel=1e-5)
    assert again.num_hvps < found.num_hvps


@pytest.mark.quick
def test_adaptive_eigenvalues_are_those_of_the_scaled_matrix():
    matrix, model, loss = problem()
    scale = model.weights.detach().abs()
    expected = torch.linalg.eigvalsh(scale[:, None] * matrix * scale).flip(0)[:2]
    found = adaptive_eigenvalues(model, loss, DATA, 2)
    torch.testing.assert_close(found.values, expected, rtol=1e-6, atol=0)


@pytest.mark.quick
def test_one_step_of_sam_on_a_quadratic():
    matrix, model, loss = problem()
    weights = model.weights.detach()
    slope = matrix @ weights
    for adaptive, scale in ((False, torch.ones(5).double()), (True, weights.abs())):
        for norm in ("l2", "linf"):
            pulled = scale * slope
            unit = pulled.sign() if norm == "linf" else pulled / pulled.norm()
            step = 0.1 * scale * unit
            expected = (slope @ step + 0.5 * step @ matrix @ step).item()
            found = sam_sharpness(model, loss, DATA, rho=0.1, adaptive=adaptive, norm=norm)
            assert found.value == pytest.approx(expected, rel=1e-10)
            assert found.loss == pytest.approx(0.5 * (weights @ slope).item())
            assert found.cost == pytest.approx(4 / 3)
            assert (found.radius, found.stderr) == (0.1, 0.0)


@pytest.mark.quick
def test_many_steps_of_sam_find_the_top_eigenvector():
    """At the minimum, max over the ball of z' A z / 2 = rho^2 lambda_max / 2."""
    _, model, loss = problem()
    with torch.no_grad():
        model.weights.mul_(1e-6)
    found = sam_sharpness(model, loss, DATA, rho=0.1, num_steps=30)
    assert found.value == pytest.approx(0.1**2 * 8 / 2, rel=1e-4)
    one = sam_sharpness(model, loss, DATA, rho=0.1)
    assert one.value < found.value


@pytest.mark.quick
def test_where_no_direction_is_up_there_is_no_number():
    _, model, loss = problem()
    with torch.no_grad():
        model.weights.zero_()
    assert math.isnan(sam_sharpness(model, loss, DATA).value)
    assert sam_sharpness(model, loss, DATA, norm="linf").value == 0


@pytest.mark.quick
def test_keskar_in_one_dimension_and_in_a_box():
    """A separable quadratic takes its maximum at the outer corner of the box."""
    values = torch.tensor([2.0, 1.0, 0.5]).double()
    model, loss = Point([1.0, -2.0, 0.5]), quadratic(torch.diag(values))
    weights = model.weights.detach()
    corner = weights + 0.01 * (weights.abs() + 1) * weights.sign()
    before, after = (0.5 * (values * w**2).sum().item() for w in (weights, corner))
    found = keskar_sharpness(model, loss, DATA, epsilon=0.01)
    assert found.value == pytest.approx(100 * (after - before) / (1 + before), rel=1e-10)
    assert found.radius == 0.01
    assert found.cost == pytest.approx(20 + 1 / 3)


@pytest.mark.parametrize(("epsilon", "share"), [(1e-3, 0.999), (1e-2, 0.99), (0.1, 0.95)])
def test_keskar_finds_what_lbfgs_finds(epsilon, share):
    model, data = small_net(), small_data()
    params = dict(model.named_parameters())
    centre = torch.cat([p.detach().reshape(-1) for p in params.values()])
    box = (epsilon * (centre.abs() + 1)).numpy()

    def negative_loss(shift):
        flat = (centre + torch.from_numpy(shift)).requires_grad_()
        pieces = flat.split([p.numel() for p in params.values()])
        weights = {n: v.view_as(p) for (n, p), v in zip(params.items(), pieces, strict=True)}
        loss = F.cross_entropy(functional_call(model, weights, (data[0],)), data[1])
        (gradient,) = torch.autograd.grad(loss, flat)
        return -loss.item(), -gradient.numpy()

    start = negative_loss(np.zeros(51))[0]
    best = minimize(
        negative_loss,
        np.zeros(51),
        jac=True,
        method="L-BFGS-B",
        bounds=np.stack([-box, box], axis=1),
    )
    theirs = 100 * (start - best.fun) / (1 - start)
    ours = keskar_sharpness(model, F.cross_entropy, data, epsilon=epsilon).value
    assert share * theirs <= ours <= 1.2 * theirs


def test_average_sharpness_of_a_quadratic_is_half_its_trace():
    matrix, model, loss = problem()
    weights = model.weights.detach()
    for adaptive, trace in (
        (False, torch.trace(matrix).item()),
        (True, (weights**2 * torch.diag(matrix)).sum().item()),
    ):
        found = average_sharpness(
            model, loss, DATA, sigma=0.1, num_draws=400, adaptive=adaptive, rng=generator(1)
        )
        truth = 0.1**2 * trace / 2
        assert abs(found.value - truth) < 4 * found.stderr
        assert found.stderr < 0.1 * truth
        assert abs(found.value - 2 * truth) > 8 * found.stderr  # power: without the half


def test_pairs_cancel_the_gradient():
    """Without pairs the spread would hold sigma |g|, far above sigma^2 H."""
    _, model, loss = problem()
    found = average_sharpness(model, loss, DATA, sigma=1e-4, num_draws=20)
    assert found.stderr < found.value


@pytest.mark.parametrize("sigma", [1e-2, 1e-3, 1e-4, 1e-5])
def test_average_sharpness_says_what_rounding_hides(sigma):
    """All pairs share the rounding of one loss: in float32 it gave -2.1e-8 +- 1e-8 for 2.2e-8."""
    worst = 0.0
    for seed in range(8):
        model = small_net(nn.Tanh, seed)
        data = small_data(50)
        exact = average_sharpness(model, F.cross_entropy, data, sigma=sigma, num_draws=8)
        rounded = average_sharpness(
            model.float(), F.cross_entropy, (data[0].float(), data[1]), sigma=sigma, num_draws=8
        )
        error = math.hypot(exact.stderr, rounded.stderr)
        worst = max(worst, abs(rounded.value - exact.value) / error)
    assert worst < 4
    assert (rounded.stderr < 0.5 * rounded.value) == (sigma >= 1e-3)


@pytest.mark.quick
def test_only_the_adaptive_measures_see_through_a_rescaling():
    model, data = small_net(nn.ReLU), small_data()
    twin = dinh_rescale(model, 8.0, layer="0", next_layer="2", inputs=data[0])
    settings = {"loss_fn": F.cross_entropy, "data": data}
    for adaptive in (True, False):
        for measure in (
            lambda m, adaptive=adaptive: sam_sharpness(m, **settings, adaptive=adaptive).value,
            lambda m, adaptive=adaptive: (
                sam_sharpness(m, **settings, adaptive=adaptive, norm="linf", num_steps=3).value
            ),
            lambda m, adaptive=adaptive: (
                average_sharpness(m, **settings, adaptive=adaptive, rng=generator(2)).value
            ),
        ):
            same = measure(twin) == pytest.approx(measure(model), rel=1e-9)
            assert same is adaptive
    before, after = (sharpness(m, **settings).value for m in (model, twin))
    assert after > 5 * before
    before, after = (adaptive_eigenvalues(m, **settings).value for m in (model, twin))
    assert after == pytest.approx(before, rel=1e-6)
    before, after = (keskar_sharpness(m, **settings).value for m in (model, twin))
    assert abs(after / before - 1) > 0.1


MEASURES = {
    "sharpness": sharpness,
    "adaptive": adaptive_eigenvalues,
    "keskar": keskar_sharpness,
    "sam": sam_sharpness,
    "average": average_sharpness,
}


@pytest.mark.parametrize("interrupt_after", [None, 6, 9])
@pytest.mark.parametrize("name", MEASURES)
def test_weights_modes_and_random_state_come_back(name, interrupt_after):
    layers = (nn.Linear, 4, 6), (nn.BatchNorm1d, 6), (nn.ReLU,), (nn.Dropout,), (nn.Linear, 6, 3)
    model = built(lambda: nn.Sequential(*[make(*sizes) for make, *sizes in layers])).eval()
    before = {k: v.clone() for k, v in model.state_dict().items()}
    state, calls = torch.get_rng_state(), []

    def loss(output, target):
        calls.append(True)
        if interrupt_after and len(calls) > interrupt_after:
            raise KeyboardInterrupt
        return F.cross_entropy(output, target)

    def measure():
        # Single examples as chunks: the loss is called at many shifted weights.
        MEASURES[name](model, loss, small_data(), chunk_size=1)

    if interrupt_after:
        with pytest.raises(KeyboardInterrupt):
            measure()
    else:
        measure()
        assert len(calls) > 9
    assert all(torch.equal(v, before[k]) for k, v in model.state_dict().items())
    assert not any(module.training for module in model.modules())
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert torch.equal(state, torch.get_rng_state())


@pytest.mark.quick
@pytest.mark.parametrize("name", MEASURES)
def test_batch_statistics_dropout_and_sums_are_refused(name):
    data = small_data()
    for extra, word in ((nn.BatchNorm1d(3).double(), "BatchNorm"), (nn.Dropout(), "Dropout")):
        with pytest.raises(ValueError, match=word):
            MEASURES[name](small_net().append(extra).train(), F.cross_entropy, data)
    with pytest.raises(ValueError, match="sums over examples"):
        MEASURES[name](small_net(), lambda o, t: F.cross_entropy(o, t, reduction="sum"), data)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("measure", "settings", "message"),
    [
        (sharpness, {"lr": 0.0}, "lr must be > 0"),
        (keskar_sharpness, {"epsilon": -1e-3}, "epsilon must be > 0"),
        (keskar_sharpness, {"num_steps": 0}, "at least 1 step"),
        (sam_sharpness, {"rho": 0.0}, "rho must be > 0"),
        (sam_sharpness, {"norm": "l1"}, "norm must be 'l2' or 'linf', got 'l1'"),
        (average_sharpness, {"sigma": math.nan}, "sigma must be > 0"),
        (average_sharpness, {"num_draws": 1}, "num_draws must be >= 2"),
    ],
)
def test_mistakes_are_named(measure, settings, message):
    with pytest.raises(ValueError, match=message):
        measure(small_net(), F.cross_entropy, small_data(), **settings)
