"""The estimator in a training loop: accumulation, gradient scalers, workers, and misuse."""

import copy
import json
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from online_examples import classifier, close_to, data, micro_gradients
from torch import nn

from coursekit.noise import _passes
from coursekit.noise.average import MomentAverage
from coursekit.noise.online import NoiseScale
from coursekit.noise.scale import GradMoments, grad_moments


def accumulate(model, noise, sizes, factors=None):
    inputs, targets = data(sum(sizes))
    factors = factors or [1 / len(sizes)] * len(sizes)
    for x, y, f in zip(inputs.split(sizes), targets.split(sizes), factors, strict=True):
        (f * F.cross_entropy(model(x), y)).backward()
        noise.micro_step(micro_batch_size=len(x), loss_factor=f)


@pytest.mark.quick
@pytest.mark.parametrize("factor", [1 / 3, 1.0, 2.0**16 / 3])
def test_one_step_of_accumulation_is_grad_moments(factor):
    """Averaged, summed, or scaled by a gradient scaler: the factor is undone."""
    model = classifier()
    expected = grad_moments(micro_gradients(model, [8, 8, 8]), 8)
    noise = NoiseScale(model.parameters(), every=1, micro_batch_size=5)
    accumulate(model, noise, [8, 8, 8], [factor] * 3)
    noise.step()
    close_to(noise.last, expected)
    assert noise.estimate().value == pytest.approx(expected.grad_noise_scale)


@pytest.mark.quick
def test_what_happens_to_gradients_after_step_does_not_matter():
    model = classifier()
    noise = NoiseScale(model.parameters(), every=1, micro_batch_size=8, loss_factor=1 / 3)
    accumulate(model, noise, [8, 8, 8])
    noise.step()
    nn.utils.clip_grad_norm_(model.parameters(), 1e-3)
    model.zero_grad()
    close_to(noise.last, grad_moments(micro_gradients(model, [8, 8, 8]), 8))


@pytest.mark.parametrize("most_waiting", [1, 3, 32])
def test_norms_taken_of_several_gradients_at_once_as_on_a_gpu(most_waiting, monkeypatch):
    """Whatever waits when a pass ends is read; nobody holds a gradient after that."""
    monkeypatch.setattr(_passes, "MOST_WAITING", most_waiting)
    model = classifier()
    expected = grad_moments(micro_gradients(model, [8, 8, 8]), 8)
    noise = NoiseScale(model, every=1, micro_batch_size=8, read="all")
    noise._passes.together = True
    for _ in range(2):
        accumulate(model, noise, [8, 8, 8])
        assert not any(done.waiting for done in noise._passes.closed)
        model.zero_grad()
        noise.step()
        close_to(noise.last, expected)


@pytest.mark.quick
def test_gradient_scaler_with_an_overflow():
    model = classifier()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
    noise = NoiseScale(model.parameters(), every=1, micro_batch_size=8)
    inputs, targets = data()
    for poison in (1.0, math.inf, 1.0):
        for x, y in zip(inputs.split(8), targets.split(8), strict=True):
            loss = F.cross_entropy(model(x), y) * poison / 3
            scaler.scale(loss).backward()
            noise.micro_step(loss_factor=scaler.get_scale() / 3)
        noise.step()
        scaler.unscale_(optimizer)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad()
    close_to(noise.last, grad_moments(micro_gradients(model, [8, 8, 8]), 8))
    assert noise.average.num_skipped == 1
    assert noise.average.num_updates == 2
    assert scaler.get_scale() == 2.0**9


