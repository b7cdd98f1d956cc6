import math

import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from coursekit.data.splits import load
from coursekit.experiments.arms import (
    LR,
    SIZES,
    Arm,
    accuracy_of,
    drawn_examples,
    example_weights,
    flat_weights,
    loss_of,
    stacked_weights,
    train_arm,
    train_arm_to_loss,
)
from coursekit.experiments.equal_loss import mlp_with
from coursekit.models.perceptrons import mlp


@pytest.fixture(scope="module")
def data():
    return load("mnist1d", num_train=256)


def test_a_step_is_sgd_on_the_drawn_examples_for_each_seed(data):
    arm, seeds = Arm(8, weight_decay=0.1), [0, 5]
    (block,) = drawn_examples(256, 8, seeds, 2, once=False)
    after = flat_weights(train_arm(arm, data, seeds, 2, (2,))[2])
    for row, seed in enumerate(seeds):
        model = mlp(SIZES, generator=torch.Generator().manual_seed(seed))
        optimizer = torch.optim.SGD(model.parameters(), lr=LR, weight_decay=0.1)
        for batch in block[:, row]:
            optimizer.zero_grad()
            cross_entropy(model(data.train_inputs[batch]), data.train_targets[batch]).backward()
            optimizer.step()
        flat = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
        assert torch.allclose(after[row], flat, atol=1e-5)


def test_noise_put_in_has_mean_zero_and_the_covariance_of_a_batch():
    """Weights on examples: those of the batch sum to one, the others to zero, squares to 1/b."""
    weights = example_weights(Arm(128, added=18)).double()
    assert weights[:128].sum() == pytest.approx(1.0)
    assert weights[128:].sum() == pytest.approx(0.0, abs=1e-6)
    assert weights[128:].square().sum() == pytest.approx(1 / 18)
    assert weights.square().sum() == pytest.approx(1 / 128 + 1 / 18)


def test_the_step_with_noise_put_in_varies_as_that_of_the_small_batch(data):
    """Gradients of one layer at the start: total variance over draws, and a twin without root."""
    params = [p.detach() for p in stacked_weights([0], torch.device("cpu"))]
    model = mlp_with(SIZES, flat_weights(params)[0])
    inputs, targets = data.train_inputs, data.train_targets
    hidden = model(inputs).softmax(dim=1)
    error = hidden - torch.nn.functional.one_hot(targets, 10)  # of the last bias, per example
    tr_cov = error.var(dim=0, correction=0).sum().item()
    g = torch.Generator().manual_seed(0)

    def variance(weights):
        drawn = torch.randint(256, (4000, len(weights)), generator=g)
        return (weights[None, :, None] * error[drawn]).sum(dim=1).var(dim=0).sum().item()

    wanted = tr_cov * (1 / 128 + 1 / 18)
    assert variance(example_weights(Arm(128, added=18))) == pytest.approx(wanted, rel=0.05)
    wrong = example_weights(Arm(128, added=18))
    wrong[128:] *= math.sqrt(2)  # the difference of two means, not brought to one
    assert variance(wrong) > 1.5 * wanted


def test_one_pass_meets_no_example_twice():
    blocks = torch.cat(list(drawn_examples(700, 5, [0, 1], 130, once=True)))
    assert blocks.shape == (130, 2, 5)
    for seed in range(2):
        met = blocks[:, seed].flatten().tolist()
        assert len(set(met)) == len(met)
    repeated = torch.cat(list(drawn_examples(700, 5, [0], 130, once=False)))
    assert len(set(repeated.flatten().tolist())) < 650
    with pytest.raises(ValueError, match="need 750 for one pass, there are 700"):
        next(drawn_examples(700, 5, [0], 150, once=True))


def test_flat_weights_are_those_of_the_model(data):
    params = stacked_weights([3], torch.device("cpu"))
    model = mlp(SIZES, generator=torch.Generator().manual_seed(3))
    flat = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
    assert torch.equal(flat_weights(params)[0], flat)
    with torch.no_grad():
        loss = cross_entropy(model(data.test_inputs), data.test_targets).item()
        hits = (model(data.test_inputs).argmax(dim=1) == data.test_targets).double().mean().item()
    assert loss_of(params, data.test_inputs, data.test_targets) == pytest.approx([loss])
    assert accuracy_of(params, data.test_inputs, data.test_targets) == pytest.approx([100 * hits])


def test_it_stops_at_the_first_look_below_the_target(data):
    arm, seeds = Arm(32, dropout=0.2), [0, 1]
    weights, steps = train_arm_to_loss(arm, data, seeds, target=2.0, max_steps=200, check_every=5)
    assert (steps > 0).all()
    pair = (data.train_inputs, data.train_targets)
    for row, step in enumerate(steps):
        kept = train_arm(arm, data, seeds, int(step), (int(step) - 5, int(step)))
        before, after = (loss_of(kept[s], *pair)[row] for s in (step - 5, step))
        assert after < 2.0 <= before
        assert torch.allclose(flat_weights(kept[step])[row], weights[row])
    never, missing = train_arm_to_loss(arm, data, seeds, target=0.01, max_steps=5, check_every=5)
    assert never.isnan().all()
    assert np.array_equal(missing, [-1, -1])
