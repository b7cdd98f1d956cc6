import pytest
import torch

from coursekit.data.series import draw_series, fresh_series
from coursekit.data.splits import load


def moments(inputs, targets):
    """Mean and variance of every point, class by class: (10, 2, 40)."""
    parts = [inputs[targets == c] for c in range(10)]
    return torch.stack([torch.stack([x.mean(dim=0), x.var(dim=0)]) for x in parts])


def scaled(inputs):
    """Series of variance one over all points, as MNIST-1D comes."""
    return (inputs - inputs.mean()) / inputs.std()


def test_classes_look_like_those_of_the_set_that_ships():
    """Differences of class means and variances are those of two samples of one law."""
    old = load("mnist1d")
    theirs = torch.cat([old.train_inputs, old.validation_inputs, old.test_inputs])
    classes = torch.cat([old.train_targets, old.validation_targets, old.test_targets])
    inputs, targets = draw_series(8000, torch.Generator().manual_seed(0))
    inputs = inputs - inputs.mean(dim=0)
    inputs = inputs / inputs.std() * theirs.std()
    mine, old_moments = moments(inputs, targets), moments(theirs - theirs.mean(dim=0), classes)
    spread = (2 * old_moments[:, 1] / 800).sqrt()  # of the difference of two means of 800
    z = (mine[:, 0] - old_moments[:, 0]) / spread
    assert z.square().mean().sqrt() < 1.25
    assert (mine[:, 1] / old_moments[:, 1] - 1).abs().mean() < 0.1
    swapped = moments(inputs, (targets + 1) % 10)  # the check sees one class taken for the next
    assert ((swapped[:, 0] - old_moments[:, 0]) / spread).square().mean().sqrt() > 3


def test_splits_are_drawn_from_the_generator_alone_and_hold_what_was_asked():
    one, two = (fresh_series(300, generator=torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one.train_inputs, two.train_inputs)
    assert one.train_inputs.shape == (300, 40)
    assert one.test_targets.shape == (4000,)
    assert set(one.test_targets.tolist()) == set(range(10))
    assert one.train_inputs.std() == pytest.approx(1.0, abs=0.01)
    assert not torch.equal(one.train_inputs[:300], one.test_inputs[:300])


def test_impossible_counts_are_refused():
    with pytest.raises(ValueError, match="got 0 and 10"):
        fresh_series(0, generator=torch.Generator(), num_other=10)
