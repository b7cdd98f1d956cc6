"""autograd.Functions of others, torch.func in a loss, padding rows, slopes that are infinite."""

import pytest
import torch
import torch.nn.functional as F
from dense_curvature import built, dense_hessian, generator, small_data
from torch import nn
from torch.func import grad, vmap

from coursekit.curvature import (
    batch_sharpness,
    ggn_operator,
    hessian_eigenvalues,
    hessian_operator,
    hessian_trace,
)
from coursekit.noise import hessian_noise_scale


def as_matrix(op) -> torch.Tensor:
    return op @ torch.eye(op.shape[0], dtype=op.torch_dtype)


class FusedCrossEntropy(torch.autograd.Function):
    """Computes its gradient in the forward pass, as fused kernels do."""

    @staticmethod
    def forward(ctx, z, target):
        onehot = F.one_hot(target, z.shape[1]).to(z.dtype)
        ctx.save_for_backward((z.softmax(-1) - onehot) / len(target))
        return F.cross_entropy(z, target)

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0], None


class Square(torch.autograd.Function):
    """x^2 with a backward that can be differentiated."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        return 2 * ctx.saved_tensors[0] * g


def fused(output, target):
    return FusedCrossEntropy.apply(output, target)


def net(activation):
    return built(lambda: nn.Sequential(nn.Linear(4, 5), activation, nn.Linear(5, 3)))


class Apply(nn.Module):
    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


@pytest.mark.parametrize("activation", [nn.ReLU(), nn.Tanh(), nn.Identity()])
@pytest.mark.parametrize("method", ["auto", "exact", "per_example", "hutchinson"])
def test_the_trace_of_a_loss_that_hides_its_curvature_is_refused(activation, method):
    """It came out as 0, exactly, for a network that is piecewise linear."""
    if method == "exact" and isinstance(activation, nn.Tanh):
        method = "auto"
    with pytest.raises(ValueError, match="FusedCrossEntropy"):
        hessian_trace(net(activation), fused, small_data(), method=method)


@pytest.mark.parametrize(
    "measure",
    [
        hessian_eigenvalues,
        ggn_operator,
        lambda *of: batch_sharpness(*of, batch_size=4),
        lambda *of: hessian_noise_scale(*of, rng=generator(0)),
    ],
)
def test_whatever_takes_second_derivatives_refuses_that_loss(measure):
    with pytest.raises(ValueError, match=r"FusedCrossEntropy .* write its backward"):
        measure(net(nn.Tanh()), fused, small_data())


def test_the_remedy_works():
    model, data = net(nn.Tanh()), small_data()
    expected = dense_hessian(model, F.cross_entropy, *data)
    op = hessian_operator(model, fused, data, method="finite_difference")
    torch.testing.assert_close(as_matrix(op), expected, rtol=1e-5, atol=1e-7)


def test_a_function_that_can_be_differentiated_is_measured():
    """The Gauss-Newton matrix was held against the Hessian, and every such function refused."""
    custom, plain = net(Apply(Square.apply)), net(Apply(torch.square))
    data = small_data()
    for operator in (ggn_operator, hessian_operator):
        found = operator(custom, F.cross_entropy, data)
        expected = operator(plain, F.cross_entropy, data)
        torch.testing.assert_close(as_matrix(found), as_matrix(expected), rtol=1e-9, atol=1e-11)
    expected = dense_hessian(plain, F.cross_entropy, *data).trace().item()
    trace = hessian_trace(custom, F.cross_entropy, data, num_probes=400)
    assert abs(trace.value - expected) < 4 * trace.stderr


def test_a_loss_with_torch_func_inside_has_a_hessian():
    """Nothing may watch what it saves, so that the memory it takes is measured otherwise."""

    class Slopes(nn.Module):
        def __init__(self, inner) -> None:
            super().__init__()
            self.inner, self.head = inner, nn.Linear(4, 3)

        def forward(self, x):
            return self.head(self.inner(self, x))

        def potential(self, x):
            return torch.tanh(self.head(x)).square().sum()

    def by_func(model, x):
        return vmap(grad(model.potential))(x)

    def by_autograd(model, x):
        x = x.detach().requires_grad_()
        return torch.autograd.grad(model.potential(x), x, create_graph=True)[0]

    models = [built(lambda inner=inner: Slopes(inner)) for inner in (by_func, by_autograd)]
    data = small_data()
    expected = as_matrix(hessian_operator(models[1], F.cross_entropy, data))
    for method in ("auto", "rebuilt", "finite_difference"):
        found = as_matrix(hessian_operator(models[0], F.cross_entropy, data, method=method))
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-7)


class Tied(nn.Module):
    """Padding tokens are looked up, and their row is one of the classes too."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(5, 3, padding_idx=1)
        nn.init.normal_(self.embed.weight)
        self.scale = nn.Parameter(torch.ones(3))

    def forward(self, ids):
        return (self.embed(ids) * self.scale).tanh().mean(1) @ self.embed.weight.T


def test_differences_with_tied_padding_are_those_of_a_symmetric_matrix():
    model, rng = built(Tied), generator(4)
    data = torch.randint(0, 5, (9, 4), generator=rng), torch.randint(0, 5, (9,), generator=rng)
    weight, row = model.embed.weight, model.embed.weight[1].detach().clone()

    def loss(weight, scale):
        looked_up = torch.where((data[0] == 1).unsqueeze(-1), row, weight[data[0]])
        return F.cross_entropy((looked_up * scale).tanh().mean(1) @ weight.T, data[1])

    leaves = (weight.detach(), model.scale.detach())
    blocks = torch.autograd.functional.hessian(loss, leaves)
    sizes = [t.numel() for t in leaves]
    expected = torch.cat(
        [torch.cat([blocks[i][j].reshape(sizes[i], sizes[j]) for j in (0, 1)], 1) for i in (0, 1)]
    )
    order = [name.partition(".")[0] for name, _ in model.named_parameters()]
    if order[0] == "scale":
        turned = torch.cat([torch.arange(15, 18), torch.arange(15)])
        expected = expected[turned][:, turned]
    for method in ("cached", "finite_difference"):
        found = as_matrix(hessian_operator(model, F.cross_entropy, data, method=method))
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-8)


def test_an_infinite_slope_is_named():
    def root(output, target):
        return (output.sum(1) * 0).square().sqrt().mean() + F.cross_entropy(output, target)

    def norm_of_zeros(output, target):
        still = torch.linalg.vector_norm(output - output.detach(), dim=1)
        return F.cross_entropy(output, target) + still.mean()

    with pytest.raises(ValueError, match=r"not finite|nan"):
        hessian_operator(net(nn.Tanh()), root, small_data())
    with pytest.raises(ValueError, match=r"infinite slope .* at exactly 0"):
        hessian_operator(net(nn.Tanh()), norm_of_zeros, small_data())
