"""Hessian and Gauss-Newton products against dense matrices, and against curvlinops."""

import gc
import warnings
from contextlib import nullcontext

import pytest
import torch
import torch.nn.functional as F
import torch.utils.checkpoint
from dense_curvature import (
    built,
    dense_ggn,
    dense_hessian,
    generator,
    small_data,
    small_net,
    squared_loss,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import coursekit.curvature._assembly
import coursekit.curvature._twice
from coursekit.curvature.products import ggn_operator, hessian_operator
from coursekit.gradients.batches import BatchLoss, OutputLoss
from coursekit.gradients.minibatch import minibatch_gradient
from coursekit.gradients.objective import Objective

TIGHT = {"rtol": 1e-10, "atol": 1e-12}


def as_matrix(op) -> torch.Tensor:
    return op @ torch.eye(op.shape[0], dtype=op.torch_dtype)


@pytest.mark.quick
@pytest.mark.parametrize("method", ["auto", "cached", "rebuilt"])
@pytest.mark.parametrize("chunk_size", [None, 1, 4, 100])
def test_hessian_equals_the_dense_one(method, chunk_size):
    model, data = small_net(), small_data()
    op = hessian_operator(model, F.cross_entropy, data, method=method, chunk_size=chunk_size)
    expected = dense_hessian(model, F.cross_entropy, *data)
    torch.testing.assert_close(as_matrix(op), expected, **TIGHT)
    assert op.method == ("rebuilt" if method == "rebuilt" else "cached")
    assert op.num_hvps == len(expected)


@pytest.mark.quick
@pytest.mark.parametrize("method", ["cached", "rebuilt"])
@pytest.mark.parametrize("loss_fn", [F.cross_entropy, squared_loss])
def test_ggn_equals_the_dense_one(method, loss_fn):
    model, data = small_net(), small_data()
    op = ggn_operator(model, loss_fn, data, method=method, chunk_size=3)
    torch.testing.assert_close(as_matrix(op), dense_ggn(model, loss_fn, *data), **TIGHT)
    assert torch.linalg.eigvalsh(as_matrix(op)).min() > -1e-12
    difference = dense_ggn(model, loss_fn, *data) - dense_hessian(model, loss_fn, *data)
    assert difference.norm() > 1e-3  # so the two operators can't be mixed up


@settings(max_examples=15, deadline=None)
@given(count=st.integers(1, 9), width=st.integers(1, 4), outputs=st.integers(2, 4))
def test_any_shape(count, width, outputs):
    model = built(lambda: nn.Sequential(nn.Linear(width, 3), nn.Tanh(), nn.Linear(3, outputs)))
    rng = generator(count)
    inputs = torch.randn(count, width, generator=rng, dtype=torch.float64)
    targets = torch.randint(0, outputs, (count,), generator=rng)
    for oracle, operator in ((dense_hessian, hessian_operator), (dense_ggn, ggn_operator)):
        op = operator(model, F.cross_entropy, (inputs, targets))
        expected = oracle(model, F.cross_entropy, inputs, targets)
        torch.testing.assert_close(as_matrix(op), expected, **TIGHT)


def test_unequal_batches_weigh_by_their_examples():
    model, (inputs, targets) = small_net(), small_data(11)
    order = targets.argsort()  # sorted by class, so that batches differ
    inputs, targets = inputs[order], targets[order]
    loader = DataLoader(TensorDataset(inputs, targets), batch_size=10)
    expected = dense_hessian(model, F.cross_entropy, inputs, targets)
    op = hessian_operator(model, F.cross_entropy, loader)
    torch.testing.assert_close(as_matrix(op), expected, **TIGHT)
    parts = [dense_hessian(model, F.cross_entropy, x, y) for x, y in loader]
    equal_weights = (parts[0] + parts[1]) / 2
    assert (equal_weights - expected).norm() > 0.1 * expected.norm()  # what a peer returns


def test_curvlinops_agrees_on_unequal_batches():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        curvlinops = pytest.importorskip("curvlinops", reason="see tests/oracles.txt")
    model, (inputs, targets) = small_net(), small_data(11)
    batches = [(inputs[:7], targets[:7]), (inputs[7:], targets[7:])]
    loss, params = nn.CrossEntropyLoss(), list(model.parameters())
    vector = torch.randn(51, generator=generator(3), dtype=torch.float64)
    for theirs, ours in (
        (curvlinops.HessianLinearOperator, hessian_operator),
        (curvlinops.GGNLinearOperator, ggn_operator),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = theirs(model, loss, params, batches, check_deterministic=False) @ vector
        torch.testing.assert_close(ours(model, loss, batches) @ vector, expected, **TIGHT)


def test_float32_is_close_to_float64():
    vector = torch.randn(51, generator=generator(3))
    products = []
    inputs, targets = small_data(dtype=torch.float32)
    for dtype in (torch.float32, torch.float64):
        model = small_net(dtype=torch.float32).to(dtype)
        op = hessian_operator(model, F.cross_entropy, (inputs.to(dtype), targets))
        products.append((op @ vector).double())
        assert (op @ vector).dtype == dtype
    torch.testing.assert_close(products[0], products[1], rtol=1e-4, atol=1e-5)


def test_batch_loss_with_several_inputs_and_frozen_weights():
    class TwoInputs(nn.Module):
        def __init__(self):
            super().__init__()
            self.left, self.right, self.unused = nn.Linear(3, 2), nn.Linear(2, 2), nn.Linear(2, 2)

        def forward(self, left, right):
            return torch.tanh(self.left(left)) * self.right(right)

    model = built(TwoInputs)
    model.right.bias.requires_grad_(False)
    rng = generator(1)
    batch = {
        "left": torch.randn(5, 3, generator=rng, dtype=torch.float64),
        "right": torch.randn(5, 2, generator=rng, dtype=torch.float64),
    }
    loss = BatchLoss(lambda m, b: m(b["left"], b["right"]).square().sum(1).mean())
    op = hessian_operator(model, loss, batch)
    expected = dense_of_batch_loss(model, loss, batch)
    torch.testing.assert_close(as_matrix(op), expected, **TIGHT)
    assert not expected[-6:].any()  # the unused layer
    with pytest.raises(ValueError, match="BatchLoss hides the output"):
        ggn_operator(model, loss, batch)


def dense_of_batch_loss(model, loss, batch):
    """Second derivatives one by one, through `backward` twice."""
    params = [p for p in model.parameters() if p.requires_grad]
    grads = torch.autograd.grad(
        loss(model, batch), params, create_graph=True, materialize_grads=True
    )
    rows = []
    for g in torch.cat([g.reshape(-1) for g in grads]):
        second = (
            torch.autograd.grad(g, params, retain_graph=True, materialize_grads=True)
            if g.requires_grad
            else [torch.zeros_like(p) for p in params]
        )
        rows.append(torch.cat([s.reshape(-1) for s in second]))
    return torch.stack(rows)


def test_a_loss_linear_in_the_weights_has_hessian_zero():
    model = built(lambda: nn.Linear(4, 1))
    inputs, _ = small_data()
    op = hessian_operator(model, lambda out, y: (out * y).mean(), (inputs, torch.ones(11, 1)))
    assert not (op @ torch.ones(5)).any()
    ggn = ggn_operator(model, lambda out, y: (out * y).mean(), (inputs, torch.ones(11, 1)))
    assert not (ggn @ torch.ones(5)).any()


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.query, self.key, self.value = nn.Linear(3, 4), nn.Linear(3, 4), nn.Linear(3, 4)

    def forward(self, x):
        parts = (self.query(x), self.key(x), self.value(x))
        return F.scaled_dot_product_attention(*(p.unsqueeze(1) for p in parts)).mean((1, 2))


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(3, 4, batch_first=True)

    def forward(self, x):
        return self.lstm(x)[0][:, -1]


@pytest.mark.parametrize("make", [Attention, Recurrent])
def test_attention_and_recurrent_nets_can_be_differentiated_twice(make):
    model = built(make)
    inputs = torch.randn(5, 4, 3, generator=generator(2), dtype=torch.float64)
    targets = torch.randint(0, 4, (5,), generator=generator(2))
    loss = BatchLoss(lambda m, batch: F.cross_entropy(m(batch[0]), batch[1]))
    op = hessian_operator(model, loss, (inputs, targets))
    vector = torch.randn(op.shape[0], generator=generator(3), dtype=torch.float64)
    step, slopes = 1e-5, []
    params = list(model.parameters())
    centre = [p.detach().clone() for p in params]
    for sign in (1, -1):
        for p, c, v in zip(params, centre, vector.split([p.numel() for p in params]), strict=True):
            p.data = c + sign * step * v.view_as(p)
        grads = torch.autograd.grad(loss(model, (inputs, targets)), params)
        slopes.append(torch.cat([g.reshape(-1) for g in grads]))
    difference = (slopes[0] - slopes[1]) / (2 * step)
    torch.testing.assert_close(op @ vector, difference, rtol=1e-6, atol=1e-7)


def test_cached_refuses_changed_weights_and_rebuilt_follows_them():
    model, data = small_net(), small_data()
    vector = torch.randn(51, generator=generator(3), dtype=torch.float64)
    cached = hessian_operator(model, F.cross_entropy, data, method="cached")
    rebuilt = hessian_operator(model, F.cross_entropy, data, method="rebuilt")
    with torch.no_grad():
        model[0].weight.mul_(2)
    with pytest.raises(ValueError, match="weights have changed"):
        cached @ vector
    expected = dense_hessian(model, F.cross_entropy, *data) @ vector
    torch.testing.assert_close(rebuilt @ vector, expected, **TIGHT)


def test_auto_rebuilds_what_would_not_fit(monkeypatch):
    model, data = small_net(), small_data()
    monkeypatch.setattr(coursekit.curvature._assembly, "free_bytes", lambda device: 1000)
    op = hessian_operator(model, F.cross_entropy, data)
    assert op.method == "rebuilt"
    torch.testing.assert_close(as_matrix(op), dense_hessian(model, F.cross_entropy, *data), **TIGHT)


def test_the_gradient_comes_along_where_it_was_computed():
    model, data = small_net(), small_data()
    expected = minibatch_gradient(model, F.cross_entropy, *data)
    op = hessian_operator(model, F.cross_entropy, data, chunk_size=4)
    torch.testing.assert_close(op.gradient, expected, **TIGHT)
    assert hessian_operator(model, F.cross_entropy, data, method="rebuilt").gradient is None
    assert ggn_operator(model, F.cross_entropy, data).gradient is None


def test_the_model_is_left_alone_and_gradients_may_be_off():
    model, data = small_net().train(), small_data()
    with torch.no_grad():
        op = hessian_operator(model, F.cross_entropy, data)
        product = op @ torch.ones(51)
    assert product.grad_fn is None
    assert all(p.grad is None for p in model.parameters())
    assert model.training


@pytest.mark.parametrize("operator", [hessian_operator, ggn_operator])
@pytest.mark.parametrize(
    ("change", "loss_fn", "message"),
    [
        (lambda m: m.append(nn.BatchNorm1d(3).double()), F.cross_entropy, "BatchNorm '3'"),
        (lambda m: m.append(nn.Dropout(0.5)), F.cross_entropy, "Dropout '3'"),
        (lambda m: m.requires_grad_(False), F.cross_entropy, "requires a gradient"),
        (lambda m: m[0].float(), F.cross_entropy, "float32 on cpu, torch.float64 on cpu"),
        (lambda m: m.bfloat16(), F.cross_entropy, "got torch.bfloat16 on cpu"),
        (lambda m: m, lambda o, t: F.cross_entropy(o, t, reduction="sum"), "sums over examples"),
        (lambda m: m, lambda o, t: F.cross_entropy(o, t, reduction="none"), "one number"),
        (lambda m: m, lambda o, t: F.cross_entropy(o / 0, t), "nothing to measure"),
    ],
)
def test_what_has_no_hessian_of_its_own_is_refused(operator, change, loss_fn, message):
    model = small_net().train()
    change(model)
    with pytest.raises(ValueError, match=message):
        operator(model, loss_fn, small_data())


def test_other_mistakes_are_named():
    model, data = small_net(), small_data()
    with pytest.raises(ValueError, match="method must be one of"):
        hessian_operator(model, F.cross_entropy, data, method="exact")
    with pytest.raises(ValueError, match="no examples"):
        hessian_operator(model, F.cross_entropy, (data[0][:0], data[1][:0]))
    with pytest.raises(ValueError, match="chunk_size"):
        hessian_operator(model, F.cross_entropy, data, chunk_size=0)


class Bags(nn.Module):
    """A layer without second derivative, and the same by other means."""

    def __init__(self, *, fused: bool) -> None:
        super().__init__()
        self.bag, self.head = nn.EmbeddingBag(11, 4), nn.Linear(4, 3)
        self.fused = fused

    def forward(self, ids):
        mean = self.bag(ids) if self.fused else F.embedding(ids, self.bag.weight).mean(1)
        return self.head(torch.tanh(mean))


def bags(*, fused: bool) -> nn.Module:
    return built(lambda: Bags(fused=fused))


def test_what_cannot_be_differentiated_twice_is_named_and_differences_do_it():
    rng = generator(5)
    data = torch.randint(0, 11, (9, 5), generator=rng), torch.randint(0, 3, (9,), generator=rng)
    with pytest.raises(ValueError, match=r"embedding_bag.*finite_difference"):
        hessian_operator(bags(fused=True), F.cross_entropy, data)
    op = hessian_operator(bags(fused=True), F.cross_entropy, data, method="finite_difference")
    exact = hessian_operator(bags(fused=False), F.cross_entropy, data)
    for seed in range(3):
        vector = torch.randn(op.shape[0], generator=generator(seed), dtype=torch.float64)
        expected = exact @ vector
        assert 0 < (op @ vector - expected).norm() <= op.rel_error * expected.norm()
    assert op.rel_error < 1e-6
    assert op.method == "finite_difference"


def weight_normed(make=nn.utils.parametrizations.weight_norm) -> nn.Module:
    return built(lambda: nn.Sequential(make(nn.Linear(4, 5)), nn.Tanh(), nn.Linear(5, 3)))


def old_weight_norm(layer):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # the older form, which many models keep
        return nn.utils.weight_norm(layer)


@pytest.mark.parametrize("make", [nn.utils.parametrizations.weight_norm, old_weight_norm])
def test_weight_norm_has_its_true_hessian(make):
    model, data = weight_normed(make), small_data()
    matrix = as_matrix(hessian_operator(model, F.cross_entropy, data))
    torch.testing.assert_close(matrix, matrix.T, **TIGHT)
    op = hessian_operator(model, F.cross_entropy, data, method="finite_difference")
    torch.testing.assert_close(matrix, as_matrix(op), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_faulty_second_derivative_is_found_and_its_layer_named(monkeypatch, dtype):
    monkeypatch.setattr(coursekit.curvature._twice, "_plain_weight_norm", lambda _: nullcontext())
    inputs, targets = small_data()
    with pytest.raises(ValueError, match=r"not symmetric, in layer '0'.*finite_difference"):
        hessian_operator(weight_normed().to(dtype), F.cross_entropy, (inputs.to(dtype), targets))


def test_a_model_that_counts_its_calls_is_found():
    class Counting(nn.Sequential):
        calls = 0

        def forward(self, x):
            self.calls += 1
            return super().forward(x) * (1 + 0.1 * (self.calls % 3))

    model = built(lambda: Counting(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3)))
    with pytest.raises(ValueError, match=r"random|twice"):
        hessian_operator(model, F.cross_entropy, small_data())


class HalfGradient(torch.autograd.Function):
    """The identity, with half its gradient."""

    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, grad):
        return 0.5 * grad


def test_differences_do_not_move_padding_and_find_a_wrong_backward():
    class Padded(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embed, self.head = nn.Embedding(11, 4, padding_idx=0), nn.Linear(4, 3)
            self.half = False
            nn.init.normal_(self.embed.weight)  # as `transformers` does: the row is used

        def forward(self, ids):
            weight = HalfGradient.apply(self.head.weight) if self.half else self.head.weight
            return F.linear(torch.tanh(self.embed(ids)).mean(1), weight, self.head.bias)

    rng = generator(6)
    data = torch.randint(0, 11, (9, 5), generator=rng), torch.randint(0, 3, (9,), generator=rng)
    model = built(Padded)
    exact = as_matrix(hessian_operator(model, F.cross_entropy, data))
    op = hessian_operator(model, F.cross_entropy, data, method="finite_difference")
    torch.testing.assert_close(as_matrix(op), exact, rtol=1e-5, atol=1e-7)
    model.half = True
    with pytest.raises(ValueError, match=r"not symmetric.*a kernel's backward"):
        hessian_operator(model, F.cross_entropy, data, method="finite_difference")


def test_differences_that_tell_nothing_are_refused():
    model, (inputs, targets) = small_net(dtype=torch.float32), small_data(dtype=torch.float32)
    loss = BatchLoss(lambda net, batch: torch.sin(1e6 * net(batch[0])).mean())
    with pytest.raises(ValueError, match=r"off by \d+ %"):
        hessian_operator(model, loss, (inputs, targets), method="finite_difference")


def test_a_sub_block_of_the_hessian():
    model, data = small_net(), small_data()
    whole = dense_hessian(model, F.cross_entropy, *data)
    objective = Objective(model, F.cross_entropy, data, params="2.*", chunk_size=4)
    for method in ("cached", "rebuilt"):
        block = as_matrix(hessian_operator(objective, method=method))
        torch.testing.assert_close(block, whole[-len(block) :, -len(block) :], **TIGHT)


def test_gauss_newton_of_outputs_that_are_not_one_tensor():
    model, (inputs, targets) = small_net(), small_data()
    batch = {"x": inputs, "y": targets}

    def output_of(net, batch):
        logits = net(batch["x"])
        return {"left": logits[:, :1], "right": (logits[:, 1:],), "name": "logits"}

    def loss_of(output, batch):
        return F.cross_entropy(torch.cat([output["left"], output["right"][0]], 1), batch["y"])

    op = ggn_operator(model, OutputLoss(output_of, loss_of), batch, chunk_size=4)
    expected = dense_ggn(model, F.cross_entropy, inputs, targets)
    torch.testing.assert_close(as_matrix(op), expected, **TIGHT)
    hessian = hessian_operator(model, OutputLoss(output_of, loss_of), batch)
    torch.testing.assert_close(
        as_matrix(hessian), dense_hessian(model, F.cross_entropy, inputs, targets), **TIGHT
    )


@pytest.mark.parametrize("method", ["cached", "rebuilt"])
def test_checkpointed_attention(method):
    class Checkpointed(Attention):
        def forward(self, x):
            return torch.utils.checkpoint.checkpoint(super().forward, x, use_reentrant=False)

    inputs = torch.randn(5, 4, 3, generator=generator(2), dtype=torch.float64)
    targets = torch.randint(0, 4, (5,), generator=generator(2))
    made = [
        hessian_operator(built(kind), F.cross_entropy, (inputs, targets), method=method)
        for kind in (Attention, Checkpointed)
    ]
    torch.testing.assert_close(as_matrix(made[1]), as_matrix(made[0]), **TIGHT)


def test_moving_buffers_are_put_back_and_products_stay_the_same():
    model = built(
        lambda: nn.Sequential(
            nn.utils.parametrizations.spectral_norm(nn.Linear(4, 5)), nn.Tanh(), nn.Linear(5, 3)
        )
    )
    data = small_data()
    before = {name: t.clone() for name, t in model.state_dict().items()}
    vector = torch.randn(43, generator=generator(3), dtype=torch.float64)
    products = [
        hessian_operator(model, F.cross_entropy, data, method=method, chunk_size=size) @ vector
        for method in ("cached", "rebuilt")
        for size in (None, 4)
    ]
    for product in products[1:]:
        torch.testing.assert_close(product, products[0], **TIGHT)
    assert all(torch.equal(t, before[name]) for name, t in model.state_dict().items())


def test_memory_that_runs_out_rebuilds_in_smaller_chunks():
    model, data = small_net(), small_data()
    expected = dense_hessian(model, F.cross_entropy, *data)

    def hungry(output, target):
        if len(target) > 8:  # the checks at the door take no more
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return F.cross_entropy(output, target)

    op = hessian_operator(model, hungry, data, chunk_size=11)
    assert op.method == "rebuilt"
    torch.testing.assert_close(as_matrix(op), expected, **TIGHT)
    with pytest.raises(ValueError, match="rebuilt"):
        hessian_operator(model, hungry, data, chunk_size=11, method="cached")


def test_an_operation_that_leaves_no_graph_is_found():
    """A kernel of one's own: right gradients, a second derivative that lacks a part."""

    class Kernel(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return torch.tanh(x)

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            with torch.no_grad():
                return g * (1 - torch.tanh(x) ** 2)

    class Fine(Kernel):
        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * (1 - torch.tanh(x) ** 2)

    class Net(nn.Sequential):
        def forward(self, x):
            return self[1](self.function.apply(self[0](x)))

    def net(function):
        model = built(lambda: Net(nn.Linear(4, 5), nn.Linear(5, 3)))
        model.function = function
        return model

    data = small_data()
    op = hessian_operator(net(Fine), F.cross_entropy, data)
    with pytest.raises(ValueError, match="finite_difference"):
        hessian_operator(net(Kernel), F.cross_entropy, data)
    differences = hessian_operator(net(Kernel), F.cross_entropy, data, method="finite_difference")
    torch.testing.assert_close(as_matrix(differences), as_matrix(op), rtol=1e-5, atol=1e-7)


def test_a_product_that_does_not_fit_beside_the_graphs_rebuilds_them(monkeypatch):
    model, data = small_net(), small_data()
    vector = torch.randn(51, generator=generator(3), dtype=torch.float64)
    expected = hessian_operator(model, F.cross_entropy, data) @ vector
    op = hessian_operator(model, F.cross_entropy, data)
    assert op.method == "cached"
    real = coursekit.curvature.products.pull
    failures = [torch.cuda.OutOfMemoryError("CUDA out of memory")]

    def once_out_of_memory(*args):
        if failures:
            raise failures.pop()
        return real(*args)

    monkeypatch.setattr(coursekit.curvature.products, "pull", once_out_of_memory)
    torch.testing.assert_close(op @ vector, expected, **TIGHT)
    assert op.method == "rebuilt"
    assert not failures


@pytest.mark.parametrize("method", ["cached", "rebuilt", "finite_difference"])
def test_its_graphs_go_with_an_operator(method):
    """At once, without a search for circles: on a GPU it is the memory of the next operator."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 5), nn.LayerNorm(5), nn.Softmax(-1), nn.Linear(5, 3))
    data = torch.randn(8, 4), torch.tensor([0, 1, 2, 0, 1, 2, 0, 1])

    def tensors() -> int:
        return sum(isinstance(each, torch.Tensor) for each in gc.get_objects())

    found = []
    for _ in range(2):  # the first one also makes what stays for good
        gc.collect()
        before = tensors()
        operator = hessian_operator(model, F.cross_entropy, data, method=method)
        operator @ torch.ones(operator.shape[0])
        gc.collect()
        gc.disable()
        try:
            del operator
            found.append(tensors() - before)
        finally:
            gc.enable()
    assert found[1] == 0
