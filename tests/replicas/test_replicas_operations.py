"""Attention and convolution of our own, against torch's layers, a replica at a time."""

import functools

import numpy as np
import pytest
import torch
from small_grids import as_images, digits
from torch import nn
from torch.nn.functional import cross_entropy

from coursekit.data.corpus import next_character_loss
from coursekit.data.splits import from_splits
from coursekit.models.convnets import SERIES, convnet
from coursekit.models.transformer import CausalAttention, char_transformer
from coursekit.replicas import _operations, run_grid
from coursekit.replicas._operations import attention
from coursekit.replicas._row_operations import layer_norm, linear, parts_of
from coursekit.replicas._vmap import vmap_gradients

pytestmark = pytest.mark.in_turn(thing="stacks of replicas", of=3, turn=0)

REPLICAS, BATCH = 3, 4


@pytest.fixture(autouse=True)
def _traced_only(monkeypatch):
    """What is compiled is traced as on a GPU and runs as torch itself: no compiler is needed."""
    kept = torch.compile
    monkeypatch.setattr(torch, "compile", lambda f, **how: kept(f, backend="aot_eager", **how))
    yield
    torch._dynamo.reset()


def stacked(model, generator):
    """Return parameters of some replicas, in float64."""
    return {
        name: torch.randn(REPLICAS, *p.shape, generator=generator, dtype=torch.float64) / 3
        for name, p in model.named_parameters()
    }


def one_by_one(model, loss_fn, params, x, y):
    """Return losses and gradients by autograd, a replica at a time."""
    losses, grads = [], []
    for r in range(REPLICAS):
        own = {name: p[r].clone().requires_grad_() for name, p in params.items()}
        losses.append(loss_fn(torch.func.functional_call(model, own, (x[r],)), y[r]))
        grads.append(torch.autograd.grad(losses[-1], list(own.values())))
    return torch.stack(losses), [torch.stack(g) for g in zip(*grads, strict=True)]


CONVOLUTIONS = {
    "square": ((3, 6, 7), nn.Conv2d(3, 5, 3, padding=1)),
    "no padding, no bias": ((2, 6, 6), nn.Conv2d(2, 4, 3, bias=False)),
    "stride": ((2, 7, 6), nn.Conv2d(2, 4, 3, stride=2, padding=1)),
    "stride beyond the kernel": ((2, 8, 8), nn.Conv2d(2, 3, 1, stride=2)),
    "uneven": ((2, 9, 5), nn.Conv2d(2, 3, (5, 2), stride=(2, 1), padding=(2, 0))),
    "series": ((2, 11), nn.Conv1d(2, 4, 3, stride=2, padding=1)),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions_are_torchs_with_both_gradients(name):
    shape, layer = CONVOLUTIONS[name]
    generator = torch.Generator().manual_seed(1)
    below = (
        nn.Conv2d(shape[0], shape[0], 1) if len(shape) == 3 else nn.Conv1d(shape[0], shape[0], 1)
    )
    model = nn.Sequential(below, layer, nn.Flatten()).double()  # the second has inputs to pass on
    x = torch.randn(REPLICAS, BATCH, *shape, generator=generator, dtype=torch.float64)
    y = torch.randint(0, 4, (REPLICAS, BATCH), generator=generator)
    params = stacked(model, generator)
    expected = one_by_one(model, cross_entropy, params, x, y)
    found = vmap_gradients(model, cross_entropy, compiled=True)(params, {}, x, y)
    torch.testing.assert_close(found[0], expected[0], rtol=1e-12, atol=1e-14)
    for ours, theirs in zip(found[1], expected[1], strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-13)


def test_layers_that_are_no_plain_convolutions_are_left_to_vmap():
    generator = torch.Generator().manual_seed(2)
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3, groups=2), nn.ReLU(), nn.Conv2d(4, 3, 2, dilation=2), nn.Flatten()
    ).double()
    x = torch.randn(REPLICAS, BATCH, 2, 6, 6, generator=generator, dtype=torch.float64)
    y = torch.randint(0, 4, (REPLICAS, BATCH), generator=generator)
    params = stacked(model, generator)
    expected = one_by_one(model, cross_entropy, params, x, y)[1]
    found = vmap_gradients(model, cross_entropy, compiled=True)(params, {}, x, y)[1]
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("width", [16, 32])
def test_attention_is_the_written_one_with_its_gradient(width):
    """In the middle of its context, so that the mask is cut as well."""
    generator = torch.Generator().manual_seed(3)
    layer = CausalAttention(2 * width, 2, context=9).double()
    x = torch.randn(2, 7, 2 * width, generator=generator, dtype=torch.float64, requires_grad=True)
    g = torch.randn(2, 7, 2 * width, generator=generator, dtype=torch.float64)
    heads = layer.query_key_value(x).view(2, 7, 3, 2, width)
    ours = layer.project(attention(heads, "tf32x3").flatten(2))
    theirs = layer(x)
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-14)
    by_ours, by_theirs = (
        torch.autograd.grad(out, x, g, retain_graph=True) for out in (ours, theirs)
    )
    torch.testing.assert_close(by_ours, by_theirs, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize(
    ("replicas", "rows", "parts"),
    [(128, 4096, 2), (8, 32768, 32), (8, 1024, 2), (8, 1023, 1), (24, 3 * 2048, 8), (512, 4096, 1)],
)
def test_sums_over_rows_are_cut_where_a_stack_is_small(replicas, rows, parts):
    assert parts_of(replicas, rows) == parts


@pytest.mark.parametrize("rows", [6, 2048])  # one part, and four
def test_linear_layers_are_torchs_with_their_gradients(rows):
    generator = torch.Generator().manual_seed(6)
    shapes = ((REPLICAS, rows, 5), (REPLICAS, 4, 5), (REPLICAS, 4), (REPLICAS, rows, 4))
    x, w, bias, g = (torch.randn(*s, generator=generator, dtype=torch.float64) for s in shapes)
    assert parts_of(REPLICAS, rows) == {6: 1, 2048: 4}[rows]
    leaves = [t.requires_grad_() for t in (x, w, bias)]
    for given in (leaves, leaves[:2]):
        ours = linear(*given, *[None] * (3 - len(given)))
        theirs = torch.stack(
            [nn.functional.linear(*(t[r] for t in given)) for r in range(REPLICAS)]
        )
        torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-13)
        torch.testing.assert_close(
            torch.autograd.grad(ours, given, g), torch.autograd.grad(theirs, given, g),
            rtol=1e-11, atol=1e-12,
        )  # fmt: skip