@pytest.mark.parametrize("weighting", ["by micro-batch", "by example"])
def test_unequal_micro_batches_are_unbiased(weighting):
    """Sizes 2, 5 and 9; gradients N(G, Sigma/b) by a loss that is linear in the weights."""
    sizes, grad, scale = [2, 5, 9], torch.tensor([1.0, 1.0, 0.0]), torch.tensor([2.0, 3.0, 4.0])
    rng = torch.Generator().manual_seed(2)
    weights = nn.Parameter(torch.zeros(3))
    noise = NoiseScale([weights], every=1, micro_batch_size=1)
    found = []
    for _ in range(3000):
        for b in sizes:
            examples = grad + scale * torch.randn(b, 3, generator=rng)
            factor = 1 / 3 if weighting == "by micro-batch" else b / 16
            (factor * (examples @ weights).mean()).backward()
            noise.micro_step(micro_batch_size=b, loss_factor=factor)
        noise.step()
        weights.grad = None
        found.append((noise.last.grad_sq_norm, noise.last.tr_cov))
    pairs = torch.tensor(found, dtype=torch.float64)
    z = (pairs.mean(0) - torch.tensor([2.0, 29.0])) / pairs.std(0) * 3000**0.5
    assert (z.abs() < 4).all()
    as_if_equal = pairs[:, 1] * 3 / (1 / 2 + 1 / 5 + 1 / 9) / (16 / 3)  # one size for all
    assert abs((as_if_equal.mean() - 29) / as_if_equal.std() * 3000**0.5) > 8
    estimate = noise.estimate()
    assert estimate.low < 14.5 < estimate.high
    assert noise.moments().cost == 3000 * 16


@pytest.mark.quick
def test_many_micro_batches():
    count = 73
    model = classifier()
    expected = grad_moments(micro_gradients(model, [1] * count), 1)
    noise = NoiseScale(model.parameters(), every=1, micro_batch_size=1)
    for _ in range(2):
        accumulate(model, noise, [1] * count)
        noise.step()
        model.zero_grad()
        close_to(noise.last, expected)


@pytest.mark.quick
def test_parameters_without_gradient_count_as_zero():
    model = classifier()
    model[0].bias.requires_grad_(False)
    idle = nn.Parameter(torch.ones(3))
    idle.grad = torch.ones(3)  # left over from elsewhere
    noise = NoiseScale([*model.parameters(), idle], every=1, micro_batch_size=8)
    accumulate(model, noise, [8, 8, 8])
    noise.step()
    params = [p for p in model.parameters() if p.requires_grad]
    inputs, targets = data()
    rows = []
    for x, y in zip(inputs.split(8), targets.split(8), strict=True):
        grads = torch.autograd.grad(F.cross_entropy(model(x), y), params)
        rows.append(torch.cat([g.flatten() for g in grads]))
    close_to(noise.last, grad_moments(torch.stack(rows), 8))


@pytest.mark.quick
def test_training_is_not_changed_and_hooks_can_be_removed():
    plain, watched = classifier(), classifier()
    noise = NoiseScale(watched.parameters(), every=1, micro_batch_size=8)
    for model in (plain, watched):
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            inputs, targets = data()
            for x, y in zip(inputs.split(8), targets.split(8), strict=True):
                F.cross_entropy(model(x), y).backward()
                if model is watched:
                    noise.micro_step()
            if model is watched:
                noise.step()
            optimizer.step()
            optimizer.zero_grad()
    assert all(
        torch.equal(p, q) for p, q in zip(plain.parameters(), watched.parameters(), strict=True)
    )
    assert noise.estimate().cost == 3 * 24
    copied = copy.deepcopy(watched)
    F.cross_entropy(copied(data()[0]), data()[1]).backward()
    with pytest.raises(ValueError, match="no gradient since"):
        noise.micro_step()  # a copy is not watched
    noise.close()
    assert not any(p._backward_hooks for p in watched.parameters())
    F.cross_entropy(watched(data()[0]), data()[1]).backward()
    noise.micro_step()
    assert noise.estimate().cost == 3 * 24
    assert noise.estimate().value > 0


