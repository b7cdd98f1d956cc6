"""Oracles: the singular values' own recursion, `torch.optim.Muon`, and AdamW for the rest."""

import numpy as np
import pytest
import torch

from coursekit.train._optim_stacked import stacked_state, stacked_step
from coursekit.train.optim import Muon, orthogonalised, torch_optimizer

pytestmark = pytest.mark.quick
HAS_MUON = hasattr(torch.optim, "Muon")  # from torch 2.9 on


def random_matrix(rows, columns, seed=0, dtype=torch.float64):
    g = torch.Generator().manual_seed(seed)
    return torch.randn(rows, columns, generator=g, dtype=torch.float64).to(dtype)


def recursion(values, steps=5):
    """Follow singular values alone, with numpy: no product of matrices."""
    s = values / np.sqrt((values**2).sum())
    for _ in range(steps):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    return s


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (1, 7)])
@pytest.mark.parametrize("steps", [1, 5])
def test_singular_values_follow_their_polynomial_and_directions_stay(shape, steps):
    matrix = random_matrix(*shape)
    u, s, vt = np.linalg.svd(matrix.numpy(), full_matrices=False)
    expected = (u * recursion(s, steps)) @ vt
    assert np.abs(orthogonalised(matrix, ns_steps=steps).numpy() - expected).max() < 1e-12


def test_values_above_a_hundredth_come_near_1_and_not_to_1():
    """The docstring's figures, on every value that a matrix of norm 1 can have."""
    s = np.linspace(0.01, 1.0, 20_001)
    for _ in range(5):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    assert 0.675 < s.min() < 0.685
    assert 1.13 < s.max() < 1.145


def test_the_size_of_the_gradient_does_not_matter_and_zero_stays():
    matrix = random_matrix(5, 3)
    assert (orthogonalised(matrix) - orthogonalised(1e4 * matrix)).abs().max() < 1e-12
    assert torch.equal(orthogonalised(torch.zeros(3, 2)), torch.zeros(3, 2))


def test_matrices_of_a_stack_do_not_meet():
    one, other = random_matrix(4, 3, seed=1), random_matrix(4, 3, seed=2)
    both = orthogonalised(torch.stack([one, 100 * other]))
    assert (both[0] - orthogonalised(one)).abs().max() < 1e-13
    assert (both[1] - orthogonalised(other)).abs().max() < 1e-13


def ours_and_torchs(settings, shape, dtype, num_steps=10, lr=0.02):
    """Return the matrix after some steps of ours, of ours stacked, and of torch's."""
    start = random_matrix(*shape, dtype=dtype)
    ours, theirs = (torch.nn.Parameter(start.clone()) for _ in range(2))
    stacked = [start.clone().unsqueeze(0)]
    state = stacked_state(settings, stacked)
    one = torch_optimizer(settings, [ours], lr=lr)
    other = torch.optim.Muon(
        [theirs],
        lr=lr,
        momentum=settings.momentum,
        nesterov=settings.nesterov,
        weight_decay=settings.weight_decay,
        ns_steps=settings.ns_steps,
    )
    for step in range(num_steps):
        grad = random_matrix(*shape, seed=step + 1, dtype=dtype)
        ours.grad, theirs.grad = grad.clone(), grad.clone()
        one.step()
        other.step()
        rate = torch.tensor([lr], dtype=dtype)
        stacked_step(settings, stacked, [grad.clone().unsqueeze(0)], state, rate, step + 1)
    return ours.detach(), stacked[0][0], theirs.detach()


CASES = [
    ((8, 5), {}),
    ((5, 8), {"weight_decay": 0.1}),
    ((6, 6), {"nesterov": False, "momentum": 0.8, "ns_steps": 3}),
]


@pytest.mark.skipif(not HAS_MUON, reason="torch.optim.Muon came with torch 2.9")
@pytest.mark.parametrize(("shape", "options"), CASES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_is_torchs_muon_in_the_weights_own_type(shape, options, dtype, monkeypatch):
    """torch iterates in bfloat16 always; with that conversion taken out it is ours to 1e-6."""
    monkeypatch.setattr(torch.Tensor, "bfloat16", lambda tensor: tensor.clone())
    found = ours_and_torchs(Muon(**options), shape, dtype)
    limit = 1e-6 if dtype == torch.float32 else 1e-13
    assert all((each - found[-1]).abs().max() < limit for each in found)


@pytest.mark.skipif(not HAS_MUON, reason="torch.optim.Muon came with torch 2.9")
@pytest.mark.parametrize(("shape", "options"), CASES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_it_is_torchs_muon_in_bfloat16(shape, options, dtype):
    """Products of stacks may round the last of bfloat16's 8 bits differently, once or twice."""
    found = ours_and_torchs(Muon(bfloat16=True, **options), shape, dtype)
    assert all((each - found[-1]).abs().max() <= 2 * 0.02 * 2**-8 for each in found)


@pytest.mark.skipif(not HAS_MUON, reason="torch.optim.Muon came with torch 2.9")
def test_bfloat16_is_seen_by_that_comparison():
    for shape, options in CASES:
        ours, _, theirs = ours_and_torchs(Muon(**options), shape, torch.float64)
        assert (ours - theirs).abs().max() > 2 * 0.02 * 2**-8


@pytest.mark.parametrize(
    ("shape", "settings"),
    [((5,), Muon(weight_decay=0.2)), ((4, 3), Muon(weight_decay=0.2, orthogonal=False))],
    ids=["vector", "a matrix left out"],
)
def test_all_else_takes_adamws_step(shape, settings):
    g = torch.Generator().manual_seed(0)
    start = torch.randn(*shape, generator=g, dtype=torch.float64)
    ours, theirs = (torch.nn.Parameter(start.clone()) for _ in range(2))
    one = torch_optimizer(settings, [ours], lr=0.1)
    other = torch.optim.AdamW(
        [theirs], lr=0.1 * 0.015, betas=(0.9, 0.95), eps=1e-10, weight_decay=0.2
    )
    for _ in range(12):
        ours.grad = torch.randn(*shape, generator=g, dtype=torch.float64)
        theirs.grad = ours.grad.clone()
        one.step()
        other.step()
    assert (ours - theirs).abs().max() < 1e-13


def test_a_group_leaves_the_head_to_adamw():
    hidden, head = (torch.nn.Parameter(random_matrix(4, 4)) for _ in range(2))
    optimizer = torch_optimizer(
        "muon", [{"params": [hidden]}, {"params": [head], "orthogonal": False}], lr=0.1
    )
    hidden.grad, head.grad = random_matrix(4, 4, seed=1), random_matrix(4, 4, seed=1)
    before = head.detach().clone()
    optimizer.step()
    assert (head - before).abs().max().item() == pytest.approx(0.1 * 0.015)  # Adam's first step
    assert (hidden - before).abs().max() > 0.01


def test_a_convolution_counts_as_one_matrix():
    g = torch.Generator().manual_seed(0)
    weight = torch.nn.Parameter(torch.zeros(4, 3, 2, 2, dtype=torch.float64))
    weight.grad = torch.randn(4, 3, 2, 2, generator=g, dtype=torch.float64)
    torch_optimizer(Muon(), [weight], lr=1.0).step()
    expected = orthogonalised(weight.grad.reshape(4, 12))
    assert (weight.detach().reshape(4, 12) + expected).abs().max() < 1e-12
