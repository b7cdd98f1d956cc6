import math
from functools import partial

import pytest
import torch
from accumulation_examples import (
    IGNORED,
    batch_norm_net,
    examples,
    net,
    padded,
    relative_error,
    token_loss,
)
from torch import nn
from torch.nn.functional import cross_entropy

from coursekit.gradients.batches import BatchLoss
from coursekit.train.accumulation import (
    accumulate,
    accumulation_windows,
    check_count,
    clip,
    target_count,
)

pytestmark = pytest.mark.quick


def grad_of(model):
    return torch.cat([p.grad.flatten() for p in model.parameters()])


def full_grad(batch, loss_fn=cross_entropy, make=net):
    """The oracle: one backward pass over everything."""
    model = make()
    loss_fn(model(batch[0]), batch[1]).backward()
    return grad_of(model)


def accumulated_grad(data, make=net, loss_fn=cross_entropy, **settings):
    model = make()
    accumulate(model, loss_fn, data, **settings)
    return grad_of(model)


def mean_of_means(batch, sizes):
    """The classic loop: every micro-batch's mean counts the same."""
    grads = [
        full_grad((x, y)) for x, y in zip(batch[0].split(sizes), batch[1].split(sizes), strict=True)
    ]
    return torch.stack(grads).mean(dim=0)


@pytest.mark.parametrize("micro_batch_size", [1, 7, 32, 64, 129, 130, 1000])
def test_any_micro_batch_size_gives_the_large_batch(micro_batch_size):
    batch = examples(130)
    ours = accumulated_grad(batch, micro_batch_size=micro_batch_size)
    assert relative_error(ours, full_grad(batch)) < 1e-12


def test_ragged_micro_batches_are_weighted_and_the_mean_of_means_is_rejected():
    batch, sizes = examples(130), [64, 64, 2]
    micro = list(zip(batch[0].split(sizes), batch[1].split(sizes), strict=True))
    assert relative_error(accumulated_grad(micro), full_grad(batch)) < 1e-12
    assert relative_error(mean_of_means(batch, sizes), full_grad(batch)) > 0.3


def test_equal_micro_batches_are_where_the_mean_of_means_is_right():
    batch = examples(128)
    assert relative_error(mean_of_means(batch, [32] * 4), full_grad(batch)) < 1e-12


@pytest.mark.parametrize("micro_batch_size", [1, 3, 5, 16, 48])
def test_token_weighted_micro_batches_give_the_large_batch(micro_batch_size):
    batch = padded()
    truth = full_grad(batch, token_loss)
    settings = {"loss_fn": token_loss, "micro_batch_size": micro_batch_size}
    assert relative_error(accumulated_grad(batch, count=target_count, **settings), truth) < 1e-12


def test_counting_sequences_instead_of_tokens_is_rejected():
    batch = padded()
    wrong = accumulated_grad(batch, loss_fn=token_loss, micro_batch_size=16)
    assert relative_error(wrong, full_grad(batch, token_loss)) > 0.05
    check_count(net(), token_loss, batch, count=target_count)
    with pytest.raises(ValueError, match="count=target_count"):
        check_count(net(), token_loss, batch, count=len_of_first)


def len_of_first(batch):
    return len(batch[0])


def test_a_sum_is_no_mean():
    with pytest.raises(ValueError, match="reduction='mean'"):
        check_count(net(), partial(cross_entropy, reduction="sum"), examples(9), count=len_of_first)
    check_count(net(), cross_entropy, examples(9), count=len_of_first)


def test_float_weights_count_too():
    """A class-weighted mean divides by the sum of weights: that is its count."""
    weight = torch.tensor([1.0, 0.2, 3.0, 0.5, 1.0], dtype=torch.float64)
    loss, batch = partial(cross_entropy, weight=weight), examples(50)
    ours = accumulated_grad(
        batch, loss_fn=loss, micro_batch_size=7, count=lambda b: weight[b[1]].sum()
    )
    assert relative_error(ours, full_grad(batch, loss)) < 1e-12


def test_loss_and_norm_are_those_of_the_large_batch():
    batch = examples(130)
    found = accumulate(net(), cross_entropy, batch, micro_batch_size=64)
    assert found.loss == pytest.approx(cross_entropy(net()(batch[0]), batch[1]).item(), rel=1e-12)
    assert found.grad_norm == pytest.approx(full_grad(batch).norm().item(), rel=1e-12)
    assert (found.count, found.num_micro) == (130, 3)


def test_micro_batches_of_padding_only_need_no_backward():
    found = accumulate(net(), token_loss, padded(), micro_batch_size=1, count=target_count)
    silent = (padded()[1] == IGNORED).all(dim=1).sum().item()
    assert silent >= 3
    assert found.num_micro == 48 - silent