def test_layer_norm_is_torchs_with_its_gradients():
    generator = torch.Generator().manual_seed(10)
    shapes = ((REPLICAS, 7, 5), (REPLICAS, 5), (REPLICAS, 5), (REPLICAS, 7, 5))
    x, scale, shift, g = (torch.randn(*s, generator=generator, dtype=torch.float64) for s in shapes)
    leaves = [t.requires_grad_() for t in (x, scale, shift)]
    ours = layer_norm(*leaves, 0.1)
    theirs = torch.stack([
        nn.functional.layer_norm(x[r], (5,), scale[r], shift[r], eps=0.1) for r in range(REPLICAS)
    ])  # fmt: skip
    torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-13)
    by_ours, by_theirs = (torch.autograd.grad(y, leaves, g) for y in (ours, theirs))
    torch.testing.assert_close(by_ours, by_theirs, rtol=1e-11, atol=1e-12)


def test_a_norm_that_is_not_the_plain_one_is_left_to_vmap():
    generator = torch.Generator().manual_seed(11)
    model = nn.Sequential(nn.LayerNorm((2, 3)), nn.Flatten(), nn.LayerNorm(6, bias=False)).double()
    model.append(nn.LayerNorm(6, elementwise_affine=False))
    x = torch.randn(REPLICAS, BATCH, 2, 3, generator=generator, dtype=torch.float64)
    y = torch.randint(0, 6, (REPLICAS, BATCH), generator=generator)
    params = stacked(model, generator)
    expected = one_by_one(model, cross_entropy, params, x, y)[1]
    found = vmap_gradients(model, cross_entropy, kernels=True)(params, {}, x, y)[1]
    for ours, theirs in zip(found, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-13)


def characters(double=True):
    """Return random windows, and a transformer for them."""
    generator = torch.Generator().manual_seed(4)
    numbers = torch.randint(0, 11, (40, 9), generator=generator)
    x, y = numbers[:, :-1], numbers[:, 1:]
    few = (x[:8], y[:8])

    def make(*, generator):
        model = char_transformer(
            11, context=8, width=32, num_heads=2, num_layers=1, generator=generator, init_std=0.3
        )
        return model.double() if double else model

    return make, from_splits("random", [x, y, *few, *few], num_classes=11)


def series_net(*, generator):
    return convnet(SERIES, channels=(4, 6), norm="batch", generator=generator).double()


def image_net(norm, *, generator):
    return convnet((1, 8, 8), channels=(4, 6), norm=norm, generator=generator).double()


def grids(make, data, loss_fn):
    settings = {"seeds": (1, 2), "batch_sizes": (6,), "lrs": (0.05, 0.1), "num_steps": 4}
    runs = functools.partial(run_grid, make, data, loss_fn=loss_fn, keep_weights=True, **settings)
    return [runs(backend=b, progress=False) for b in ("vmap", "kernels", "compiled")]


