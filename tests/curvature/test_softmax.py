"""Softmax in attention and loss by its own second derivative against torch's, and differences."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from twice_formulas import check_against, check_by_differences, drawn, formulas_used, torchs_own

from coursekit.curvature import hessian_operator
from coursekit.curvature._normalised import LayerNorm
from coursekit.curvature._softmax import Attention, CrossEntropy, attention, cross_entropy
from coursekit.curvature._twice import FORMULAS, double_backward_kernels
from coursekit.gradients._graph import graph_nodes


@pytest.mark.quick
@pytest.mark.parametrize("settings", [{}, {"is_causal": True}, {"scale": 0.3}])
@pytest.mark.parametrize("columns", [4, 6])
def test_attention_equals_torchs_and_so_do_two_derivatives(settings, columns):
    leaves = drawn(1, (2, 3, 4, 5), (2, 3, columns, 5), (2, 3, columns, 7))
    with sdpa_kernel(SDPBackend.MATH):
        check_against(
            lambda *qkv: attention(*qkv, **settings),
            lambda *qkv: F.scaled_dot_product_attention(*qkv, **settings),
            leaves,
        )


@pytest.mark.quick
@pytest.mark.parametrize("targets", [[0, 2, 1, 1, 0], [-100, 2, 1, -100, 0]])
def test_cross_entropy_equals_torchs_and_so_do_two_derivatives(targets):
    target = torch.tensor(targets)
    check_against(
        lambda z: cross_entropy(z, target),
        lambda z: F.cross_entropy(z, target),
        drawn(2, (5, 3)),
    )
    target = torch.where(target < 0, 1, target)
    check_against(
        lambda z: cross_entropy(z, target, ignore_index=1),
        lambda z: F.cross_entropy(z, target, ignore_index=1),
        drawn(3, (5, 3)),
    )


def test_no_target_left_is_nan_as_torchs():
    (z,) = drawn(4, (2, 3))
    target = torch.full((2,), -100)
    assert cross_entropy(z, target).isnan()
    assert F.cross_entropy(z, target).isnan()


def test_third_derivatives_against_differences():
    check_by_differences(
        lambda *qkv: attention(*qkv, is_causal=True), drawn(5, *[(1, 2, 3, 2)] * 3)
    )
    check_by_differences(lambda z: cross_entropy(z, torch.tensor([0, 2, -100])), drawn(6, (3, 3)))


@pytest.mark.quick
def test_what_is_left_to_torch():
    q, k, v = drawn(7, *[(2, 2, 3, 4)] * 3)
    (z,) = drawn(8, (4, 3))
    target = torch.tensor([0, 1, 2, 0])
    left = {
        "a mask": attention(q, k, v, torch.ones(3, 3, dtype=torch.bool)),
        "dropout": attention(q, k, v, dropout_p=0.1),
        "grouped queries": attention(q, k, v, enable_gqa=True),
        "without heads": attention(q[0], k[0], v[0]),
        "fewer keys, causal": attention(q, k[:, :, :2], v[:, :, :2], is_causal=True),
        "several types": attention(q, k, v.float()),
        "probabilities": cross_entropy(z, z.softmax(-1)),
        "class weights": cross_entropy(z, target, torch.ones(3, dtype=z.dtype)),
        "a sum": cross_entropy(z, target, reduction="sum"),
        "the old way to say sum": cross_entropy(z, target, size_average=False),
        "smoothing": cross_entropy(z, target, label_smoothing=0.1),
        "positions": cross_entropy(z[None].mT, target[None]),
        "a wrong length": cross_entropy(z, target[:2]),
        "nothing": cross_entropy(z[:0], target[:0]),
    }
    with torch.autocast("cpu", torch.bfloat16):
        left["in autocast"] = cross_entropy(z.float(), target)
    for name, answer in left.items():
        assert answer is NotImplemented, name


class Block(nn.Module):
    """A transformer's layer, with what the formulas replace."""

    def __init__(self):
        super().__init__()
        self.norm, self.qkv, self.head = nn.LayerNorm(6), nn.Linear(6, 18), nn.Linear(6, 3)

    def forward(self, x):
        q, k, v = self.qkv(self.norm(x)).view(*x.shape[:2], 3, 2, 3).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.head((x + mixed.transpose(1, 2).flatten(2)).mean(1))


@pytest.mark.parametrize("method", ["cached", "rebuilt"])
def test_an_operator_of_a_transformer_is_made_of_them(method):
    torch.manual_seed(0)
    model = Block().double()
    data = torch.randn(4, 5, 6, dtype=torch.float64), torch.tensor([0, 2, 1, 1])
    vector = torch.randn(sum(p.numel() for p in model.parameters()), dtype=torch.float64)
    with formulas_used():
        ours = hessian_operator(model, F.cross_entropy, data, method=method) @ vector
    with double_backward_kernels(model, FORMULAS):
        loss = F.cross_entropy(model(data[0]), data[1])
    found = {getattr(type(node), "_forward_cls", None) for node in graph_nodes(loss)}
    assert {CrossEntropy, LayerNorm, Attention} <= found
    with torchs_own():
        theirs = hessian_operator(model, F.cross_entropy, data, method=method) @ vector
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
