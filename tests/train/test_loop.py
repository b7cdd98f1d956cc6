import copy
import dataclasses
import math

import pytest
import torch
from torch import nn

from coursekit.data.orders import epoch_batches
from coursekit.data.splits import load
from coursekit.gradients.minibatch import per_example_gradients
from coursekit.models.perceptrons import mlp
from coursekit.train.loop import TrainConfig, accuracy, backward, stream_blocks, train
from coursekit.train.measures import gradient_moments, losses, sharpness

pytestmark = pytest.mark.quick


def test_the_loop_equals_torch_sgd():
    """Oracle: torch.optim.SGD over the same batches with the same schedule."""
    data = load("digits", num_train=128)

    def schedule(step):
        return 0.1 / (1 + step)

    model = mlp((64, 16, 10), generator=torch.Generator().manual_seed(0)).double()
    data = type(data)(**{**vars(data), "train_inputs": data.train_inputs.double()})
    other = copy.deepcopy(model)
    history = train(
        model, data, TrainConfig(32, 12, schedule), rng=torch.Generator().manual_seed(1)
    )
    optimizer = torch.optim.SGD(other.parameters(), lr=1.0)
    batches = epoch_batches(128, 32, generator=torch.Generator().manual_seed(1))
    for step in range(12):
        optimizer.param_groups[0]["lr"] = schedule(step)
        batch = next(batches)
        loss = nn.functional.cross_entropy(
            other(data.train_inputs[batch]), data.train_targets[batch]
        )
        assert history.losses[step] == pytest.approx(loss.item(), rel=1e-12)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.allclose(p, q, rtol=0, atol=1e-12)


def test_divergence_stops_the_run_and_is_said():
    data = load("digits", num_train=128)
    model = mlp((64, 16, 10), generator=torch.Generator().manual_seed(0))
    history = train(
        model, data, TrainConfig(32, 500, lambda step: 1e12), rng=torch.Generator().manual_seed(0)
    )
    assert history.diverged_at is not None
    assert len(history.losses) == history.diverged_at + 1 < 500


def test_accuracy_counts_the_largest_logit():
    logits = nn.Identity()
    inputs = torch.tensor([[2.0, 1.0], [0.0, 1.0], [3.0, 4.0], [1.0, 0.0]])
    assert accuracy(logits, inputs, torch.tensor([0, 1, 0, 1])) == 0.5


def small_run(seed=0, **settings):
    """Train a small float64 network for a few steps; return its weights and history."""
    data = load("digits", num_train=128)
    data = dataclasses.replace(data, train_inputs=data.train_inputs.double())
    generator = torch.Generator().manual_seed(seed)
    model = mlp((64, 16, 10), generator=generator).double()
    defaults = {"batch_size": 32, "num_steps": 10, "lr_schedule": lambda step: 0.1}
    history = train(model, data, TrainConfig(**{**defaults, **settings}), rng=generator)
    return nn.utils.parameters_to_vector(model.parameters()).detach(), history


@pytest.mark.parametrize("micro_batch_size", [1, 5, 16, 31, 32, 100])
def test_micro_batches_change_nothing_even_when_ragged(micro_batch_size):
    whole, history = small_run(optimizer="momentum")
    parts, micro_history = small_run(optimizer="momentum", micro_batch_size=micro_batch_size)
    assert (whole - parts).abs().max() < 1e-12
    assert micro_history.losses == pytest.approx(history.losses, rel=1e-12)


def test_equal_weights_for_unequal_micro_batches_would_be_seen():
    """Power of the test above: the mean of means of 31 + 1 examples is another step."""
    data = load("digits", num_train=32)
    model = mlp((64, 16, 10), generator=torch.Generator().manual_seed(0))
    backward(model, data, torch.arange(32), 31, nn.functional.cross_entropy)
    right = torch.cat([p.grad.flatten() for p in model.parameters()])
    model.zero_grad()
    for micro in torch.arange(32).split(31):
        loss = nn.functional.cross_entropy(
            model(data.train_inputs[micro]), data.train_targets[micro]
        )
        (loss / 2).backward()
    wrong = torch.cat([p.grad.flatten() for p in model.parameters()])
    assert (wrong - right).norm() > 0.1 * right.norm()


def test_the_optimizer_is_torchs():
    data = load("digits", num_train=128)
    generator = torch.Generator().manual_seed(0)
    model = mlp((64, 16, 10), generator=generator)
    other = copy.deepcopy(model)
    state = generator.get_state()
    train(model, data, TrainConfig(32, 9, lambda step: 0.01, optimizer="adam"), rng=generator)
    generator.set_state(state)
    batches = epoch_batches(128, 32, generator=generator)
    optimizer = torch.optim.Adam(other.parameters(), lr=0.01)
    for _ in range(9):
        batch = next(batches)
        optimizer.zero_grad()
        nn.functional.cross_entropy(
            other(data.train_inputs[batch]), data.train_targets[batch]
        ).backward()
        optimizer.step()
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(p, q)


@pytest.mark.parametrize("batch_size", [1, 4, 5, 11])
def test_the_stream_is_that_of_epoch_batches(batch_size):
    read = stream_blocks(11, [batch_size] * 9, [torch.Generator().manual_seed(4)])
    ours = torch.cat([block[:, 0] for block in read])
    batches = epoch_batches(11, batch_size, generator=torch.Generator().manual_seed(4))
    assert torch.equal(ours, torch.stack([next(batches) for _ in range(9)]))