@pytest.mark.parametrize("case", ["transformer", "group", "batch", "series, BatchNorm"])
def test_a_stack_with_operations_of_our_own_is_the_stack_of_vmap(case):
    if case == "transformer":
        one, *others = grids(*characters(), next_character_loss)
    elif case in ("group", "batch"):
        make = functools.partial(image_net, case)
        one, *others = grids(make, digits(double=True), cross_entropy)
    else:
        generator = torch.Generator().manual_seed(5)
        x = torch.randn(48, 40, generator=generator, dtype=torch.float64)
        y = torch.randint(0, 10, (48,), generator=generator)
        data = from_splits("random", [x, y, x[:8], y[:8], x[:8], y[:8]], num_classes=10)
        one, *others = grids(series_net, data, cross_entropy)
    for other in others:
        assert np.abs(one.weights - other.weights).max() < 1e-12
        assert np.abs(one.train_loss - other.train_loss).max() < 1e-12


@pytest.mark.parametrize("case", ["transformer", "images"])
def test_bf16_rounds_products_and_little_else(case):
    """One rounding is 2^-9 at most; a few layers, and ReLUs that switch, make some tens of it."""
    if case == "transformer":
        make, data = characters(double=False)
        loss_fn = next_character_loss
    else:
        make, loss_fn = functools.partial(convnet, (1, 8, 8), channels=(8, 8)), cross_entropy
        data = as_images(digits())
    model = make(generator=torch.Generator().manual_seed(7))
    x, y = data.train_inputs[:24].unsqueeze(0), data.train_targets[:24].unsqueeze(0)
    params = {name: p.detach().unsqueeze(0) for name, p in model.named_parameters()}
    buffers = {name: b.unsqueeze(0) for name, b in model.named_buffers()}
    wide = {name: p.double() for name, p in params.items()}
    exact = vmap_gradients(model.double(), loss_fn)(
        wide, buffers, x.double() if x.is_floating_point() else x, y
    )[1]
    found = vmap_gradients(model.float(), loss_fn, compiled=True, precision="bf16")(
        params, buffers, x, y
    )[1]
    assert all(g.dtype == torch.float32 for g in found)
    ours, theirs = (torch.cat([g.double().flatten() for g in grads]) for grads in (found, exact))
    error = ((ours - theirs).norm() / theirs.norm()).item()
    assert 2e-4 < error < 5e-2


def test_gradients_come_to_the_convolutions_with_channels_last(monkeypatch):
    """The kernels need them so; put in order there, and not by the compiler, each is a copy."""
    orders = []
    backward = _operations.convolution_weight

    def noted(x, g, *settings):
        orders.append((x.is_contiguous(), g.is_contiguous()))
        return backward(x, g, *settings)

    monkeypatch.setattr(_operations, "convolution_weight", noted)
    model = nn.Sequential(
        *(nn.Conv2d(2, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(4, 5, 3, padding=1), nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    )
    x = torch.ones(REPLICAS, BATCH, 2, 6, 6, dtype=torch.float64)
    y = torch.zeros(REPLICAS, BATCH, dtype=torch.int64)
    params = stacked(model, torch.Generator().manual_seed(9))
    vmap_gradients(model, cross_entropy, compiled=True)(params, {}, x, y)
    assert len(orders) >= 2
    assert all(order == (True, True) for order in orders)


@pytest.mark.parametrize(("precision", "meanwhile"), [("float32", "highest"), ("tf32", "high")])
def test_torchs_switch_for_tf32_is_turned_and_turned_back(precision, meanwhile):
    seen = []

    def loss_fn(outputs, targets):
        seen.append(torch.get_float32_matmul_precision())
        return cross_entropy(outputs, targets)

    params = stacked(nn.Linear(3, 2), torch.Generator().manual_seed(8))
    x = torch.ones(REPLICAS, BATCH, 3, dtype=torch.float64)
    y = torch.zeros(REPLICAS, BATCH, dtype=torch.int64)
    assert torch.get_float32_matmul_precision() == "highest"
    vmap_gradients(nn.Linear(3, 2), loss_fn, precision=precision)(params, {}, x, y)
    assert seen == [meanwhile]
    assert torch.get_float32_matmul_precision() == "highest"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"precision": "half"}, "precision must be one of float32, tf32, bf16, got 'half'"),
        ({"precision": "bf16"}, "goes with backend='kernels' or 'compiled', not 'auto'"),
        ({"precision": "tf32", "backend": "compiled"}, "on cpu take 'float32' or 'bf16'"),
    ],
)
def test_a_precision_that_is_not_there_is_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        run_grid(
            *((64, 8, 10), digits()),
            seeds=(0,),
            batch_sizes=(8,),
            lrs=(0.1,),
            num_steps=1,
            device="cpu",
            **settings,
        )
