import math

import numpy as np
import pytest
import torch

from coursekit.hardware import compressed_noise, random_share

NUM_DRAWS = 3000  # fixed beforehand
WORKERS, SHARE, B = 4, 0.25, 16
MEAN = torch.tensor([1.0, -2.0, 0.5, 0.0])
SPREAD = torch.tensor([1.0, 2.0, 0.5, 3.0])


@pytest.fixture(scope="module")
def errors():
    """Squared error of the average of compressed worker gradients, one number a draw."""
    g = torch.Generator().manual_seed(0)
    found = []
    for _ in range(NUM_DRAWS):
        rows = MEAN + SPREAD * torch.randn(B, 4, generator=g)
        sent = [random_share(w.mean(dim=0), SHARE, generator=g) for w in rows.chunk(WORKERS)]
        found.append((torch.stack(sent).mean(dim=0) - MEAN).square().sum().item())
    return np.array(found)


def z_score(values, truth):
    return (values.mean() - truth) / (values.std(ddof=1) / math.sqrt(len(values)))


def test_the_formula_gives_the_noise(errors):
    signal, trace = MEAN.square().sum().item(), SPREAD.square().sum().item()
    truth = compressed_noise(signal, trace, B, num_workers=WORKERS, share=SHARE)
    assert abs(z_score(errors, truth)) < 4


def test_the_check_rejects_what_forgets_a_part(errors):
    signal, trace = MEAN.square().sum().item(), SPREAD.square().sum().item()
    without_signal = trace / B / SHARE
    not_averaged = trace / B + (1 / SHARE - 1) * (signal + trace / B)
    assert z_score(errors, without_signal) > 8
    assert z_score(errors, not_averaged) < -8


@pytest.mark.quick
def test_sending_all_adds_nothing():
    grad = torch.randn(10)
    assert torch.equal(random_share(grad, 1.0, generator=torch.Generator()), grad)
    assert compressed_noise(3.0, 8.0, 4, num_workers=2, share=1.0) == 2.0


@pytest.mark.quick
@pytest.mark.parametrize("share", [0.0, -0.1, 1.5])
def test_a_share_outside_its_range_is_refused(share):
    with pytest.raises(ValueError, match="share must be"):
        random_share(torch.ones(3), share, generator=torch.Generator())
