"""Two processes see what one process with all micro-batches sees: DDP and FSDP2, for real.

In every case the gradients are clipped before micro_step() and zeroed before step().
"""

import pytest
import torch
from online_examples import classifier, micro_gradients
from torchrun import on_two_workers

from coursekit.noise.scale import grad_moments
from coursekit.noise.two_batch import two_batch_moments

pytestmark = pytest.mark.in_turn(thing="several processes", of=3, turn=2)


@pytest.fixture(scope="module")
def workers(tmp_path_factory):
    return on_two_workers("noise_scale.py", tmp_path_factory.mktemp("workers"))


@pytest.mark.parametrize(
    ("case", "sizes"),
    [
        ("ddp", [4, 4, 4, 4]),
        ("ddp, bucket view", [4, 4, 4, 4]),
        ("ddp, synced in each pass", [4, 4, 4, 4]),
        ("ddp, K=1", [8, 8]),
        ("fsdp2", [4, 4, 4, 4]),
        ("fsdp2, parameters", [4, 4, 4, 4]),
        ("fsdp2, K=1", [8, 8]),
    ],
)
def test_two_workers_are_one_process(workers, case, sizes):
    expected = grad_moments(micro_gradients(classifier(), sizes), sizes[0])
    for found in workers:
        wanted = [expected.grad_sq_norm, expected.tr_cov, expected.cost]
        assert found[case] == pytest.approx(wanted, rel=1e-9)


@pytest.mark.parametrize(
    ("case", "sizes"),
    [("ddp, unequal", ((4, 8, 2), (12,))), ("fsdp2, unequal", ((4, 8), (12, 2)))],
)
def test_workers_of_unequal_sizes_and_numbers(workers, case, sizes):
    """Two equations by hand: each worker averages its own K_r means, then the workers average."""
    flat = [b for own in sizes for b in own]
    shares = [1 / len(own) / 2 for own in sizes for _ in own]
    weights = torch.tensor(shares, dtype=torch.float64)
    rows = micro_gradients(classifier(), flat)
    b = torch.tensor(flat, dtype=torch.float64)
    small, big = (weights / b).sum(), (weights**2 / b).sum()
    mean_sq = (weights * rows.square().sum(1)).sum()
    sum_sq = (weights @ rows).square().sum()
    tr_cov = (mean_sq - sum_sq) / (small - big)
    wanted = [(sum_sq - big * tr_cov).item(), tr_cov.item(), sum(flat)]
    for found in workers:
        assert found[case] == pytest.approx(wanted, rel=1e-9)


def test_two_reads_use_the_first_micro_batch_of_each_worker(workers):
    rows = micro_gradients(classifier(), [4, 4, 4, 4])
    small = (rows[0].square().sum() + rows[2].square().sum()) / 2
    expected = two_batch_moments(small, rows.mean(0).square().sum(), 4, 16)
    for found in workers:
        wanted = [expected.grad_sq_norm, expected.tr_cov]
        assert found["ddp, ends"][:2] == pytest.approx(wanted, rel=1e-9)


def test_a_worker_that_trains_alone_says_so(workers):
    """Each sees its own micro-batches, and no collective is called."""
    rows = micro_gradients(classifier(), [8, 8, 8, 8])
    for found, own in zip(workers, (rows[:2], rows[2:]), strict=True):
        expected = grad_moments(own, 8)
        wanted = [expected.grad_sq_norm, expected.tr_cov]
        assert found["alone"][:2] == pytest.approx(wanted, rel=1e-9)


def test_a_forgotten_group_is_refused(workers):
    for found in workers:
        assert "runs 2 workers, but group is None" in found["forgotten"]
        assert "group=ddp.process_group" in found["forgotten"]


def test_tensor_parallel_layers_are_refused(workers):
    for found in workers:
        assert "as in tensor parallelism" in found["tensor parallel"]


def test_shards_that_were_never_averaged_are_refused(workers):
    for found in workers:
        assert "workers must average in it" in found["not averaged"]
