"""What loops do between backward() and step(): all harmless, or said.

Oracle: each micro-batch's gradient by torch.autograd.grad, on a model that nobody watches.
"""

import math

import pytest
import torch
import torch.nn.functional as F
from online_examples import classifier, close_to, data, micro_gradients
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.checkpoint import checkpoint

from coursekit.noise import _step_averages
from coursekit.noise.average import MomentAverage
from coursekit.noise.online import NoiseScale
from coursekit.noise.scale import GradMoments, grad_moments
from coursekit.noise.two_batch import two_batch_moments


def clip_norm(model):
    nn.utils.clip_grad_norm_(model.parameters(), 1e-3)


def clip_one_layer(model):
    nn.utils.clip_grad_norm_(model[2].parameters(), 1e-3)


def clip_value(model):
    nn.utils.clip_grad_value_(model.parameters(), 1e-3)


def unscale(model):
    for p in model.parameters():
        p.grad.div_(1024.0)


def zero(model):
    model.zero_grad()


def zero_in_place(model):
    model.zero_grad(set_to_none=False)


BETWEEN = (clip_norm, clip_one_layer, clip_value, unscale, zero, zero_in_place)


def window(model, noise, between, sizes=(8, 8, 8), late=True, wide=0):
    """One optimizer step, in which the gradients change before the last micro_step()."""
    inputs, targets = data(sum(sizes))
    parts = zip(inputs.split(sizes), targets.split(sizes), strict=True)
    for k, (x, y) in enumerate(parts):
        (F.cross_entropy(model(x), y) / len(sizes)).backward()
        if late and k == len(sizes) - 1:
            between(model)
        noise.micro_step(micro_batch_size=len(x), loss_factor=1 / len(sizes))
    if not late:
        between(model)
    noise.step()
    model.zero_grad(set_to_none=between is not zero_in_place)


@pytest.mark.parametrize("late", [True, False])
@pytest.mark.parametrize("between", BETWEEN)
def test_gradients_may_change_before_step(between, late):
    """As the transformers Trainer does: its only callback comes after clipping."""
    model = classifier()
    noise = NoiseScale(model, every=1, micro_batch_size=8)
    expected = grad_moments(micro_gradients(classifier(), [8, 8, 8]), 8)
    for _ in range(3):
        window(model, noise, between, late=late)
        close_to(noise.last, expected)
    assert noise.average.num_updates == 3


@pytest.mark.parametrize("between", BETWEEN)
def test_two_reads_are_the_formula_of_two_batches(between):
    """read="ends": McCandlish's two sizes, b (the first micro-batch) and Kb."""
    model = classifier()
    noise = NoiseScale(model, every=1, micro_batch_size=8, read="ends")
    rows = micro_gradients(classifier(), [8, 8, 8])
    small, big = rows[0].square().sum(), rows.mean(0).square().sum()
    expected = two_batch_moments(small, big, 8, 24)
    for _ in range(3):
        window(model, noise, between)
        assert noise.last.tr_cov == pytest.approx(expected.tr_cov, rel=1e-9)
        assert noise.last.grad_sq_norm == pytest.approx(expected.grad_sq_norm, rel=1e-9)


def test_two_reads_are_unbiased_at_twice_the_variance():
    """2000 steps of K = 4; the same draws, read both ways."""
    grad, scale = torch.tensor([0.5, 0.5, 0.0]), torch.tensor([2.0, 3.0, 4.0])
    found = {}
    for read in ("all", "ends"):
        rng = torch.Generator().manual_seed(2)
        weights = nn.Parameter(torch.zeros(3))
        noise = NoiseScale([weights], every=1, micro_batch_size=5, loss_factor=0.25, read=read)
        rows = []
        for _ in range(2000):
            for _ in range(4):
                examples = grad + scale * torch.randn(5, 3, generator=rng)
                (0.25 * (examples @ weights).mean()).backward()
                noise.micro_step()
            weights.grad = None
            noise.step()
            rows.append((noise.last.grad_sq_norm, noise.last.tr_cov))
        found[read] = torch.tensor(rows, dtype=torch.float64)
    truth = torch.tensor([0.5, 29.0], dtype=torch.float64)
    for pairs in found.values():
        z = (pairs.mean(0) - truth) / pairs.std(0) * 2000**0.5
        assert (z.abs() < 4).all()
    ratio = found["ends"].var(0) / found["all"].var(0)
    assert 1.5 < ratio[0] < 2.3  # 2 by the formula, for small G
    assert 4.0 < ratio[1] < 7.0  # K + 1 by the formula, for small G; more with it


