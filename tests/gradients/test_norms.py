"""Ghost norms against per-example gradients, layer by layer, and against BackPACK."""

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from coursekit.gradients._pieces import outer_products
from coursekit.gradients.batches import BatchLoss
from coursekit.gradients.minibatch import (
    gradient_covariance_trace,
    minibatch_gradient,
    per_example_gradients,
)
from coursekit.gradients.norms import covariance_trace, per_example_dots, per_example_norms

SQUARE = BatchLoss(lambda model, batch: model(batch).flatten(1).square().sum(1).mean())


def rows_by_loop(model, loss, batch):
    """One backward pass per example, with no torch.func and no hooks."""
    params = [p for p in model.parameters() if p.requires_grad]
    rows = []
    for i in range(len(batch)):
        grads = torch.autograd.grad(loss(model, batch[i : i + 1]), params, allow_unused=True)
        parts = [
            torch.zeros_like(p) if g is None else g for p, g in zip(params, grads, strict=True)
        ]
        rows.append(torch.cat([g.flatten() for g in parts]))
    return torch.stack(rows)


def assert_agrees(model, batch, *, loss=SQUARE, chunk_size=None, rtol=1e-9):
    """Check norms, mean gradient, dots and trace against a loop."""
    rows = rows_by_loop(model, loss, batch)
    found = per_example_norms(model, loss, batch, chunk_size=chunk_size)
    torch.testing.assert_close(found.sq_norms, rows.double().square().sum(1), rtol=rtol, atol=rtol)
    torch.testing.assert_close(found.mean_grad, rows.mean(0), rtol=rtol, atol=rtol)
    direction = torch.randn(rows.shape[1], generator=torch.Generator().manual_seed(8)).to(rows)
    dots = per_example_dots(model, loss, batch, direction, chunk_size=chunk_size)
    torch.testing.assert_close(dots, (rows @ direction).double(), rtol=rtol, atol=rtol)
    if len(batch) > 1:
        trace = covariance_trace(model, loss, batch, chunk_size=chunk_size).value
        assert trace == pytest.approx(gradient_covariance_trace(rows), rel=10 * rtol, abs=rtol)
    return found


def seeded(make, dtype=torch.float64):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = make().to(dtype)
        for param in model.parameters():  # no zeros or ones that would hide an error
            nn.init.normal_(param, std=0.5)
        return model


