import pytest
import torch
from accumulation_examples import (
    batch_norm_net,
    examples,
    net,
    padded,
    relative_error,
    seeded,
    token_loss,
)
from torch.nn.functional import cross_entropy

from coursekit.data.orders import epoch_batches
from coursekit.gradients.batches import select_examples
from coursekit.train.accumulation import accumulate, target_count
from coursekit.train.ranks import copy_to_ranks, parallel_step, split_to_ranks

pytestmark = pytest.mark.quick
NUM_EXAMPLES, NUM_STEPS, LR = 512, 20, 0.2


def sgd(ranks, lr=LR):
    return [torch.optim.SGD(m.parameters(), lr=lr, momentum=0.9) for m in ranks]


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def one_worker(batch_size, max_norm=None):
    """The oracle: one model that sees the whole batch in one backward pass."""
    model, data = net(), examples(NUM_EXAMPLES)
    optimizer = sgd([model])[0]
    stream = epoch_batches(NUM_EXAMPLES, batch_size, generator=seeded(5))
    for _ in range(NUM_STEPS):
        x, y = select_examples(data, next(stream))
        optimizer.zero_grad()
        cross_entropy(model(x), y).backward()
        if max_norm is not None:
            torch.nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
    return weights(model)


def many_ranks(num_ranks, batch_size, same_shard=False, **settings):
    ranks, data = copy_to_ranks(net(), num_ranks), examples(NUM_EXAMPLES)
    optimizers = sgd(ranks)
    stream = epoch_batches(NUM_EXAMPLES, batch_size, generator=seeded(5))
    for _ in range(NUM_STEPS):
        shards = split_to_ranks(next(stream), num_ranks)
        parallel_step(ranks, optimizers, cross_entropy, data, shards, **settings)
    return weights(ranks[-1])


@pytest.mark.parametrize("num_ranks", [1, 2, 8])
def test_n_ranks_of_m_train_the_model_of_one_worker_with_n_times_m(num_ranks):
    ours = many_ranks(num_ranks, 128)
    assert (ours - one_worker(128)).abs().max().item() < 1e-14


def test_ranks_accumulate_and_clip_like_one_worker():
    ours = many_ranks(4, 128, micro_batch_size=5, max_norm=0.1)
    truth = one_worker(128, max_norm=0.1)
    assert (ours - truth).abs().max().item() < 1e-6  # torch divides by norm + 1e-6
    assert (truth - one_worker(128)).abs().max().item() > 1e-2


def test_the_equality_has_power():
    """One rank's gradient alone, or a sum over ranks, is far from the large batch."""
    truth = one_worker(128)
    assert (one_worker(16) - truth).abs().max().item() > 1e-2
    ranks, data = copy_to_ranks(net(), 8), examples(NUM_EXAMPLES)
    optimizers = sgd(ranks, lr=8 * LR)  # what a sum instead of a mean amounts to
    stream = epoch_batches(NUM_EXAMPLES, 128, generator=seeded(5))
    for _ in range(NUM_STEPS):
        parallel_step(ranks, optimizers, cross_entropy, data, split_to_ranks(next(stream), 8))
    assert (weights(ranks[0]) - truth).abs().max().item() > 1e-2


def step(shards, **settings):
    ranks, data = copy_to_ranks(net(), len(shards)), examples(64)
    found = parallel_step(ranks, sgd(ranks), cross_entropy, data, shards, **settings)
    return found, weights(ranks[0])


def test_unequal_ranks_are_refused_or_weighted():
    index = torch.arange(64)
    shards = [index[:50], index[50:60], index[60:]]
    with pytest.raises(ValueError, match="pass weighted=True"):
        step(shards)
    weighted, ours = step(shards, weighted=True)
    together, truth = step([index])
    assert (ours - truth).abs().max().item() < 1e-14
    assert weighted.loss == pytest.approx(together.loss, rel=1e-13)
    assert weighted.grad_norm == pytest.approx(together.grad_norm, rel=1e-12)
    assert weighted.count == 64


def test_tokens_are_weighted_over_ranks():
    data, index = padded(), torch.arange(48)
    ranks, alone = copy_to_ranks(net(), 4), net()
    accumulate(alone, token_loss, data, count=target_count)
    settings = {"count": target_count, "weighted": True}
    found = parallel_step(ranks, sgd(ranks), token_loss, data, split_to_ranks(index, 4), **settings)
    moved = weights(net()) - weights(ranks[0])
    grad = torch.cat([p.grad.flatten() for p in alone.parameters()])
    assert relative_error(moved / LR, grad) < 1e-12
    assert found.count == target_count(data)


def test_local_gradients_are_longer_than_their_mean():
    found, _ = step(split_to_ranks(torch.arange(64), 8))
    assert len(found.local_norms) == 8
    mean_square = sum(n**2 for n in found.local_norms) / 8
    assert mean_square > found.grad_norm**2


def test_overlapping_shards_are_refused():
    index = torch.arange(8)
    with pytest.raises(ValueError, match="example 0 is on 2 ranks"):
        step([index, index])
    with pytest.raises(ValueError, match="needs examples"):
        step([index, index[:0]])
    with pytest.raises(ValueError, match="do not split evenly over 3 ranks"):
        split_to_ranks(index, 3)


def test_ranks_that_differ_are_refused_before_and_after():
    shards, data = split_to_ranks(torch.arange(64), 2), examples(64)
    ranks = [net(0), net(1)]
    with pytest.raises(ValueError, match=r"rank 1 differs from rank 0 in 0.weight before"):
        parallel_step(ranks, sgd(ranks), cross_entropy, data, shards)
    ranks = copy_to_ranks(net(), 2)
    optimizers = [sgd(ranks)[0], sgd(ranks, lr=2 * LR)[1]]
    with pytest.raises(ValueError, match="after the step; give every rank's optimizer"):
        parallel_step(ranks, optimizers, cross_entropy, data, shards)


def test_batch_norm_on_ranks_is_refused_and_is_no_large_batch():
    data, shards = examples(64), split_to_ranks(torch.arange(64), 8)
    ranks = copy_to_ranks(batch_norm_net(), 8)
    with pytest.raises(ValueError, match="allow_batch_norm=True"):
        parallel_step(ranks, sgd(ranks), cross_entropy, data, shards)
    found = parallel_step(ranks, sgd(ranks), cross_entropy, data, shards, allow_batch_norm=True)
    alone = accumulate(batch_norm_net(), cross_entropy, data, allow_batch_norm=True)
    assert abs(found.grad_norm / alone.grad_norm - 1) > 0.01


def test_lists_must_match():
    ranks = copy_to_ranks(net(), 2)
    shards = split_to_ranks(torch.arange(8), 2)
    with pytest.raises(ValueError, match="2 ranks, 1 optimizers and 2 shards"):
        parallel_step(ranks, sgd(ranks)[:1], cross_entropy, examples(8), shards)
    with pytest.raises(ValueError, match="num_ranks must be >= 1, got 0"):
        copy_to_ranks(net(), 0)