@pytest.mark.quick
def test_only_every_so_many_steps():
    model = classifier()
    noise = NoiseScale(model.parameters(), micro_batch_size=8, every=3)
    for _ in range(7):
        accumulate(model, noise, [8, 8, 8])
        noise.step()
        model.zero_grad()
    assert noise.moments().num_samples == 3
    assert noise.moments().cost == 3 * 24
    close_to(noise.last, grad_moments(micro_gradients(model, [8, 8, 8]), 8))
    noise.close()
    for _ in range(4):
        accumulate(model, noise, [8, 8, 8])
        noise.step()
    assert noise.moments().num_samples == 3
    assert not model[0].weight._backward_hooks


@pytest.mark.quick
def test_other_measurements_between_steps():
    model = classifier()
    noise = NoiseScale(model.parameters(), every=1, micro_batch_size=8)
    inputs, targets = data()
    with noise.paused():
        F.cross_entropy(model(inputs), targets).backward()
    model.zero_grad()
    accumulate(model, noise, [8, 8, 8])
    noise.step()
    close_to(noise.last, grad_moments(micro_gradients_paused(model, noise), 8))


def micro_gradients_paused(model, noise):
    with noise.paused():
        return micro_gradients(model, [8, 8, 8])


@pytest.mark.quick
def test_misuse_is_refused_and_leaves_the_averages_whole():
    model = classifier()
    noise = NoiseScale(model.parameters(), every=1, micro_batch_size=8)
    inputs, targets = data()

    def backward():
        F.cross_entropy(model(inputs[:8]), targets[:8]).backward()

    accumulate(model, noise, [8, 8, 8])
    noise.step()
    first = noise.last
    with pytest.raises(ValueError, match="after backward"):
        noise.micro_step()
    with pytest.raises(ValueError, match=">= 2 micro-batches"):
        noise.step()
    backward()
    noise.micro_step()
    with pytest.raises(ValueError, match=r"got 1; split the batch"):
        noise.step()
    backward()
    backward()
    with pytest.raises(ValueError, match="several backward passes"):
        noise.micro_step()
    for _ in range(2):
        backward()
        noise.micro_step()
    with pytest.raises(ValueError, match=r"left over from before.*zero_grad"):
        noise.step()
    model.zero_grad()
    for _ in range(2):
        backward()
        noise.micro_step()
    backward()
    with pytest.raises(ValueError, match=r"a backward pass since the last micro_step"):
        noise.step()
    model.zero_grad()
    for name, value in (("micro_batch_size", 0), ("loss_factor", 0.0), ("loss_factor", math.nan)):
        with pytest.raises(ValueError, match=name):
            noise.micro_step(**{name: value})
    assert noise.moments().num_samples == 1
    accumulate(model, noise, [8, 8, 8])
    noise.step()
    close_to(noise.last, first)
    assert noise.average.num_updates == 2


@pytest.mark.quick
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"micro_batch_size": 0}, "micro_batch_size"),
        ({"decay": 1.0}, "decay"),
        ({"every": 0}, "every"),
        ({"every": 1.5}, "whole number of steps, got 1.5"),
        ({"micro_batch_size": "8"}, "micro_batch_size must be a number, got '8'"),
        ({"params": None}, "got a NoneType: pass the model"),
        ({"params": torch.optim.SGD([torch.ones(1)])}, "got a SGD: pass the model"),
        ({"loss_factor": -1.0}, "loss_factor"),
        ({"params": []}, "no parameter"),
    ],
)
def test_settings_are_checked(arguments, said):
    settings = {"params": classifier().parameters(), "micro_batch_size": 8, **arguments}
    with pytest.raises(ValueError, match=said):
        NoiseScale(settings.pop("params"), **settings)


@pytest.mark.quick
def test_whole_numbers_of_numpy_are_whole_numbers():
    noise = NoiseScale(classifier(), micro_batch_size=np.int64(8), every=np.int64(2))
    noise.close()