def images(*shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


class Take(nn.Module):
    """Apply a function: reshape between layers without parameters."""

    def __init__(self, fn):
        super().__init__()
        self.fn = fn

    def forward(self, x):
        return self.fn(x)


LAYERS = {
    "linear": (lambda: nn.Linear(4, 3), (5, 4)),
    "linear without bias": (lambda: nn.Linear(4, 3, bias=False), (5, 4)),
    "linear on few positions": (lambda: nn.Linear(40, 30), (5, 3, 40)),
    "linear on many positions": (lambda: nn.Linear(3, 2), (5, 17, 3)),
    "linear on a grid of positions": (lambda: nn.Linear(3, 2), (5, 4, 2, 3)),
    "conv1d": (lambda: nn.Conv1d(2, 3, 3), (5, 2, 9)),
    "conv1d strided": (lambda: nn.Conv1d(4, 6, 3, stride=2, padding=1, groups=2), (5, 4, 9)),
    "conv2d": (lambda: nn.Conv2d(2, 3, 3, padding=1), (5, 2, 6, 5)),
    "conv2d odd": (
        lambda: nn.Conv2d(2, 4, (3, 2), stride=(2, 1), padding=(1, 0), dilation=(1, 2)),
        (5, 2, 7, 6),
    ),
    "conv2d same": (lambda: nn.Conv2d(2, 3, (2, 3), padding="same", dilation=2), (5, 2, 6, 6)),
    "conv2d circular": (
        lambda: nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular"),
        (5, 2, 6, 6),
    ),
    "conv2d reflect": (lambda: nn.Conv2d(2, 3, 3, padding=2, padding_mode="reflect"), (5, 2, 6, 6)),
    "conv2d depthwise": (lambda: nn.Conv2d(4, 8, 3, groups=4, bias=False), (5, 4, 6, 6)),
    "conv2d pointwise": (lambda: nn.Conv2d(4, 3, 1), (5, 4, 6, 6)),
    "layer norm": (lambda: nn.LayerNorm(4), (5, 4)),
    "layer norm on sequences": (lambda: nn.LayerNorm(4), (5, 3, 4)),
    "layer norm on two axes": (lambda: nn.LayerNorm((3, 4), bias=False), (5, 2, 3, 4)),
    "group norm": (lambda: nn.GroupNorm(2, 4), (5, 4, 3, 3)),
    "group norm on vectors": (lambda: nn.GroupNorm(2, 4), (5, 4)),
    "batch norm, eval": (lambda: nn.BatchNorm2d(4).eval(), (5, 4, 3, 3)),
    "conv3d falls back": (lambda: nn.Conv3d(2, 3, 2), (5, 2, 3, 3, 3)),
    "transposed conv falls back": (lambda: nn.ConvTranspose2d(2, 3, 2), (5, 2, 3, 3)),
    "prelu": (lambda: nn.Sequential(nn.Linear(4, 3), nn.PReLU(3)), (5, 4)),
    "rms norm": (lambda: nn.Sequential(nn.Linear(4, 3), nn.RMSNorm(3)), (5, 4)),
    "lstm falls back": (
        lambda: nn.Sequential(nn.LSTM(3, 4, batch_first=True), Take(lambda out: out[0])),
        (5, 6, 3),
    ),
    "weight norm falls back": (
        lambda: nn.utils.parametrizations.weight_norm(nn.Linear(4, 3)),
        (5, 4),
    ),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("chunk_size", [None, 2])
def test_every_layer(name, chunk_size):
    make, shape = LAYERS[name]
    found = assert_agrees(seeded(make), images(*shape), chunk_size=chunk_size)
    assert bool(found.fallbacks) == name.endswith("falls back")
    assert found.cost == (2.0 if found.fallbacks else 1.0)


@pytest.mark.parametrize("name", ["linear", "conv2d", "linear on few positions", "group norm"])
@pytest.mark.parametrize("own", ["weight", "bias"])
def test_frozen_parameters_are_left_out(name, own):
    make, shape = LAYERS[name]
    model = seeded(make)
    getattr(model, own).requires_grad_(False)
    assert_agrees(model, images(*shape))


@pytest.mark.parametrize("padding_idx", [None, 2])
@pytest.mark.parametrize("length", [1, 7])
def test_embedding_adds_up_repeated_indices(padding_idx, length):
    def make():
        return nn.Sequential(
            nn.Embedding(5, 3, padding_idx=padding_idx), nn.Flatten(), nn.Linear(3 * length, 2)
        )

    tokens = torch.randint(0, 5, (6, length), generator=torch.Generator().manual_seed(2))
    assert_agrees(seeded(make), tokens, chunk_size=4)


def convnet():
    return nn.Sequential(
        *(nn.Conv2d(1, 4, 3), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
        *(nn.Conv2d(4, 6, 3), nn.GroupNorm(2, 6), nn.ReLU(inplace=True)),
        *(nn.Flatten(), nn.Linear(54, 5)),
    )


class TinyTransformer(nn.Module):
    """Class token, learned positions without a batch dimension, torch's own encoder layer."""

    def __init__(self, batch_first=True):
        super().__init__()
        self.batch_first = batch_first
        self.tokens = nn.Embedding(11, 8)
        self.positions = nn.Embedding(6, 8)
        self.class_token = nn.Parameter(torch.zeros(1, 1, 8))
        self.block = nn.TransformerEncoderLayer(8, 2, 12, 0.0, batch_first=batch_first)
        self.head = nn.Linear(8, 3)

    def forward(self, ids):
        hidden = self.tokens(ids) + self.positions(torch.arange(ids.shape[1]))
        hidden = torch.cat([self.class_token.expand(len(ids), 1, 8), hidden], dim=1)
        if not self.batch_first:
            return self.head(self.block(hidden.transpose(0, 1)).transpose(0, 1)[:, 0])
        return self.head(self.block(hidden)[:, 0])


@pytest.mark.parametrize("chunk_size", [None, 3])
def test_convnet_with_inplace_activations(chunk_size):
    assert_agrees(seeded(convnet), images(8, 1, 12, 12), chunk_size=chunk_size)


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("count", [1, 6, 7])  # 6 examples of 6 positions: shapes alone mislead
def test_transformer_falls_back_where_it_must(batch_first, count):
    model = seeded(lambda: TinyTransformer(batch_first))
    ids = torch.randint(0, 11, (count, 6), generator=torch.Generator().manual_seed(3))
    found = assert_agrees(model, ids, rtol=1e-8)
    attention = [f"block.self_attn.{own}" for own in ("in_proj_weight", "in_proj_bias")]
    attention += [f"block.self_attn.out_proj.{own}" for own in ("weight", "bias")]
    if count > 1:  # positions are spread over the batch; one example needs no layers
        assert set(found.fallbacks) == {"class_token", *attention}


def test_general_loss_with_several_inputs():
    """A loss that calls parts of the model itself, on a dict of tensors."""

    class TwoTowers(nn.Module):
        def __init__(self):
            super().__init__()
            self.left, self.right = nn.Linear(3, 4), nn.Linear(2, 4)
            self.scale = nn.Parameter(torch.ones(4))

    model = seeded(TwoTowers)
    loss = BatchLoss(
        lambda m, b: F.mse_loss((m.left(b["x"]) * m.right(b["z"]) * m.scale).sum(1), b["y"])
    )
    batch = {"x": images(6, 3), "z": images(6, 2), "y": images(6)}
    found = per_example_norms(model, loss, batch)
    rows = per_example_gradients(model, loss, batch)
    torch.testing.assert_close(found.sq_norms, rows.square().sum(1))
    torch.testing.assert_close(found.mean_grad, rows.mean(0))
    dots = per_example_dots(model, loss, batch, found.mean_grad)
    torch.testing.assert_close(dots, rows @ found.mean_grad)


@settings(max_examples=30, deadline=None)
@given(
    count=st.integers(1, 6),
    positions=st.integers(1, 9),
    num_in=st.integers(1, 7),
    num_out=st.integers(1, 7),
)
def test_outer_products_of_any_size(count, positions, num_in, num_out):
    inputs, grads = images(count, positions, num_in), images(count, positions, num_out) + 1
    matrices = torch.einsum("nti,nto->noi", inputs, grads)
    sq_norms, total = outer_products(inputs, grads)
    torch.testing.assert_close(sq_norms, matrices.square().sum((1, 2)))
    torch.testing.assert_close(total, matrices.sum(0))


def classifier_data(count=40):
    rng = torch.Generator().manual_seed(4)
    inputs = torch.randn(count, 4, generator=rng, dtype=torch.float64)
    return inputs, torch.randint(0, 3, (count,), generator=rng).sort().values


def classifier():
    return seeded(lambda: nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)))


@pytest.mark.quick
def test_loader_with_an_unequal_last_batch_equals_tensors():
    model, data = classifier(), classifier_data()
    loader = DataLoader(TensorDataset(*data), batch_size=17)
    whole = per_example_norms(model, F.cross_entropy, data)
    parts = per_example_norms(model, F.cross_entropy, loader)
    torch.testing.assert_close(parts.sq_norms, whole.sq_norms)
    torch.testing.assert_close(parts.mean_grad, whole.mean_grad)
    one, other = (covariance_trace(model, F.cross_entropy, d).value for d in (data, loader))
    assert one == pytest.approx(other, rel=1e-10)


@pytest.mark.quick
@pytest.mark.parametrize("ddof", [0, 1])
def test_trace_and_its_standard_error(ddof):
    model, data = classifier(), classifier_data()
    rows = per_example_gradients(model, F.cross_entropy, *data)
    found = covariance_trace(model, F.cross_entropy, data, ddof=ddof, with_stderr=True)
    assert found.value == pytest.approx(gradient_covariance_trace(rows, ddof=ddof), rel=1e-9)
    deviations = (rows - rows.mean(0)).square().sum(1)
    assert found.stderr == pytest.approx((deviations.std() / 40**0.5).item(), rel=1e-9)
    assert found.grad_sq_norm == pytest.approx(rows.mean(0).square().sum().item())
    assert found.cost == pytest.approx(4 / 3)  # what the layers gave was kept
    assert found.num_examples == 40
    quick = covariance_trace(model, F.cross_entropy, data, ddof=ddof)
    assert quick.cost == 1.0
    assert math.isnan(quick.stderr)


def test_standard_error_covers_the_population():
    """The estimate's spread over fresh data sets is what each one's stderr says, on average."""
    model = classifier()
    rng = torch.Generator().manual_seed(6)
    found = []
    for _ in range(200):
        inputs = torch.randn(64, 4, generator=rng, dtype=torch.float64)
        targets = torch.randint(0, 3, (64,), generator=rng)
        found.append(covariance_trace(model, F.cross_entropy, (inputs, targets), with_stderr=True))
    spread = torch.tensor([f.value for f in found]).std().item()
    claimed = torch.tensor([f.stderr for f in found]).mean().item()
    assert 0.8 < spread / claimed < 1.25  # 200 trials give the spread to 5 %


# BackPACK's own full backward hook meets an input that needs no gradient.
@pytest.mark.filterwarnings("ignore:Full backward hook is firing:UserWarning")
def test_trace_equals_backpack():
    from backpack import backpack, extend
    from backpack.extensions import BatchL2Grad

    inputs, targets = classifier_data()
    model = seeded(
        lambda: nn.Sequential(nn.Conv1d(1, 3, 2), nn.Sigmoid(), nn.Flatten(), nn.Linear(9, 3))
    )
    ours = covariance_trace(model, F.cross_entropy, (inputs.unsqueeze(1), targets))
    extend(model)
    loss = extend(nn.CrossEntropyLoss())(model(inputs.unsqueeze(1)), targets)
    with backpack(BatchL2Grad()):
        loss.backward()
    squares = 40**2 * sum(p.batch_l2.sum().item() for p in model.parameters())
    grad_sq_norm = sum(p.grad.square().sum().item() for p in model.parameters())
    assert ours.value == pytest.approx((squares - 40 * grad_sq_norm) / 39, rel=1e-9)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_float32_keeps_seven_digits(dtype):
    model, (inputs, targets) = classifier(), classifier_data()
    exact = covariance_trace(model, F.cross_entropy, (inputs, targets)).value
    found = covariance_trace(model.to(dtype), F.cross_entropy, (inputs.to(dtype), targets)).value
    assert found == pytest.approx(exact, rel=3e-6 if dtype == torch.float32 else 1e-12)


@pytest.mark.quick
def test_trace_below_rounding_is_nan_with_a_reason():
    model, (inputs, targets) = classifier(), classifier_data()
    same = (inputs[:1].repeat(30, 1), targets[:1].repeat(30))
    found = covariance_trace(model, F.cross_entropy, same, with_stderr=True)
    assert math.isnan(found.value)
    assert math.isnan(found.stderr)
    assert "rounding" in found.reason


@pytest.mark.quick
def test_the_model_is_left_alone():
    model, data = classifier(), classifier_data()
    model[0].weight.grad = torch.full((6, 4), 7.0, dtype=torch.float64)
    before = {name: t.clone() for name, t in model.state_dict().items()}
    with torch.no_grad():
        covariance_trace(model, F.cross_entropy, data, with_stderr=True)
    with pytest.raises(ValueError, match="boom"):
        covariance_trace(nn.Sequential(model, Take(boom)), F.cross_entropy, data)
    assert all(torch.equal(before[name], t) for name, t in model.state_dict().items())
    assert (model[0].weight.grad == 7).all()
    assert model[2].weight.grad is None
    assert not any(m._forward_hooks for m in model.modules())


def boom(_):
    raise RuntimeError("boom")


class SharedLayer(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        return self.layer(self.layer(x))[:, :3]


class SecretlyShared(nn.Module):
    """Uses one layer's weights in another place, as tied language models do."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 4)

    def forward(self, x):
        return F.linear(self.layer(x), self.layer.weight)[:, :3]


class Contrast(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(4, 3)

    def forward(self, x):
        out = self.layer(x)
        return out - out.mean(0)


def tied():
    model = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 3))
    model[1].weight = model[0].weight
    return model


@pytest.mark.quick
@pytest.mark.parametrize("make", [tied, SharedLayer, SecretlyShared])
@pytest.mark.parametrize("chunk_size", [None, 3])
def test_weights_used_twice_add_up(make, chunk_size):
    """|g_a + g_b|^2 has a cross term, which the sum of layers' norms forgets."""
    model, inputs = seeded(make), classifier_data(8)[0]
    found = assert_agrees(model, inputs, chunk_size=chunk_size)
    assert bool(found.fallbacks) == (make is SecretlyShared)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (Contrast, "couple"),
        (lambda: nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)), "BatchNorm"),
        (lambda: nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 3)), "random"),
        (lambda: nn.Linear(4, 3).requires_grad_(False), "no parameter"),
    ],
)
def test_models_that_are_refused(make, said):
    inputs, targets = classifier_data()
    for measure in (covariance_trace, per_example_norms):
        with pytest.raises(ValueError, match=said):
            measure(make().double(), F.cross_entropy, (inputs, targets))