@pytest.mark.parametrize("read", ["all", "ends"])
def test_norms_that_stay_on_the_device_give_the_same(read):
    """The way of a GPU, on a CPU: nothing is fetched before it is asked for."""
    found = []
    for on_cpu in (True, False):
        model = classifier()
        noise = NoiseScale(model, every=1, micro_batch_size=8, read=read, layers=True)
        with noise.paused():
            noise._passes.on_cpu = on_cpu
        for between in (clip_norm, zero_in_place, lambda model: None, zero):
            window(model, noise, between)
        window(model, noise, lambda model: None, (8, 8))
        window(model, noise, clip_norm, (8, 8))
        window(model, noise, clip_norm, (8,) * 3)
        window(model, noise, clip_norm, (8, 8))
        assert len(noise._averages.pending) == (0 if on_cpu else 8)
        found.append((noise.moments(), noise.layers()["2"], noise.average.num_skipped))
    close_to(found[0][0], found[1][0], rel=1e-9)
    assert found[0][1].value == pytest.approx(found[1][1].value, rel=1e-9)
    assert found[0][2] == found[1][2] == 0


@pytest.mark.parametrize("layers", [False, True])
def test_a_step_takes_no_call_on_a_device(layers):
    """The norms wait as they are, and what is made of them, until they are fetched."""
    called = []

    class Calls(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            called.append(func)
            return func(*args, **(kwargs or {}))

    model = classifier()
    noise = NoiseScale(model, every=1, micro_batch_size=8, read="ends", layers=layers)
    with noise.paused():
        noise._passes.on_cpu = False
    for _ in range(2):
        model.zero_grad()
        for i in range(2):
            F.cross_entropy(model(data()[0][8 * i :][:8]), data()[1][8 * i :][:8]).backward()
            noise.micro_step()
        called.clear()
        with Calls():
            noise.step()
    assert called == []
    assert len(noise._averages.norms) == 2 * 2 * 4


def test_leftovers_on_a_device_are_refused_when_fetched():
    model = classifier()
    noise = NoiseScale(model, every=1, micro_batch_size=8)
    with noise.paused():
        noise._passes.on_cpu = False
    for _ in range(2):
        window(model, noise, lambda model: None)
        with noise.paused():
            F.cross_entropy(model(data()[0]), data()[1]).backward()
    with pytest.raises(ValueError, match="left over"):
        noise.estimate()
    model.zero_grad()
    window(model, noise, lambda model: None)
    close_to(noise.last, grad_moments(micro_gradients(classifier(), [8, 8, 8]), 8))


@pytest.mark.parametrize("most", [1, 20, 4096])
def test_norms_of_many_steps_in_one_tensor(most, monkeypatch):
    """However many wait, each step gets its own back; none is kept after it was stacked."""
    monkeypatch.setattr(_step_averages, "MOST_NORMS", most)
    found = {}
    for on_cpu in (True, False):
        model = classifier()
        noise = NoiseScale(model, every=1, micro_batch_size=8, read="ends")
        with noise.paused():
            noise._passes.on_cpu = on_cpu
        for scale in (1.0, 2.0, 3.0, 4.0, 5.0):
            for x, y in zip(data()[0].split(8), data()[1].split(8), strict=True):
                (scale * F.cross_entropy(model(x), y)).backward()
                noise.micro_step()
            noise.step()
            model.zero_grad()
        assert len(noise._averages.norms) < max(most, 1)
        found[on_cpu] = noise.moments()
    close_to(*found.values())
    assert found[True].tr_cov_stderr == pytest.approx(found[False].tr_cov_stderr)


def test_a_window_shorter_than_all_before():
    """Its sum was not read in time: read late if untouched, else skipped and counted."""
    model = classifier()
    noise = NoiseScale(model, every=1, micro_batch_size=8)
    expected = grad_moments(micro_gradients(classifier(), [8, 8]), 8)
    for _ in range(2):
        window(model, noise, lambda model: None, (8, 8, 8))
    window(model, noise, lambda model: None, (8, 8))
    close_to(noise.last, expected)
    assert noise.average.num_updates == 3
    again = NoiseScale(model, every=1, micro_batch_size=8)
    noise.close()
    for _ in range(2):
        window(model, again, clip_norm, (8, 8, 8))
    window(model, again, clip_norm, (8, 8))
    assert (again.average.num_updates, again.average.num_skipped) == (2, 1)
    window(model, again, clip_norm, (8, 8))  # from now on expected
    assert again.average.num_updates == 3
    close_to(again.last, expected)


def test_leftovers_of_an_earlier_step_are_refused():
    """The forgotten zero_grad(): the sum would hold two steps."""
    model = classifier()
    noise = NoiseScale(model, every=1, micro_batch_size=8)
    for _ in range(2):
        for _ in range(2):
            F.cross_entropy(model(data()[0]), data()[1]).backward()
            noise.micro_step()
        if noise.average.num_updates == 0:
            noise.step()
    with pytest.raises(ValueError, match="left over"):
        noise.step()


def test_a_backward_pass_that_broke_off_is_forgotten():
    model = classifier()
    noise = NoiseScale(model, every=1, micro_batch_size=8)
    handle = model[0].weight.register_hook(lambda grad: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        F.cross_entropy(model(data()[0]), data()[1]).backward()
    handle.remove()
    model.zero_grad()
    window(model, noise, zero)
    close_to(noise.last, grad_moments(micro_gradients(classifier(), [8, 8, 8]), 8))


def shrink(param):
    param.grad.mul_(0.1)


def test_a_hook_that_clips_the_sum_is_a_fault_of_the_loop():
    """What cannot be seen in time is seen in the numbers: |G|^2 far below zero is no noise."""
    model = classifier()
    noise = NoiseScale(model, every=1, micro_batch_size=8, decay=0.9)
    for p in model.parameters():
        p.register_post_accumulate_grad_hook(shrink)
    rng = torch.Generator().manual_seed(0)
    for _ in range(12):
        for _ in range(3):
            x = torch.randn(8, 4, generator=rng).double()
            (F.cross_entropy(model(x), (x[:, 0] > 0).long()) / 3).backward()
            noise.micro_step(loss_factor=1 / 3)
        noise.step()
        model.zero_grad()
    estimate = noise.estimate()
    assert math.isnan(estimate.value)
    assert "standard errors below zero" in estimate.reason
    assert "fault of the loop" in estimate.reason


@pytest.mark.parametrize("name", ["|G|^2", "tr(Sigma)"])
def test_the_fault_is_said_from_eight_standard_errors_on(name):
    def reason(mean):
        average = MomentAverage(decay=0.99)
        for x in (-1.0, 1.0) * 32:
            value, other = mean + x, 30.0 + x
            pair = (value, other) if name == "|G|^2" else (other, value)
            average.update(GradMoments(*pair, cost=1.0))
        return average.estimate().reason

    assert f"{name} = " in reason(-2.0)
    assert "fault" not in reason(-0.5)  # about four standard errors
    assert "fault" not in reason(0.5)


def test_equal_micro_batches_are_no_fault():
    """Without any noise tr(Sigma) is 0 up to rounding, of either sign."""
    model = classifier()
    noise = NoiseScale(model, every=1, micro_batch_size=8)
    inputs, targets = data(8)
    for step in range(12):
        for _ in range(3):
            (F.cross_entropy(model(inputs), targets) * (1 + step) / 3).backward()
            noise.micro_step(loss_factor=(1 + step) / 3)
        noise.step()
        model.zero_grad()
    assert "fault" not in noise.estimate().reason
    assert abs(noise.estimate().value) < 1e-9


class Checkpointed(nn.Module):
    def __init__(self, times, reentrant):
        super().__init__()
        torch.manual_seed(0)
        self.inner, self.head = nn.Linear(4, 4).double(), nn.Linear(4, 3).double()
        self.times, self.reentrant = times, reentrant

    def forward(self, x):
        for _ in range(self.times):
            x = checkpoint(self.inner, x, use_reentrant=self.reentrant).tanh()
        return self.head(x)


@pytest.mark.parametrize("frozen_head", [False, True])
@pytest.mark.parametrize(("times", "reentrant"), [(1, True), (2, False), (1, False)])
def test_checkpointed_layers(times, reentrant, frozen_head):
    model, plain = (Checkpointed(times, r) for r in (reentrant, False))
    for each in (model, plain):
        each.head.requires_grad_(not frozen_head)
    noise = NoiseScale(model, every=1, micro_batch_size=8)
    inputs, targets = data()
    rows = []
    for x, y in zip(inputs.split(8), targets.split(8), strict=True):
        params = [p for p in plain.parameters() if p.requires_grad]
        grads = torch.autograd.grad(F.cross_entropy(plain(x), y), params)
        rows.append(torch.cat([g.flatten() for g in grads]))
    for _ in range(2):
        for x, y in zip(inputs.split(8), targets.split(8), strict=True):
            F.cross_entropy(model(x.requires_grad_()), y).backward()
            noise.micro_step()
        nn.utils.clip_grad_norm_(model.parameters(), 1e-3)
        noise.step()
        model.zero_grad()
        close_to(noise.last, grad_moments(torch.stack(rows), 8))


def test_a_layer_used_twice_in_a_reentrant_checkpoint_gets_the_true_diagnosis():
    model = Checkpointed(2, reentrant=True)
    noise = NoiseScale(model, every=1, micro_batch_size=8)
    inputs, targets = data()
    F.cross_entropy(model(inputs.requires_grad_()), targets).backward()
    with pytest.raises(ValueError, match=r"two gradients in one backward.*use_reentrant=False"):
        noise.micro_step()


@pytest.mark.parametrize("read", ["all", "ends"])
def test_sparse_gradients(read):
    """Embedding(sparse=True), rows used several times; the oracle's embedding is dense."""
    models = []
    for sparse in (True, False):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Embedding(7, 4, sparse=sparse), nn.Flatten(), nn.Linear(12, 3))
        models.append(model.double())
    tokens = torch.randint(0, 7, (24, 3), generator=torch.Generator().manual_seed(3))
    found = []
    for model in models:
        noise = NoiseScale(model, every=1, micro_batch_size=8, read=read)
        for _ in range(2):
            for x, y in zip(tokens.split(8), data()[1].split(8), strict=True):
                (F.cross_entropy(model(x), y) / 3).backward()
                noise.micro_step(loss_factor=1 / 3)
            noise.step()
            model.zero_grad()
        found.append(noise.last)
    close_to(*found)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_norms_are_not_rounded(dtype):
    """A norm in the gradient's own type would be off by up to 1 part in 256, or overflow."""
    model = nn.Linear(300, 200).to(dtype)
    noise = NoiseScale(model, every=1, micro_batch_size=8)
    inputs = torch.randn(16, 300, generator=torch.Generator().manual_seed(0)).to(dtype)
    rows, total = [], None
    for x in inputs.split(8):
        (64 * model(x).float().sum(1).mean()).backward()
        noise.micro_step()
        now = torch.cat([p.grad.double().flatten() for p in model.parameters()])
        rows.append(now if total is None else now - total)
        total = now
    noise.step()
    mean_sq = sum(row.square().sum() for row in rows) / 2
    tr = (mean_sq - (total / 2).square().sum()) * 16
    assert noise.last.tr_cov == pytest.approx(tr.item(), rel=0.03)  # the sum itself is rounded


def batch_normed(affine=True):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(4, 6), nn.BatchNorm1d(6, affine=affine), nn.Linear(6, 3)
    ).double()


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("given", ["model", "parameters", "list", "some", "inside"])
def test_batch_norm_in_train_mode_is_refused(given, affine):
    model = batch_normed(affine)
    holder = nn.ModuleDict({"student": model, "teacher": nn.Linear(2, 2)})
    params = {
        "model": model,
        "parameters": model.parameters(),
        "list": [*model.parameters()],
        "some": [model[0].weight, model[2].weight],
        "inside": holder["student"].parameters(),
    }[given]
    noise = NoiseScale(params, every=1, micro_batch_size=8)
    F.cross_entropy(model(data()[0]), data()[1]).backward()
    with pytest.raises(ValueError, match=r"BatchNorm1d in train mode.*eval mode.*GroupNorm"):
        noise.micro_step()
    model.zero_grad()
    window(model.eval(), noise, zero)
    assert noise.average.num_updates == 1


