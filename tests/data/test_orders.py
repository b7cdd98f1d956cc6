import pytest
import torch

from coursekit.data.orders import duplicated_batches, sticky_batches, unshuffled_batches

NUM_GROUPS, SIZE = 10, 20


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def take(stream, count):
    return torch.stack([next(stream) for _ in range(count)])


def z_score(values, truth):
    return ((values.mean() - truth) / (values.std() / len(values) ** 0.5)).item()


@pytest.mark.quick
def test_an_unshuffled_stream_walks_its_order():
    order = torch.tensor([3, 1, 4, 0, 2])
    batches = take(unshuffled_batches(order, 2, generator=seeded()), 5)
    assert sorted(batches.flatten().tolist()) == sorted(order.repeat(2).tolist())
    place = torch.empty(5, dtype=torch.int64).scatter_(0, order, torch.arange(5))
    walked = place[batches.flatten()]
    assert ((walked[1:] - walked[:-1]) % 5 == 1).all()


@pytest.mark.quick
def test_sorted_by_class_a_batch_holds_few_classes():
    targets = torch.arange(200) % 10
    order = targets.argsort(stable=True)
    for batch in take(unshuffled_batches(order, 20, generator=seeded()), 10):
        assert len(targets[batch].unique()) <= 2


@pytest.mark.quick
def test_duplicates_stand_side_by_side_and_an_epoch_is_longer():
    batches = take(duplicated_batches(12, 8, copies=4, generator=seeded()), 6)
    assert (batches.view(6, 2, 4) == batches.view(6, 2, 4)[:, :, :1]).all()
    assert sorted(batches[:, ::4].flatten().tolist()) == list(range(12))


def variance_of_mean(values, batches):
    means = values[batches].mean(dim=1)
    return (means - values.mean()).square()


def test_a_duplicated_batch_is_as_noisy_as_b_over_c():
    values = torch.randn(4096, generator=seeded(1), dtype=torch.float64)
    found = variance_of_mean(
        values, take(duplicated_batches(4096, 32, copies=4, generator=seeded(2)), 4000)
    )
    truth = values.var(correction=0).item() / 8  # drawing 8 of 4096 is nearly with replacement
    assert abs(z_score(found, truth * (4096 - 8) / 4095)) < 4
    assert z_score(found, truth / 4) > 8  # B on paper


def sticky(stay, batch_size, count, groups=None, seed=3):
    groups = torch.arange(NUM_GROUPS * SIZE) % NUM_GROUPS if groups is None else groups
    return take(
        sticky_batches(groups, batch_size, stay=stay, generator=seeded(seed)), count
    ), groups


@pytest.mark.parametrize("stay", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("batch_size", [1, 16])
def test_the_group_repeats_as_often_as_it_should_within_and_between_batches(stay, batch_size):
    batches, groups = sticky(stay, batch_size, 40_000 // batch_size)
    seen = groups[batches.flatten()]
    repeats = (seen[1:] == seen[:-1]).double()
    assert abs(z_score(repeats, stay + (1 - stay) / NUM_GROUPS)) < 4


@pytest.mark.parametrize("stay", [0.0, 0.6, 0.9])
def test_the_variance_is_inflated_by_the_correlation(stay):
    """Group effects are correlated stay^k; the rest of each example is not."""
    batch_size = 16
    batches, groups = sticky(stay, batch_size, 30_000)
    batches = batches[:: 1 if stay == 0 else 15]  # far apart: nearly independent draws
    effect = torch.randn(NUM_GROUPS, generator=seeded(4), dtype=torch.float64)
    rest = torch.randn(NUM_GROUPS * SIZE, generator=seeded(5), dtype=torch.float64)
    for group in range(NUM_GROUPS):  # no group mean in the rest
        rest[groups == group] -= rest[groups == group].mean()
    lags = torch.arange(1, batch_size, dtype=torch.float64)
    inflation = 1 + 2 * ((1 - lags / batch_size) * stay**lags).sum().item()
    between, within = effect.var(correction=0).item(), rest.var(correction=0).item()
    found = variance_of_mean(effect[groups] + rest, batches)
    assert abs(z_score(found, (between * inflation + within) / batch_size)) < 4
    if stay:
        assert z_score(found, (between + within) / batch_size) > 8


def test_every_example_comes_equally_often_even_from_unequal_groups():
    groups = torch.tensor([0] * 50 + [7] * 10 + [3] * 4)  # numbers need not be 0, 1, 2
    batches, _ = sticky(0.5, 64, 4000, groups=groups)
    counts = torch.stack([b.bincount(minlength=64) for b in batches]).double()
    for part in (slice(0, 50), slice(50, 60), slice(60, 64)):
        shares = counts[:, part].sum(dim=1) / 64
        assert abs(z_score(shares, (part.stop - part.start) / 64)) < 4


@pytest.mark.quick
def test_equal_generators_give_equal_streams():
    """... whatever the batch size is, so arms are paired."""
    small, large = sticky(0.7, 8, 2048)[0], sticky(0.7, 4096, 4)[0]
    assert torch.equal(small.flatten(), large.flatten())


@pytest.mark.quick
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda g: unshuffled_batches(torch.arange(4), 5, generator=g), "between 1 and the 4"),
        (lambda g: duplicated_batches(8, 6, copies=4, generator=g), "copies must divide"),
        (lambda g: duplicated_batches(2, 12, copies=4, generator=g), "between 1 and the 2"),
        (lambda g: sticky_batches(torch.arange(4), 2, stay=1.0, generator=g), r"\[0, 1\), got 1"),
        (lambda g: sticky_batches(torch.arange(0), 2, stay=0.5, generator=g), "need examples"),
    ],
)
def test_bad_requests_are_named(make, words):
    with pytest.raises(ValueError, match=words):
        next(make(seeded()))
