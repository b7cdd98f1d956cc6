"""The noise scale of sign descent: against a calculation by hand, and where a sample misleads."""

import pytest
import torch
from torch import nn

from coursekit.models.perceptrons import mlp
from coursekit.noise import model_moments, sign_noise_scale

pytestmark = pytest.mark.quick


def test_by_hand():
    """One weight vector w, loss x.w: gradients are the rows of x."""
    model = nn.Linear(2, 1, bias=False)
    rows = torch.tensor([[1.0, 4.0], [3.0, -4.0], [5.0, 6.0], [3.0, 2.0]])
    found = sign_noise_scale(model, lambda out, _: out.mean(), rows, torch.zeros(4))
    # means 3 and 2; variances (4 + 0 + 4 + 0)/4 = 2 and (4 + 36 + 16 + 0)/4 = 14
    assert found.grad_l1 == pytest.approx(5)
    assert found.noise_l1 == pytest.approx(2**0.5 + 14**0.5)
    assert found.value == pytest.approx(((2**0.5 + 14**0.5) / 5) ** 2)
    assert found.euclidean == pytest.approx(16 / 13)
    assert found.num_examples == 4


def test_the_euclidean_one_is_the_librarys_and_chunks_do_not_matter():
    g = torch.Generator().manual_seed(0)
    model = mlp((5, 4, 3), generator=g)
    pair = (torch.randn(30, 5, generator=g), torch.randint(3, (30,), generator=g))
    found = sign_noise_scale(model, nn.functional.cross_entropy, *pair, chunk_size=7)
    again = sign_noise_scale(model, nn.functional.cross_entropy, *pair)
    assert found.value == pytest.approx(again.value)
    moments = model_moments(model, nn.functional.cross_entropy, pair, target="training set")
    assert found.euclidean == pytest.approx(moments.grad_noise_scale * 29 / 30)


def test_a_sample_in_place_of_the_data_makes_it_too_small():
    """The mistake that the docstring names: |g_i| of a noisy mean is too large."""
    g = torch.Generator().manual_seed(1)
    model = nn.Linear(50, 1, bias=False)
    rows = 0.1 + torch.randn(4096, 50, generator=g)

    def of(part):
        loss = lambda out, _: out.mean()  # noqa: E731
        return sign_noise_scale(model, loss, part, torch.zeros(len(part))).value

    assert of(rows) == pytest.approx(100, rel=0.1)
    assert of(rows[:32]) < 60


def test_what_has_no_scale_is_refused():
    model = nn.Linear(2, 1, bias=False)
    loss = lambda out, _: out.mean()  # noqa: E731
    with pytest.raises(ValueError, match="2 examples"):
        sign_noise_scale(model, loss, torch.ones(1, 2), torch.zeros(1))
    with pytest.raises(ValueError, match="needs a signal"):
        sign_noise_scale(model, loss, torch.zeros(3, 2), torch.zeros(3))