@pytest.mark.quick
@pytest.mark.parametrize("count", [1, 2, 40])
@pytest.mark.parametrize(
    ("loss_fn", "said"),
    [
        (nn.CrossEntropyLoss(reduction="sum"), "sums over examples"),
        (nn.CrossEntropyLoss(reduction="none"), "one number"),
        (lambda out, y: F.cross_entropy(out * math.nan, y), "nan"),
    ],
)
def test_losses_that_are_refused(loss_fn, said, count):
    inputs, targets = classifier_data()
    if count == 1 and "none" in getattr(loss_fn, "reduction", ""):
        loss_fn = lambda out, y: torch.ones(2)  # noqa: E731
    with pytest.raises(ValueError, match=said):
        per_example_norms(classifier(), loss_fn, (inputs[:count], targets[:count]))


@pytest.mark.quick
def test_class_weights_are_refused():
    inputs, targets = classifier_data()
    weighted = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 5.0, 9.0]).double())
    with pytest.raises(ValueError, match=r"couple the examples|mixes examples"):
        covariance_trace(classifier(), weighted, (inputs, targets))


@pytest.mark.quick
def test_other_bad_input():
    model, data = classifier(), classifier_data()
    with pytest.raises(ValueError, match="no examples"):
        covariance_trace(model, F.cross_entropy, (data[0][:0], data[1][:0]))
    with pytest.raises(ValueError, match="1 examples"):
        covariance_trace(model, F.cross_entropy, (data[0][:1], data[1][:1]))
    with pytest.raises(ValueError, match="direction"):
        per_example_dots(model, F.cross_entropy, data, torch.ones(3))
    shuffled = DataLoader(TensorDataset(*data), batch_size=8, shuffle=True)
    with pytest.raises(ValueError, match="shuffle=False"):
        covariance_trace(model, F.cross_entropy, shuffled, with_stderr=True)
    assert covariance_trace(model, F.cross_entropy, shuffled).value > 0
    embedding = nn.Sequential(nn.Embedding(5, 3, max_norm=1.0), nn.Flatten())
    with pytest.raises(ValueError, match="max_norm"):
        per_example_norms(embedding, SQUARE, torch.zeros(4, 2, dtype=torch.long))


