"""Formulas for second derivatives on a real GPU: its kernels are others than a CPU's."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from twice_formulas import check_against, drawn, torchs_own

from coursekit.curvature import hessian_operator
from coursekit.curvature._convolution import convolution, transposed_convolution
from coursekit.curvature._normalised import batch_norm, layer_norm
from coursekit.curvature._pointwise import gelu, silu, tanh
from coursekit.curvature._product import addmm, linear
from coursekit.curvature._softmax import attention, cross_entropy

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]
TARGET = [0, 2, -100, 1]


def on_gpu(seed, *shapes, layout=torch.contiguous_format):
    return [
        t.detach()
        .cuda()
        .to(memory_format=layout if t.dim() == 4 else torch.contiguous_format)
        .requires_grad_()
        for t in drawn(seed, *shapes)
    ]


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize(
    "settings", [{}, {"stride": 2, "padding": 1}, {"groups": 2, "dilation": 2}]
)
@pytest.mark.parametrize("transposed", [False, True])
def test_convolutions(layout, settings, transposed):
    kernel = (4, 4 // settings.get("groups", 1), 3, 3)
    leaves = on_gpu(1, (3, 4, 9, 8), kernel, (4,), layout=layout)
    ours = transposed_convolution if transposed else convolution
    theirs = F.conv_transpose2d if transposed else F.conv2d
    check_against(lambda *f: ours(*f, **settings), lambda *f: theirs(*f, **settings), leaves)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_batch_norm(layout):
    mean, spread = (t.detach() for t in on_gpu(2, (4,), (4,)))
    leaves = on_gpu(3, (3, 4, 6, 5), (4,), (4,), layout=layout)
    check_against(
        lambda x, w, b: batch_norm(x, mean, spread.exp(), w, b),
        lambda x, w, b: F.batch_norm(x, mean, spread.exp(), w, b),
        leaves,
    )


@pytest.mark.parametrize("bias", [True, False])
def test_layer_norm(bias):
    check_against(
        lambda x, *wb: layer_norm(x, (64,), *wb),
        lambda x, *wb: F.layer_norm(x, (64,), *wb),
        on_gpu(4, (3, 7, 64), (64,), *[(64,)] * bias),
    )


@pytest.mark.parametrize("is_causal", [True, False])
def test_attention(is_causal):
    with sdpa_kernel(SDPBackend.MATH):
        check_against(
            lambda *qkv: attention(*qkv, is_causal=is_causal),
            lambda *qkv: F.scaled_dot_product_attention(*qkv, is_causal=is_causal),
            on_gpu(5, *[(2, 3, 9, 8)] * 3),
        )


def test_cross_entropy():
    target = torch.tensor(TARGET, device="cuda")
    check_against(
        lambda z: cross_entropy(z, target),
        lambda z: F.cross_entropy(z, target),
        on_gpu(6, (4, 3)),
    )


@pytest.mark.parametrize(("mine", "theirs"), [(gelu, F.gelu), (silu, F.silu), (tanh, torch.tanh)])
def test_functions_of_single_numbers(mine, theirs):
    check_against(mine, theirs, on_gpu(7, (5, 33)))


@pytest.mark.parametrize("bias", [True, False])
def test_products_with_a_matrix(bias):
    check_against(linear, F.linear, on_gpu(8, (3, 7, 64), (32, 64), *[(32,)] * bias))
    check_against(addmm, torch.addmm, on_gpu(9, (32,), (21, 64), (64, 32)))


@pytest.mark.parametrize("method", ["cached", "rebuilt"])
def test_a_product_is_that_of_torchs_operations(method):
    torch.manual_seed(0)
    layers = (nn.Conv2d(3, 8, 3, 2, 1, bias=False), nn.BatchNorm2d(8), nn.Tanh(), nn.Flatten())
    model = nn.Sequential(*layers, nn.LayerNorm(128), nn.Linear(128, 5)).eval().double().cuda()
    data = torch.randn(6, 3, 8, 8).double().cuda(), torch.randint(0, 5, (6,)).cuda()
    vector = torch.randn(sum(p.numel() for p in model.parameters())).double().cuda()
    ours = hessian_operator(model, F.cross_entropy, data, method=method) @ vector
    with torchs_own():
        theirs = hessian_operator(model, F.cross_entropy, data, method=method) @ vector
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-11)
