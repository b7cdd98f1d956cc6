"""Gauss-Newton traces against dense ones; probes per example: unbiased, with a fair stderr."""

import pytest
import torch
import torch.nn.functional as F
from dense_curvature import (
    built,
    dense_ggn,
    dense_hessian,
    generator,
    small_data,
    small_net,
    squared_loss,
    z_score,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from coursekit.curvature._layer_trace import ggn_trace, per_example_trace
from coursekit.gradients.batches import BatchLoss

NUM_TRIALS = 150


def token_net():
    return nn.Sequential(nn.Embedding(5, 3), nn.LayerNorm(3), nn.Flatten(), nn.Linear(12, 3))


def conv_net(activation=nn.ReLU):
    return nn.Sequential(
        nn.Conv2d(1, 2, 3, padding=1),
        nn.BatchNorm2d(2),
        activation(inplace=True) if activation is nn.ReLU else activation(),
        nn.MaxPool2d(2),
        nn.Conv2d(2, 2, 2, groups=2),
        nn.GroupNorm(1, 2),
        nn.Flatten(),
        nn.Linear(2, 3),
    ).eval()


def sequence_net():
    return nn.Sequential(
        nn.Conv1d(2, 3, 2, bias=False),
        nn.Flatten(2),
        nn.Linear(3, 4),
        nn.Tanh(),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(3, 3),
    )


def images(count=7):
    rng = generator(2)
    targets = torch.randint(0, 3, (count,), generator=rng)
    return torch.randn(count, 1, 4, 4, generator=rng, dtype=torch.float64), targets


def tokens(count=7):
    rng = generator(2)
    return torch.randint(0, 5, (count, 4), generator=rng), torch.randint(
        0, 3, (count,), generator=rng
    )


def sequences(count=7):
    rng = generator(2)
    inputs = torch.randn(count, 2, 4, generator=rng, dtype=torch.float64)
    return inputs, torch.randint(0, 3, (count,), generator=rng)


class SelfBilinear(nn.Bilinear):
    def __init__(self):
        super().__init__(4, 4, 3)

    def forward(self, x):
        return super().forward(x, x)


CASES = {
    "relu": (lambda: small_net(nn.ReLU), small_data),
    "tanh": (small_net, small_data),
    "convolutions": (lambda: built(conv_net), images),
    "smooth convolutions": (lambda: built(lambda: conv_net(nn.Tanh)), images),
    "tokens": (lambda: built(token_net), tokens),
    "sequences": (lambda: built(sequence_net), sequences),
}


@pytest.mark.parametrize("chunk_size", [None, 3])
@pytest.mark.parametrize("loss_fn", [F.cross_entropy, squared_loss])
@pytest.mark.parametrize("name", CASES)
def test_ggn_trace_is_exact(name, loss_fn, chunk_size):
    make, data = CASES[name]
    model = make()
    found = ggn_trace(model, loss_fn, data(), chunk_size=chunk_size)
    expected = torch.trace(dense_ggn(model, loss_fn, *data())).item()
    assert found.value == pytest.approx(expected, rel=1e-10)
    assert (found.stderr, found.num_probes, found.method) == (0.0, 0, "exact")
    assert found.cost == pytest.approx(1 if loss_fn is F.cross_entropy else 4 / 3)


@pytest.mark.quick
def test_for_relu_it_is_the_trace_of_the_hessian_and_for_tanh_it_is_not():
    data = small_data()
    for activation, equal in ((nn.ReLU, True), (nn.Tanh, False)):
        model = small_net(activation)
        hessian = torch.trace(dense_hessian(model, F.cross_entropy, *data)).item()
        assert (ggn_trace(model, F.cross_entropy, data).value == pytest.approx(hessian)) is equal


@settings(max_examples=15, deadline=None)
@given(count=st.integers(1, 9), width=st.integers(1, 4), outputs=st.integers(1, 4))
def test_any_shape(count, width, outputs):
    model = built(lambda: nn.Sequential(nn.Linear(width, 3), nn.ReLU(), nn.Linear(3, outputs)))
    inputs = torch.randn(count, width, generator=generator(count), dtype=torch.float64)
    targets = torch.randint(0, outputs, (count,), generator=generator(1))
    found = ggn_trace(model, squared_loss, (inputs, targets))
    expected = torch.trace(dense_hessian(model, squared_loss, inputs, targets)).item()
    assert found.value == pytest.approx(expected, rel=1e-10)


def test_unequal_batches_frozen_layers_and_float32():
    inputs, targets = small_data()
    model = small_net(nn.ReLU)
    model[0].weight.requires_grad_(False)
    model[2].bias.requires_grad_(False)
    expected = torch.trace(dense_hessian(model, F.cross_entropy, inputs, targets)).item()
    loader = DataLoader(TensorDataset(inputs, targets), batch_size=10)
    found = ggn_trace(model, F.cross_entropy, loader)
    assert found.value == pytest.approx(expected, rel=1e-10)
    probed = per_example_trace(model, F.cross_entropy, loader, num_probes=200)
    assert abs(probed.value - expected) < 4 * probed.stderr
    found = ggn_trace(model.float(), F.cross_entropy, (inputs.float(), targets))
    assert found.value == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", [name for name in CASES if name != "relu"])
def test_probes_per_example_are_unbiased(name):
    make, data = CASES[name]
    model = make()
    found = per_example_trace(model, F.cross_entropy, data(), num_probes=400)
    truth = torch.trace(dense_hessian(model, F.cross_entropy, *data())).item()
    assert abs(found.value - truth) < 4 * found.stderr
    assert found.stderr < 0.2 * abs(truth)
    assert found.num_probes == 400
    if name == "tanh":  # power: the Gauss-Newton trace is rejected
        ggn = ggn_trace(model, F.cross_entropy, data()).value
        assert abs(found.value - ggn) > 8 * found.stderr


@pytest.fixture(scope="module")
def estimates():
    """Repeated estimates with two probes per example, and the truth."""
    model, data = small_net(), small_data()
    truth = torch.trace(dense_hessian(model, F.cross_entropy, *data)).item()
    found = [
        per_example_trace(model, F.cross_entropy, data, num_probes=2, rng=generator(i))
        for i in range(NUM_TRIALS)
    ]
    return found, truth


def test_repeated_estimates_scatter_around_the_truth_as_they_state(estimates):
    found, truth = estimates
    values = torch.tensor([e.value for e in found], dtype=torch.float64)
    stated = torch.tensor([e.stderr**2 for e in found], dtype=torch.float64)
    assert abs(z_score(values, truth)) < 4
    assert abs(z_score((values - truth).square() - stated, 0.0)) < 4
    assert z_score((values - truth).square() - stated / 3, 0.0) > 4  # power
    assert abs(z_score(values, 0.9 * truth)) > 4


def test_one_probe_overstates_its_error_rather_than_hiding_it():
    model, data = small_net(), small_data(60)
    truth = torch.trace(dense_hessian(model, F.cross_entropy, *data)).item()
    found = [
        per_example_trace(model, F.cross_entropy, data, num_probes=1, rng=generator(i))
        for i in range(100)
    ]
    errors = torch.tensor([(e.value - truth) ** 2 for e in found]).mean()
    stated = torch.tensor([e.stderr**2 for e in found]).mean()
    assert 0.7 * errors < stated < 6 * errors


def test_the_error_falls_with_the_number_of_examples():
    errors = []
    for count in (20, 320):
        model, data = small_net(), small_data(count)
        found = per_example_trace(model, F.cross_entropy, data, num_probes=40)
        errors.append(found.stderr / found.value)
    assert errors[1] < errors[0] / 2.5  # 4 = sqrt(16) but for the examples' luck


@pytest.mark.quick
def test_the_number_of_probes_follows_the_wanted_error():
    model, data = small_net(), small_data(60)
    assert per_example_trace(model, F.cross_entropy, data, rel_stderr=2.0).num_probes == 1
    fine = per_example_trace(model, F.cross_entropy, data, rel_stderr=0.02, max_probes=2000)
    assert fine.num_probes > 10
    assert fine.stderr < 0.03 * fine.value
    assert fine.method == "per_example"
    capped = per_example_trace(model, F.cross_entropy, data, rel_stderr=1e-6, max_probes=5)
    assert capped.num_probes == 5
    single = per_example_trace(model, F.cross_entropy, small_data(1))
    assert single.num_probes > 1  # one probe of one example shows no spread
    assert single.stderr > 0


def test_a_rough_answer_looks_at_some_examples_only():
    model, data = small_net(), small_data(3000)
    truth = torch.trace(dense_hessian(model, F.cross_entropy, *data)).item()
    found = [
        per_example_trace(model, F.cross_entropy, data, rel_stderr=0.06, rng=generator(i))
        for i in range(60)
    ]
    assert all(512 <= e.num_examples < 3000 for e in found)
    assert all(e.cost < 1.9 for e in found)
    values = torch.tensor([e.value for e in found], dtype=torch.float64)
    assert abs(z_score(values, truth)) < 4
    stated = torch.tensor([e.stderr**2 for e in found], dtype=torch.float64)
    assert all(e.stderr <= 0.065 * e.value for e in found)
    squares = (values - truth).square()
    assert abs(z_score(squares - stated, 0.0)) < 4
    assert z_score(squares - stated / 3, 0.0) > 3  # power
    fine = per_example_trace(model, F.cross_entropy, data, rel_stderr=0.005)
    assert fine.num_examples is None
    assert fine.num_probes > 1
    whole = per_example_trace(model, F.cross_entropy, [data], rel_stderr=0.06)
    assert (whole.num_examples, whole.num_probes) == (None, 1)


def test_a_batch_loss_will_do_for_probes():
    model, (inputs, targets) = small_net(), small_data()
    loss = BatchLoss(lambda m, batch: F.cross_entropy(m(batch["x"]), batch["y"]))
    found = per_example_trace(model, loss, {"x": inputs, "y": targets}, num_probes=3)
    pair = per_example_trace(model, F.cross_entropy, (inputs, targets), num_probes=3)
    assert found.value == pair.value
    with pytest.raises(ValueError, match="BatchLoss hides the output"):
        ggn_trace(model, loss, {"x": inputs, "y": targets})


@pytest.mark.quick
def test_a_linear_loss_has_trace_zero():
    model = built(lambda: nn.Linear(4, 1))
    inputs, _ = small_data()
    data = inputs, torch.ones(11, 1, dtype=torch.float64)

    def linear(output, target):
        return (output * target).mean()

    assert ggn_trace(model, linear, data).value == 0
    found = per_example_trace(model, linear, data)
    assert (found.value, found.stderr) == (0.0, 0.0)


@pytest.mark.quick
@pytest.mark.parametrize("trace", [ggn_trace, per_example_trace])
def test_mistakes_are_named(trace):
    data = small_data()
    with pytest.raises(ValueError, match="Dropout"):
        trace(small_net().append(nn.Dropout()).train(), F.cross_entropy, data)
    with pytest.raises(ValueError, match="sums over examples"):
        trace(small_net(), lambda o, t: F.cross_entropy(o, t, reduction="sum"), data)
    with pytest.raises(ValueError, match="Bilinear"):
        trace(SelfBilinear().double(), F.cross_entropy, data)


@pytest.mark.quick
def test_impossible_settings_are_named():
    with pytest.raises(ValueError, match="num_probes must be >= 1"):
        per_example_trace(small_net(), F.cross_entropy, small_data(), num_probes=0)
    with pytest.raises(ValueError, match="rel_stderr"):
        per_example_trace(small_net(), F.cross_entropy, small_data(), rel_stderr=-1)
