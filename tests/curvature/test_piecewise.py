"""The graph walk against the property itself: diag(Hessian) = diag(Gauss-Newton), dense."""

import pytest
import torch
import torch.nn.functional as F
from dense_curvature import built, dense_ggn, dense_hessian, generator, squared_loss
from torch import nn

from coursekit.curvature._piecewise import why_not_piecewise_linear


class Net(nn.Module):
    """Layers to be joined by a function under test."""

    def __init__(self, join):
        super().__init__()
        self.a, self.b, self.c = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4)
        self.norm, self.prelu, self.layer_norm = nn.BatchNorm1d(4), nn.PReLU(), nn.LayerNorm(4)
        self.conv = nn.Conv1d(1, 2, 3, padding=1)
        self.join = join

    def forward(self, x):
        return self.join(self, x)


ALLOWED = {
    "relu": lambda m, x: m.b(m.a(x).relu()),
    "relu6": lambda m, x: m.b(F.relu6(m.a(x))),
    "leaky": lambda m, x: m.b(F.leaky_relu(m.a(x))),
    "hardtanh": lambda m, x: m.b(F.hardtanh(m.a(x))),
    "abs": lambda m, x: m.b(m.a(x).abs()),
    "prelu": lambda m, x: m.b(m.prelu(m.a(x))),
    "maxout": lambda m, x: m.c(torch.maximum(m.a(x), m.b(x))),
    "max": lambda m, x: m.c(m.a(x).view(-1, 2, 2).amax(2).repeat(1, 2)),
    "max pooling": lambda m, x: m.c(F.max_pool1d(m.conv(x[:, None]), 2).flatten(1)),
    "average pooling": lambda m, x: m.c(F.avg_pool1d(m.conv(x[:, None]).relu(), 2).flatten(1)),
    "batch norm": lambda m, x: m.b(m.norm(m.a(x)).relu()),
    "residual": lambda m, x: m.b(m.a(x).relu()) + m.a(x),
    "two uses that add": lambda m, x: m.a(x) + m.a(2 * x),
    "gate by another branch": lambda m, x: m.a(x) * m.b(x),
    "bilinear attention": lambda m, x: (m.a(x) @ m.b(x).T) @ x,
    "smooth function of the input": lambda m, x: m.a(x.tanh()) / 3,
    "smooth, but detached": lambda m, x: m.a(x) * m.b(x).sigmoid().detach(),
    "concatenation": lambda m, x: torch.cat([m.a(x).relu(), m.b(x)], 1)[:, ::2],
    "where": lambda m, x: torch.where(x > 0, m.a(x), m.b(x)),
}
REFUSED = {
    "tanh": (lambda m, x: m.b(m.a(x).tanh()), "Tanh"),
    "gelu": (lambda m, x: m.b(F.gelu(m.a(x))), "Gelu"),
    "silu": (lambda m, x: m.b(F.silu(m.a(x))), "Silu"),
    "softplus": (lambda m, x: m.b(F.softplus(m.a(x))), "Softplus"),
    "elu": (lambda m, x: m.b(F.elu(m.a(x))), "Elu"),
    "hardswish": (lambda m, x: m.b(F.hardswish(m.a(x))), "Hardswish"),
    "layer norm": (lambda m, x: m.b(m.layer_norm(m.a(x))), "LayerNorm"),
    "tied along a path": (lambda m, x: m.a(m.a(x).relu()), "same weights"),
    "square": (lambda m, x: m.a(x) ** 2, "Pow"),
    "product with itself": (lambda m, x: m.a(x) * m.a(x).relu(), "same weights"),
    "division": (lambda m, x: m.a(x) / (3 + m.b(x).relu()), "divides"),
    "attention with itself": (lambda m, x: (m.a(x) @ m.a(x).T) @ x, "same weights"),
    "softmax": (lambda m, x: m.a(x).softmax(1), "Softmax"),
    "norm": (lambda m, x: m.b(F.normalize(m.a(x))), "not known"),
}


def inputs():
    return torch.randn(6, 4, generator=generator(4), dtype=torch.float64)


def diagonals(model, x):
    """Diagonals of the dense Hessian and Gauss-Newton matrix of one loss."""
    targets = torch.randint(0, 4, (6,), generator=generator(5))
    loss = squared_loss if model(x).shape == (6, 4) else lambda o, t: o.square().mean()
    return [torch.diag(oracle(model, loss, x, targets)) for oracle in (dense_hessian, dense_ggn)]


@pytest.mark.parametrize("name", ALLOWED)
def test_what_is_allowed_has_equal_diagonals(name):
    model = built(lambda: Net(ALLOWED[name])).eval()
    assert why_not_piecewise_linear(model(inputs()), list(model.parameters())) == ""
    hessian, ggn = diagonals(model, inputs())
    torch.testing.assert_close(hessian, ggn, rtol=1e-9, atol=1e-11)
    assert ggn.sum() > 0


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_has_not(name):
    join, word = REFUSED[name]
    model = built(lambda: Net(join)).eval()
    assert word in why_not_piecewise_linear(model(inputs()), list(model.parameters()))
    hessian, ggn = diagonals(model, inputs())
    assert (hessian - ggn).norm() > 1e-6 * ggn.norm()


@pytest.mark.quick
def test_batch_norm_in_train_mode_is_refused():
    model = built(lambda: Net(ALLOWED["batch norm"])).train()
    reason = why_not_piecewise_linear(model(inputs()), list(model.parameters()))
    assert reason == "BatchNorm uses the statistics of the batch"


@pytest.mark.quick
def test_only_the_parameters_in_question_count():
    model = built(lambda: Net(REFUSED["tanh"][0]))
    assert why_not_piecewise_linear(model(inputs()), list(model.b.parameters())) == ""
    assert why_not_piecewise_linear(torch.ones(3), list(model.parameters())) == ""


@pytest.mark.quick
def test_a_convnet_and_a_deep_net_are_walked():
    convnet = built(
        lambda: nn.Sequential(
            nn.Conv2d(1, 4, 3, padding="same", padding_mode="reflect"),
            nn.BatchNorm2d(4),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(4, 4, 3, groups=2),
            nn.LeakyReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Dropout(),
            nn.Linear(4, 3),
        )
    ).eval()
    images = torch.randn(2, 1, 8, 8, dtype=torch.float64, generator=generator())
    assert why_not_piecewise_linear(convnet(images), list(convnet.parameters())) == ""
    linear = built(lambda: nn.Linear(4, 4))
    output = linear(inputs())
    for _ in range(2000):  # deeper than Python's recursion allows
        output = output + 1e-3 * output.relu()
    assert why_not_piecewise_linear(output, list(linear.parameters())) == ""