class Functional(nn.Module):
    """Batch and instance norm, called as functions."""

    def __init__(self, norm):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last, self.norm = nn.Linear(4, 6), nn.Linear(6, 3), norm
        self.double()

    def forward(self, x):
        return {"logits": self.last(self.norm(self.first(x)))}


@pytest.mark.parametrize("given", ["model", "parameters"])
def test_batch_norm_called_as_a_function_is_found(given):
    def batch_norm(z):
        return F.batch_norm(z, None, None, training=True)

    def instance_norm(z):
        return F.instance_norm(z.unflatten(1, (2, 3))).flatten(1)

    def in_eval(z):
        return F.batch_norm(z, torch.zeros(6).double(), torch.ones(6).double())

    for norm in (batch_norm, instance_norm, in_eval):
        model = Functional(norm)
        noise = NoiseScale(
            model if given == "model" else model.parameters(), every=1, micro_batch_size=8
        )
        for x, y in zip(data()[0].split(8), data()[1].split(8), strict=True):
            F.cross_entropy(model(x)["logits"], y).backward()
            if norm is batch_norm:
                with pytest.raises(ValueError, match=r"a batch_norm of torch.nn.functional norm"):
                    noise.micro_step()
                break
            noise.micro_step()
        else:
            noise.step()
            assert noise.average.num_updates == 1
            assert not model._forward_hooks