def test_a_growing_batch_reads_on_in_the_same_stream():
    """12 examples as 2 + 2 + 4 + 4: one shuffle; the next 8 fit a new one, 4 of which follow."""
    sizes = [2, 2, 4, 4, 8, 8]
    blocks = list(stream_blocks(12, sizes, [torch.Generator().manual_seed(0)]))
    assert [tuple(b.shape) for b in blocks] == [(2, 1, 2), (2, 1, 4), (1, 1, 8), (1, 1, 8)]
    generator = torch.Generator().manual_seed(0)
    orders = [torch.randperm(12, generator=generator) for _ in range(3)]
    assert torch.equal(torch.cat([b.flatten() for b in blocks[:2]]), orders[0])
    assert torch.equal(blocks[2].flatten(), orders[1][:8])
    assert torch.equal(blocks[3].flatten(), orders[2][:8])


def test_streams_of_several_seeds_are_those_of_each():
    generators = [torch.Generator().manual_seed(s) for s in range(3)]
    together = torch.cat([b.transpose(0, 1) for b in stream_blocks(10, [3] * 7, generators)], dim=1)
    for seed in range(3):
        alone = stream_blocks(10, [3] * 7, [torch.Generator().manual_seed(seed)])
        assert torch.equal(together[seed], torch.cat([b[:, 0] for b in alone]))


def test_a_batch_size_schedule_is_obeyed():
    sizes = []

    def schedule(step):
        sizes.append(16 if step < 4 else 64)
        return sizes[-1]

    _, history = small_run(batch_size=schedule)
    assert len(history.losses) == 10
    assert sizes == [16] * 4 + [64] * 6


def test_measures_are_taken_before_the_step_they_name_and_at_the_end():
    weights = []

    def norm(model, data):
        weights.append(nn.utils.parameters_to_vector(model.parameters()).detach().clone())
        return {"norm": weights[-1].norm().item()}

    final, history = small_run(measures=(norm,), record_steps=(0, 4, 10))
    assert history.recorded["step"] == [0, 4, 10]
    assert torch.equal(weights[-1], final)
    assert torch.equal(weights[1], small_run(num_steps=4)[0])
    assert history.recorded["norm"] == [w.norm().item() for w in weights]


def test_the_measures_of_the_course_agree_with_brute_force():
    data = load("digits", num_train=64)
    model = mlp((64, 8, 10), generator=torch.Generator().manual_seed(0))
    grads = per_example_gradients(
        model, nn.functional.cross_entropy, data.train_inputs, data.train_targets
    ).double()
    found = gradient_moments(model, data)
    assert found["grad_sq_norm"] == pytest.approx(grads.mean(dim=0).square().sum().item(), rel=1e-5)
    assert found["tr_cov"] == pytest.approx(grads.var(dim=0).sum().item(), rel=1e-5)
    loss = nn.functional.cross_entropy(model(data.train_inputs), data.train_targets).item()
    assert losses(model, data)["train_loss"] == pytest.approx(loss)
    assert losses(model, data)["test_accuracy"] == accuracy(
        model, data.test_inputs, data.test_targets
    )

    def full_loss(vector):
        params, start = {}, 0
        for name, p in model.named_parameters():
            params[name], start = vector[start : start + p.numel()].view_as(p), start + p.numel()
        logits = torch.func.functional_call(model, params, (data.train_inputs,))
        return nn.functional.cross_entropy(logits, data.train_targets)

    vector = nn.utils.parameters_to_vector(model.parameters()).detach()
    hessian = torch.autograd.functional.hessian(full_loss, vector)
    top = torch.linalg.eigvalsh(hessian)[-1].item()
    assert sharpness(model, data)["sharpness"] == pytest.approx(top, rel=1e-3)
    with torch.no_grad():
        next(model.parameters()).fill_(float("nan"))
    assert math.isnan(sharpness(model, data)["sharpness"])


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"batch_size": 129}, "between 1 and the 128 examples, got 129"),
        ({"batch_size": lambda step: 64.0}, "got 64.0"),
        ({"num_steps": 0}, "num_steps must be >= 1, got 0"),
        ({"micro_batch_size": 0}, "micro_batch_size must be >= 1, got 0"),
        ({"optimizer": "sdg"}, "no optimizer 'sdg'"),
        ({"record_steps": (11,), "measures": (losses,)}, "between 0 and 10, got 11"),
        ({"record_steps": (1,)}, "give both or neither"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings, words):
    with pytest.raises(ValueError, match=words):
        small_run(**settings)


@pytest.mark.parametrize("enabled", [True, False])
def test_an_autocast_block_around_training_does_not_freeze_the_loss(enabled):
    """See findings/autocast_around_the_loop.sh: torch would go on with the first weights."""
    data = load("digits", num_train=128)
    model = mlp((64, 16, 10), generator=torch.Generator().manual_seed(0))
    with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
        history = train(
            model,
            data,
            TrainConfig(128, 12, lambda step: 0.3),
            rng=torch.Generator().manual_seed(1),
        )
    assert history.losses[-1] < 0.8 * history.losses[0]