@pytest.mark.quick
def test_zero_gradients_are_a_trace_of_zero():
    model, (inputs, targets) = classifier(), classifier_data()
    flat = covariance_trace(model, lambda out, y: 0 * F.cross_entropy(out, y), (inputs, targets))
    assert flat.value == 0
    mean = minibatch_gradient(model, F.cross_entropy, inputs, targets)
    assert mean.abs().max() > 0


def test_a_layer_that_converts_its_weights_as_it_runs_ends_no_process():
    """A router of transformers does; under torch.func that was a segmentation fault."""

    class Router(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.gate, self.scale = nn.Linear(4, 4), nn.Parameter(torch.ones(4))

        def forward(self, x):
            self.gate = self.gate.to(torch.float32)
            return self.gate(x) * self.scale

    torch.manual_seed(0)
    model = nn.Sequential(Router(), nn.Tanh(), nn.Linear(4, 3))
    batch = torch.randn(6, 4), torch.randint(0, 3, (6,))
    rows = []
    for i in range(6):
        loss = F.cross_entropy(model(batch[0][i : i + 1]), batch[1][i : i + 1])
        grads = torch.autograd.grad(loss, list(model.parameters()))
        rows.append(torch.cat([g.flatten() for g in grads]))
    expected = torch.stack(rows)
    found = per_example_norms(model, F.cross_entropy, batch)
    torch.testing.assert_close(found.sq_norms.float(), expected.square().sum(1))
    torch.testing.assert_close(per_example_gradients(model, F.cross_entropy, *batch), expected)
    model.double()  # what was held back during the measurement works again
    assert model[0].gate.weight.dtype == torch.float64
