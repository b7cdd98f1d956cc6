"""Convolutions by their own formulas against torch's, and their derivatives against differences."""

import pytest
import torch
import torch.nn.functional as F
import torch.utils.checkpoint
from torch import nn
from torch.overrides import TorchFunctionMode
from twice_formulas import check_against, check_by_differences, drawn, formulas_used, torchs_own

from coursekit.curvature import _assembly, _convolution, hessian_operator
from coursekit.curvature._convolution import Convolved, convolution, transposed_convolution
from coursekit.curvature._normalised import Affine
from coursekit.curvature._twice import FORMULAS, double_backward_kernels
from coursekit.gradients._graph import graph_nodes
from coursekit.gradients.batches import BatchLoss

SHAPES = {1: (7,), 2: (6, 5), 3: (4, 3, 4)}
SETTINGS = {
    "plain": {},
    "stride": {"stride": 2},
    "padding": {"padding": 1},
    "dilation": {"dilation": 2, "padding": 2},
    "groups": {"groups": 2, "padding": 1},
    "depthwise": {"groups": 4, "stride": 2, "padding": 1},
    "all": {"stride": 2, "padding": 1, "dilation": 2, "groups": 2},
}


def factors_of(dims: int, groups: int = 1) -> list[torch.Tensor]:
    shape = (4, 4 // groups)
    return drawn(dims, (2, 4, *SHAPES[dims]), (*shape, *[2] * dims), (4,))


def of_torch(dims: int, *, transposed: bool = False):
    return getattr(torch, f"conv{'_transpose' if transposed else ''}{dims}d")


@pytest.mark.quick
@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("name", SETTINGS)
def test_equals_torchs_and_so_do_two_derivatives(dims, name):
    settings = SETTINGS[name]
    factors = factors_of(dims, settings.get("groups", 1))
    check_against(
        lambda *f: convolution(*f, **settings), lambda *f: of_torch(dims)(*f, **settings), factors
    )


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize(
    "settings", [{}, {"stride": 2, "padding": 1, "output_padding": 1}, {"groups": 2, "dilation": 2}]
)
def test_transposed_equals_torchs_and_so_do_two_derivatives(dims, settings):
    factors = factors_of(dims, settings.get("groups", 1))
    theirs = of_torch(dims, transposed=True)
    check_against(
        lambda *f: transposed_convolution(*f, **settings),
        lambda *f: theirs(*f, **settings),
        factors,
    )


@pytest.mark.parametrize("frozen", ["x", "w", "b", "xb", "wb", "xw"])
@pytest.mark.parametrize("transposed", [False, True])
def test_frozen_factors(frozen, transposed):
    parts = dict(zip("xwb", factors_of(2), strict=True))
    leaves = [t for name, t in parts.items() if name not in frozen]

    def of(function):
        def frozen_function(*given):
            left = iter(given)
            factors = (t.detach() if n in frozen else next(left) for n, t in parts.items())
            return function(*factors, stride=2).pow(3)

        return frozen_function

    ours = transposed_convolution if transposed else convolution
    check_against(of(ours), of(of_torch(2, transposed=transposed)), leaves)


@pytest.mark.parametrize("settings", [{"stride": 2, "padding": 1}, {"groups": 2, "dilation": 2}])
@pytest.mark.parametrize("transposed", [False, True])
def test_derivatives_of_every_order_against_differences(settings, transposed):
    """Of the second gradient too: a penalty on a slope has a Hessian of third derivatives."""
    x, w, b = factors_of(1, settings.get("groups", 1))
    function = transposed_convolution if transposed else convolution
    one = x[:1].detach().requires_grad_()
    check_by_differences(lambda *factors: function(*factors, **settings), [one, w, b])


def net(dtype=torch.float64):
    torch.manual_seed(0)
    layers = (
        nn.Conv2d(3, 6, 3, 2, 1),
        nn.BatchNorm2d(6),
        nn.Tanh(),
        nn.Conv2d(6, 4, 2, groups=2),
        nn.Tanh(),
    )
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(36, 5)).eval().to(dtype)
    return model, (torch.randn(4, 3, 8, 8, dtype=dtype), torch.randint(0, 5, (4,)))


@pytest.mark.parametrize("method", ["cached", "rebuilt"])
@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_an_operator_is_made_of_them(method, layout):
    model, (x, y) = net()
    model, x = model.to(memory_format=layout), x.to(memory_format=layout)
    vector = torch.randn(sum(p.numel() for p in model.parameters()), dtype=torch.float64)
    with formulas_used():
        ours = hessian_operator(model, F.cross_entropy, (x, y), method=method) @ vector
    with torchs_own():
        theirs = hessian_operator(model, F.cross_entropy, (x, y), method=method) @ vector
    torch.testing.assert_close(ours, theirs, rtol=1e-11, atol=1e-13)


def convolved_in_graph(run) -> bool:
    with double_backward_kernels(nn.Identity(), FORMULAS):
        output = run()
    return any(
        getattr(n, "_forward_cls", None) is Convolved for n in map(type, graph_nodes(output))
    )


