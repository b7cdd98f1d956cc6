"""What the launchers of our kernels hand back, without a GPU: tensors of their own, as promised.

A stand-in for Triton launches nothing, so numbers are not looked at here; tests/gpu has those.
An operation of torch's may not return its inputs, nor two views of one tensor: torch refuses both,
and on a GPU only.
"""

import importlib
import sys
from types import ModuleType, SimpleNamespace

import pytest
import torch

from coursekit.replicas import _operations, _row_operations

pytestmark = pytest.mark.quick
NAME = "coursekit.replicas._kernels"


class Unlaunched:
    """A kernel that can be called on any grid and does nothing."""

    def __getitem__(self, grid):
        return lambda *arguments, **settings: None


@pytest.fixture
def kernels(monkeypatch):
    """Return the module of kernels, imported with the stand-in."""
    triton = ModuleType("triton")
    triton.jit = lambda function: Unlaunched()
    triton.cdiv = lambda a, b: -(-a // b)
    triton.next_power_of_2 = lambda n: 1 << (n - 1).bit_length()
    triton.language = ModuleType("triton.language")
    triton.language.constexpr = SimpleNamespace()
    with monkeypatch.context() as meanwhile:  # torch looks for Triton, too
        meanwhile.setitem(sys.modules, "triton", triton)
        meanwhile.setitem(sys.modules, "triton.language", triton.language)
        meanwhile.delitem(sys.modules, NAME, raising=False)
        found = importlib.import_module(NAME)
    sys.modules.pop(NAME, None)
    vars(importlib.import_module("coursekit.replicas")).pop("_kernels", None)
    return found


def several(found):
    return (found,) if isinstance(found, torch.Tensor) else tuple(found)


def share(tensors):
    """Tell whether two of some tensors lie in one storage."""
    return len({t.untyped_storage().data_ptr() for t in tensors}) < len(tensors)


def inputs_of(name):
    """Return tensors and settings with which an operation can be called; it is what they fit."""
    x, w, g = torch.ones(2, 3, 6, 5, 4), torch.ones(2, 36, 8), torch.ones(2, 3, 6, 5, 8)
    shape, rows, scale = [3, 3, 1, 1, 1, 1], torch.ones(2, 70, 6), torch.ones(2, 6)
    qkv, mixed = torch.ones(6, 9, 3, 2, 16), torch.ones(6, 9, 2, 16)
    return {
        "attention": (_operations, (qkv,), ("tf32x3",)),
        "attention_gradient": (_operations, (qkv, mixed), ("tf32x3",)),
        "convolution": (_operations, (x, w, torch.ones(2, 8)), ([6, 5], shape, False, "tf32x3")),
        "convolution_weight": (_operations, (x, g), (shape, "tf32x3")),
        "layer_norm": (_row_operations, (rows, scale, torch.ones(2, 6)), (1e-5,)),
        "layer_norm_gradient": (_row_operations, (rows, scale, torch.ones(2, 70, 6)), (1e-5,)),
    }[name]


@pytest.mark.parametrize(
    "name",
    ["attention", "attention_gradient", "convolution", "convolution_weight", "layer_norm",
     "layer_norm_gradient"],
)  # fmt: skip
def test_a_launcher_returns_tensors_of_its_own_in_the_formulas_shapes(name, kernels):
    home, tensors, settings = inputs_of(name)
    found = several(getattr(kernels, name)(*tensors, *settings))
    formula = several(getattr(home, name)(*tensors, *settings))
    assert [(t.shape, t.dtype) for t in found] == [(t.shape, t.dtype) for t in formula]
    assert not share([*found, *tensors])


def test_two_views_of_one_tensor_are_told():
    one, other = torch.zeros(2, 3)
    assert share([one, other])
    assert not share([one, other.clone()])