def test_a_lazy_model_is_refused_until_it_has_shapes():
    with pytest.raises(ValueError, match="has no shape yet: run one batch"):
        NoiseScale(nn.Sequential(nn.LazyLinear(3)), micro_batch_size=8)


def test_a_teacher_beside_the_model_is_not_its_batch_norm():
    model, teacher = classifier(), batch_normed()
    holder = nn.ModuleDict({"student": model, "teacher": teacher})
    noise = NoiseScale(holder["student"].parameters(), every=1, micro_batch_size=8)
    window(model, noise, zero)
    assert noise.average.num_updates == 1


def test_batch_norm_on_request_is_the_noise_of_micro_batches():
    """b times the trace of the micro-batch gradients' covariance, at one size alone."""
    model, rows = batch_normed(), []
    inputs, targets = data()
    for x, y in zip(inputs.split(8), targets.split(8), strict=True):
        grads = torch.autograd.grad(F.cross_entropy(model(x), y), list(model.parameters()))
        rows.append(torch.cat([g.flatten() for g in grads]))
    noise = NoiseScale(model, every=1, micro_batch_size=8, allow_batch_norm=True)
    window(model, noise, clip_norm)
    close_to(noise.last, grad_moments(torch.stack(rows), 8))
    with pytest.raises(ValueError, match="micro-batches of one size, got 8 and 4"):
        window(model, noise, clip_norm, (8, 4))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"read": "first"}, "read must be"),
        ({"group": "none"}, "group must be a process group, 'alone' or None"),
        ({"micro_batch_size": math.inf}, "micro_batch_size"),
        ({"params": ["weight"]}, "got str among them"),
        ({"params": [nn.Parameter(torch.zeros(2, dtype=torch.complex64))]}, "is complex"),
    ],
)
def test_settings_are_checked(arguments, said):
    settings = {"params": classifier(), "micro_batch_size": 8, **arguments}
    with pytest.raises(ValueError, match=said):
        NoiseScale(settings.pop("params"), **settings)