@pytest.mark.quick
def test_what_it_serves_and_what_it_leaves_to_torch():
    """No error, the same answer, and our nodes in the graph or not."""
    x = torch.randn(2, 4, 6, 6, requires_grad=True)
    w, odd = (
        torch.randn(4, 4, 3, 3, requires_grad=True),
        torch.nn.Parameter(torch.randn(4, 4, 3, 3)),
    )

    class Own(torch.Tensor):
        pass

    served = {
        "a call": lambda: F.conv2d(x, w),
        "a parameter": lambda: F.conv2d(x, odd, padding=1),
        "by name": lambda: torch.conv2d(input=x, weight=w, stride=(2, 1)),
        "under autocast": lambda: in_autocast(lambda: F.conv2d(x, w)),
    }
    left = {
        "padding by name": lambda: F.conv2d(x, w, padding="same"),
        "without a batch": lambda: F.conv2d(x[0], w),
        "complex": lambda: F.conv2d(x + 1j * x, w + 0j).abs(),
        "a subclass": lambda: F.conv2d(x.as_subclass(Own), w).as_subclass(torch.Tensor),
        "in vmap": lambda: torch.vmap(lambda a: F.conv2d(a[None], w))(x),
        "empty": lambda: F.conv2d(x[:0], w),
    }
    for name, run in {**served, **left}.items():
        assert convolved_in_graph(run) == (name in served), name
        with double_backward_kernels(nn.Identity(), FORMULAS):
            ours = run()
        torch.testing.assert_close(ours, run(), msg=name)


def in_autocast(run):
    with torch.autocast("cpu", torch.bfloat16):
        return run()


def test_autocast_gives_what_torchs_gives():
    model, (x, y) = net(torch.float32)

    def loss(model, batch):
        with torch.autocast("cpu", torch.bfloat16):
            return F.cross_entropy(model(batch[0]).float(), batch[1])

    vector = torch.randn(sum(p.numel() for p in model.parameters()))
    with formulas_used():
        ours = hessian_operator(model, BatchLoss(loss), (x, y)) @ vector
    with torchs_own():
        theirs = hessian_operator(model, BatchLoss(loss), (x, y)) @ vector
    assert (ours - theirs).norm() < 0.03 * theirs.norm()


def test_a_mode_of_the_users_sees_torchs_convolution():
    seen = []

    class Watching(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            seen.append(func)
            return func(*args, **(kwargs or {}))

    x, w = torch.randn(2, 4, 6, 6), torch.randn(4, 4, 3, 3, requires_grad=True)
    with Watching():
        assert not convolved_in_graph(lambda: F.conv2d(x, w))
    assert torch.conv2d in seen
    seen.clear()

    def inside():
        with Watching():
            return F.conv2d(x, w)

    assert convolved_in_graph(inside)
    assert torch.conv2d in seen
    with torch.device("cpu"):  # a mode too, of torch's own
        assert convolved_in_graph(lambda: F.conv2d(x, w))


def test_a_checkpointed_block_and_a_penalty_on_a_slope():
    model, (x, y) = net()

    def loss(model, batch):
        x = batch[0].requires_grad_()
        block = lambda x: torch.utils.checkpoint.checkpoint(model[:3], x, use_reentrant=False)  # noqa: E731
        each = F.cross_entropy(model[3:](block(x)), batch[1], reduction="none")
        (slope,) = torch.autograd.grad(each.sum(), x, create_graph=True)
        return (each + slope.square().sum((1, 2, 3))).mean()

    vector = torch.randn(sum(p.numel() for p in model.parameters()), dtype=torch.float64)
    with formulas_used():
        ours = hessian_operator(model, BatchLoss(loss), (x, y)) @ vector
    with torchs_own():
        theirs = hessian_operator(model, BatchLoss(loss), (x, y)) @ vector
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)


def test_a_wrong_derivative_is_refused(monkeypatch):
    """The operator's own check has power over these formulas too."""
    right = _convolution.slopes

    def wrong(*given):
        of_input, of_kernel, of_bias = right(*given)
        factor = 1.0 if of_kernel is None or torch.is_grad_enabled() else 1.2
        return of_input, None if of_kernel is None else factor * of_kernel, of_bias

    monkeypatch.setattr(_convolution, "slopes", wrong)
    model, data = net()
    with formulas_used(), pytest.raises(ValueError, match="not symmetric"):
        hessian_operator(model, F.cross_entropy, data)


def test_a_small_model_on_a_cpu_is_left_to_torch(monkeypatch):
    """There formulas of ours cost more of Python than they save; a large one has convolutions."""
    model, (x, y) = net(torch.float32)
    seen = set()

    def loss(model, batch):
        value = F.cross_entropy(model(batch[0]), batch[1])
        seen.update(getattr(type(n), "_forward_cls", None) for n in graph_nodes(value))
        return value

    hessian_operator(model, BatchLoss(loss), (x, y))
    assert seen == {None}
    monkeypatch.setattr(_assembly, "LEAST_BYTES", 2**13)
    hessian_operator(model, BatchLoss(loss), (x, y))
    assert seen == {None, Convolved, Affine}