def test_clipping_comes_once_after_the_sum():
    batch = examples(128)
    truth = full_grad(batch)
    limit = 0.5 * truth.norm().item()
    ours = accumulated_grad(batch, micro_batch_size=32, max_norm=limit)
    assert relative_error(ours, truth / 2) < 1e-12
    far = accumulated_grad(batch, micro_batch_size=32, max_norm=10 * limit)
    assert relative_error(far, truth) < 1e-12

    inside = torch.zeros_like(truth)  # the mistake: each micro-batch clipped, then averaged
    for x, y in zip(batch[0].split(4), batch[1].split(4), strict=True):
        grad = full_grad((x, y))
        inside += grad * min(1.0, limit / grad.norm().item()) / 32
    assert inside.norm().item() < 0.6 * limit


def test_clip_agrees_with_torch():
    ours = [
        torch.randn(5, 4, generator=torch.Generator().manual_seed(3)),
        torch.randn(7, generator=torch.Generator().manual_seed(4)),
    ]
    params = [nn.Parameter(torch.zeros_like(g)) for g in ours]
    for param, grad in zip(params, ours, strict=True):
        param.grad = grad.clone()
    norm = clip(ours, 1.5)
    assert norm == pytest.approx(nn.utils.clip_grad_norm_(params, 1.5).item(), rel=1e-6)
    for param, grad in zip(params, ours, strict=True):
        assert torch.allclose(param.grad, grad, rtol=1e-5)


def test_batch_norm_is_refused_and_is_no_large_batch():
    batch = examples(128)
    with pytest.raises(ValueError, match="allow_batch_norm=True"):
        accumulate(batch_norm_net(), cross_entropy, batch, micro_batch_size=8)
    truth = full_grad(batch, make=batch_norm_net)
    settings = {"make": batch_norm_net, "allow_batch_norm": True}
    errors = [
        relative_error(accumulated_grad(batch, micro_batch_size=b, **settings), truth)
        for b in (128, 32, 4)
    ]
    assert errors[0] < 1e-12
    assert errors[1] > 0.05
    assert errors[2] > errors[1]
    assert accumulate(batch_norm_net().eval(), cross_entropy, batch).num_micro == 1


def test_windows_keep_the_incomplete_last_one():
    batch = examples(50)
    loader = list(zip(batch[0].split(8), batch[1].split(8), strict=True))  # 6 of 8 and one of 2
    windows = list(accumulation_windows(iter(loader), 3))
    assert [len(w) for w in windows] == [3, 3, 1]
    last = (batch[0][48:], batch[1][48:])
    assert relative_error(accumulated_grad(windows[-1]), full_grad(last)) < 1e-12
    with pytest.raises(ValueError, match="accum_steps must be >= 1, got 0"):
        next(accumulation_windows(loader, 0))


def test_leftovers_are_refused():
    model = net()
    accumulate(model, cross_entropy, examples(8))
    with pytest.raises(ValueError, match=r"zero_grad\(\) first"):
        accumulate(model, cross_entropy, examples(8))
    model.zero_grad(set_to_none=False)
    accumulate(model, cross_entropy, examples(8))


def test_a_gradient_that_is_not_finite_is_reported_and_left_alone():
    model = net()
    found = accumulate(model, lambda out, y: out.sum() * math.inf, examples(4), max_norm=1.0)
    assert not math.isfinite(found.grad_norm)
    assert not grad_of(model).isfinite().all()


def test_a_loss_of_the_general_form_is_accepted():
    batch = examples(20)
    loss = BatchLoss(lambda model, b: cross_entropy(model(b["x"]), b["y"]))
    model = net()
    accumulate(model, loss, {"x": batch[0], "y": batch[1]}, micro_batch_size=6)
    assert relative_error(grad_of(model), full_grad(batch)) < 1e-12


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"max_norm": 0.0}, "max_norm must be > 0"),
        ({"max_norm": math.nan}, "max_norm must be > 0"),
        ({"micro_batch_size": 0}, "chunk_size must be >= 1"),
        ({"count": lambda b: 0}, "nothing to average"),
        ({"count": lambda b: -1}, "number >= 0"),
        ({"count": lambda b: math.nan}, "number >= 0"),
    ],
)
def test_bad_settings_are_named(settings, words):
    with pytest.raises(ValueError, match=words):
        accumulate(net(), cross_entropy, examples(4), **settings)


def test_a_count_needs_pairs_and_two_examples():
    with pytest.raises(ValueError, match="inputs, targets"):
        target_count(torch.zeros(3))
    with pytest.raises(ValueError, match=">= 2 examples, got 1"):
        check_count(net(), cross_entropy, examples(1), count=len_of_first)


@pytest.mark.parametrize(("layers", "agrees"), [(1, True), (2, False)])
def test_on_a_cpu_one_dropout_layer_agrees_by_luck_and_two_do_not(layers, agrees):
    hidden = [m for _ in range(layers) for m in (nn.Linear(6, 6), nn.ReLU(), nn.Dropout(0.5))]
    model = nn.Sequential(*hidden, nn.Linear(6, 3)).double()
    x, y = torch.randn(32, 6).double(), torch.randint(3, (32,))
    found = []
    for micro_batch_size in (32, 16):
        torch.manual_seed(2)
        model.zero_grad()
        accumulate(model, cross_entropy, (x, y), micro_batch_size=micro_batch_size)
        found.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    error = ((found[0] - found[1]).norm() / found[0].norm()).item()
    assert error < 1e-12 if agrees else error > 0.1