def test_layers_have_noise_scales_of_their_own():
    """Oracle: the moments of the layer's columns alone; together they are the whole."""
    model = classifier()
    noise = NoiseScale(model, every=1, micro_batch_size=8, layers=True)
    window(model, noise, clip_norm)
    rows, start = micro_gradients(classifier(), [8, 8, 8]), 0
    found = noise.layers()
    assert list(found) == ["0", "2"]
    for name, count in (("0", 30), ("2", 21)):
        expected = grad_moments(rows[:, start : start + count], 8)
        assert noise._averages.layers[name].last.tr_cov == pytest.approx(expected.tr_cov, rel=1e-9)
        close_to(noise._averages.layers[name].last, expected)
        start += count
    close_to(noise.last, grad_moments(rows, 8))
    by_kind = NoiseScale(
        model, every=1, micro_batch_size=8, layers=lambda name: name.rpartition(".")[2]
    )
    window(model, by_kind, clip_norm)
    assert set(by_kind.layers()) == {"weight", "bias"}
    saved = by_kind.state_dict()
    again = NoiseScale(
        model, every=1, micro_batch_size=8, layers=lambda name: name.rpartition(".")[2]
    )
    again.load_state_dict(saved)
    assert again.layers()["bias"].cost == by_kind.layers()["bias"].cost == 24
    with pytest.raises(ValueError, match="layers=True"):
        NoiseScale(model, micro_batch_size=8).layers()


def test_tokens_are_a_unit():
    """Micro-batches of 12 and 30 tokens whose losses are parts of one token mean."""
    model, noise_scales = classifier(), []
    inputs, targets = data(42)
    for unit, b in (("tokens", 1), ("examples", 6)):
        noise = NoiseScale(model, every=1, micro_batch_size=1, unit=unit)
        for x, y in zip(inputs.split([12, 30]), targets.split([12, 30]), strict=True):
            factor = len(x) / 42
            (factor * F.cross_entropy(model(x), y)).backward()
            noise.micro_step(micro_batch_size=len(x) / b, loss_factor=factor)
        noise.step()
        model.zero_grad()
        noise_scales.append((noise.moments().tr_cov, noise.estimate().unit))
        noise.close()
    (tokens, one), (examples, other) = noise_scales
    assert (one, other) == ("tokens", "examples")
    assert tokens == pytest.approx(6 * examples)
    with pytest.raises(ValueError, match="state counts tokens, this average examples"):
        NoiseScale(model, micro_batch_size=8).load_state_dict(
            NoiseScale(model, micro_batch_size=8, unit="tokens").state_dict()
        )