@pytest.mark.quick
def test_zero_and_nan_losses_give_nan_with_a_reason():
    model = classifier()
    for factor, said in ((0.0, "not above 0"), (math.nan, "1 skipped")):
        noise = NoiseScale(model.parameters(), every=1, micro_batch_size=8)
        inputs, targets = data()
        for x, y in zip(inputs.split(8), targets.split(8), strict=True):
            (factor * F.cross_entropy(model(x), y)).backward()
            noise.micro_step()
        noise.step()
        model.zero_grad()
        estimate = noise.estimate()
        assert math.isnan(estimate.value)
        assert said in estimate.reason
    assert (
        "no step" in NoiseScale(model.parameters(), every=1, micro_batch_size=8).estimate().reason
    )


@pytest.mark.quick
def test_average_is_the_weighted_mean_from_the_first_step_on():
    decay, values = 0.8, [3.0, -1.0, 4.0, 1.0, 5.0]
    average = MomentAverage(decay=decay)
    for count in range(1, 6):
        average.update(GradMoments(values[count - 1], 2 * values[count - 1] + 7, cost=10.0))
        weights = torch.tensor([decay ** (count - 1 - t) for t in range(count)]).double()
        weights /= weights.sum()
        seen = torch.tensor(values[:count], dtype=torch.float64)
        mean = (weights * seen).sum().item()
        moments = average.moments()
        assert moments.grad_sq_norm == pytest.approx(mean)
        assert moments.tr_cov == pytest.approx(2 * mean + 7)
        assert moments.cost == 10 * count
        if count > 1:
            share = weights.square().sum().item()
            spread = (weights * (seen - mean) ** 2).sum().item() / (1 - share)
            assert moments.grad_sq_norm_stderr == pytest.approx(math.sqrt(share * spread))
            assert moments.covariance == pytest.approx(2 * share * spread)
    assert math.isnan(MomentAverage(decay=0.0).estimate().value)


def simulated(rng, num_steps, decay):
    average = MomentAverage(decay=decay)
    for x, y in torch.randn(num_steps, 2, generator=rng, dtype=torch.float64).tolist():
        average.update(GradMoments(2 + 1.5 * x, 30 + 8 * (0.6 * x + 0.8 * y), cost=1.0))
    return average


def test_interval_of_the_average_covers():
    """300 runs of 150 steps at fixed weights, truth 15; 4 sigma around 95 % is 5 %."""
    rng = torch.Generator().manual_seed(3)
    runs = [simulated(rng, 150, 0.98) for _ in range(300)]
    found = [run.estimate() for run in runs]
    coverage = sum(f.low <= 15 <= f.high for f in found) / len(found)
    assert 0.90 < coverage < 1.0
    moments = [run.moments() for run in runs]
    actual = torch.tensor([m.grad_sq_norm for m in moments]).std().item()
    claimed = torch.tensor([m.grad_sq_norm_stderr for m in moments]).mean().item()
    assert 0.85 < claimed / actual < 1.15
    as_if_independent = actual * (150 * (1 - 0.98) / (1 + 0.98)) ** 0.5  # forgets the decay
    assert as_if_independent / actual > 1.15


@pytest.mark.quick
def test_a_saved_state_goes_on_as_if_nothing_happened():
    whole, part = classifier(), classifier()
    one = NoiseScale(whole.parameters(), every=1, micro_batch_size=8)
    other = NoiseScale(part.parameters(), every=1, micro_batch_size=8)
    for model, noise in ((whole, one), (part, other)):
        for sizes in ([8, 8, 8], [4, 8, 12]):
            accumulate(model, noise, sizes)
            noise.step()
            model.zero_grad()
    state = json.loads(json.dumps(other.state_dict()))
    other.close()
    resumed = NoiseScale(part.parameters(), every=1, micro_batch_size=8)
    resumed.load_state_dict(state)
    for model, noise in ((whole, one), (part, resumed)):
        accumulate(model, noise, [12, 8, 4])
        noise.step()
    assert resumed.moments() == one.moments()
    with pytest.raises(ValueError, match="version 7"):
        resumed.load_state_dict({**state, "version": 7})
