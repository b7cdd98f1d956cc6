"""The loss's Hessian in the output, as signed squares, against dense matrices."""

import pytest
import torch
import torch.nn.functional as F
from dense_curvature import generator, squared_loss
from torch.func import jacrev

from coursekit.curvature._output_hessian import output_hessian_factors


def reassembled(factors, signs):
    return torch.einsum("cn,cni,cnj->nij", signs, factors, factors)


def dense(loss_fn, output, target):
    """One example at a time; the loss is a mean, so one example's loss is its own term."""
    rows = []
    for n in range(len(output)):
        shape = output[n : n + 1].shape

        def alone(flat, n=n, shape=shape):
            return loss_fn(flat.view(shape), target[n : n + 1])

        rows.append(jacrev(jacrev(alone))(output[n].reshape(-1)).detach())
    return torch.stack(rows)


def wavy(output, target):
    """Not convex, and its outputs interact."""
    return (torch.sin(output).sum(1) * output[:, 0] + target).mean()


LOSSES = {
    "softmax": F.cross_entropy,
    "smoothed": lambda o, t: F.cross_entropy(o, t, label_smoothing=0.2),
    "twice softmax": lambda o, t: 2 * F.cross_entropy(o, t),
    "squares": squared_loss,
    "logistic": lambda o, t: F.binary_cross_entropy_with_logits(
        o, F.one_hot(t, o.shape[1]).to(o.dtype)
    ),
    "squared hinge": lambda o, t: (1 - o).relu().square().sum(1).mul(t).mean(),
    "wavy": wavy,
    "linear": lambda o, t: (o.sum(1) * t).mean(),
}


@pytest.mark.quick
@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("num_outputs", [2, 5])
def test_factors_give_the_hessian_back(name, num_outputs):
    output = torch.randn(7, num_outputs, generator=generator(), dtype=torch.float64)
    target = torch.randint(0, num_outputs, (7,), generator=generator(1))
    factors, signs = output_hessian_factors(LOSSES[name], output, target)
    num_factors = num_outputs - (name in ("softmax", "smoothed"))  # diag(p) - pp' has a kernel
    assert factors.shape == (num_factors, 7, num_outputs)
    expected = dense(LOSSES[name], output, target)
    torch.testing.assert_close(reassembled(factors, signs), expected, rtol=1e-9, atol=1e-11)


def test_only_the_losses_that_need_it_are_decomposed(monkeypatch):
    def refuse(*args):
        raise AssertionError("eigh was called")

    output = torch.randn(7, 4, generator=generator(), dtype=torch.float64)
    target = torch.randint(0, 4, (7,), generator=generator(1))
    monkeypatch.setattr(torch.linalg, "eigh", refuse)
    for name in ("softmax", "smoothed", "squares", "logistic", "linear"):
        output_hessian_factors(LOSSES[name], output, target)
    for name in ("twice softmax", "wavy"):
        with pytest.raises(AssertionError, match="eigh"):
            output_hessian_factors(LOSSES[name], output, target)


@pytest.mark.quick
def test_other_shapes_of_output():
    images = torch.randn(3, 2, 2, generator=generator(), dtype=torch.float64)
    target = torch.randint(0, 2, (3, 2), generator=generator(1))
    factors, signs = output_hessian_factors(F.cross_entropy, images, target)
    expected = dense(F.cross_entropy, images, target)
    torch.testing.assert_close(reassembled(factors, signs), expected, rtol=1e-9, atol=1e-11)
    flat = torch.randn(6, generator=generator(), dtype=torch.float64)
    factors, signs = output_hessian_factors(F.mse_loss, flat, torch.ones(6))
    torch.testing.assert_close(
        reassembled(factors, signs).flatten(), torch.full((6,), 2.0).double()
    )


@pytest.mark.quick
@pytest.mark.parametrize("scale", [0.0, 1.0, 30.0, 1000.0])
def test_float32_and_saturated_outputs(scale):
    output = scale * torch.randn(50, 10, generator=generator())
    target = torch.randint(0, 10, (50,), generator=generator(1))
    factors, signs = output_hessian_factors(F.cross_entropy, output, target)
    expected = dense(F.cross_entropy, output.double(), target)
    torch.testing.assert_close(reassembled(factors, signs).double(), expected, rtol=0, atol=1e-5)


@pytest.mark.quick
def test_examples_that_interact_are_refused():
    output = torch.randn(5, 3, generator=generator(), dtype=torch.float64)
    with pytest.raises(ValueError, match="couples examples"):
        output_hessian_factors(lambda o, t: (o @ o.T).square().mean(), output, torch.zeros(5))
