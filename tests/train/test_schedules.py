import math
import pickle
from itertools import pairwise

import pytest
import torch

from coursekit.train.schedules import (
    batch_growth,
    batch_size_instead_of_decay,
    constant,
    constant_warmup,
    cosine,
    inverse_sqrt,
    join,
    linear_warmup,
    product,
    step_decay,
    warmup_cosine,
)

pytestmark = pytest.mark.quick


def test_linear_warmup_at_its_corners():
    schedule = linear_warmup(2.0, warmup_steps=4)
    assert [schedule(t) for t in (0, 1, 2, 3, 4, 100)] == [0.5, 1.0, 1.5, 2.0, 2.0, 2.0]
    assert linear_warmup(2.0, warmup_steps=1)(0) == 2.0


def test_constant_warmup_jumps_at_warmup_steps():
    schedule = constant_warmup(1.0, warmup_lr=0.1, warmup_steps=3)
    assert [schedule(t) for t in range(5)] == [0.1, 0.1, 0.1, 1.0, 1.0]


def test_cosine_equals_torchs():
    """Oracle: torch.optim.lr_scheduler.CosineAnnealingLR, up to its last step."""
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.8)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=20, eta_min=0.05)
    schedule = cosine(0.8, num_steps=20, end_lr=0.05)
    for step in range(20):
        assert schedule(step) == pytest.approx(scheduler.get_last_lr()[0], rel=1e-12)
        optimizer.step()
        scheduler.step()
    assert schedule(20) == schedule(1000) == pytest.approx(0.05)


def test_step_decay_changes_at_its_boundaries():
    schedule = step_decay(1.0, boundaries=(2, 4), factor=0.5)
    assert [schedule(t) for t in range(6)] == [1.0, 1.0, 0.5, 0.5, 0.25, 0.25]


def test_inverse_sqrt_peaks_at_the_end_of_warmup_and_halves_at_four_times():
    schedule = inverse_sqrt(0.3, warmup_steps=100)
    assert max(range(1000), key=schedule) == 99
    assert schedule(99) == pytest.approx(0.3)
    assert schedule(399) == pytest.approx(0.15)
    assert schedule(0) == pytest.approx(0.003)


def test_warmup_cosine_rises_then_falls_to_its_end():
    schedule = warmup_cosine(1.0, warmup_steps=4, num_steps=14, end_lr=0.1)
    values = [schedule(t) for t in range(14)]
    assert values[:5] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert all(a > b for a, b in pairwise(values[4:]))
    assert schedule(9) == pytest.approx(0.55)  # half-way down
    assert schedule(14) == pytest.approx(0.1)
    assert warmup_cosine(1.0, warmup_steps=0, num_steps=10)(0) == 1.0


def test_joined_schedules_count_from_their_own_beginning():
    schedule = join([constant(5.0), lambda t: float(t), lambda t: -float(t)], [2, 4])
    assert [schedule(t) for t in range(7)] == [5.0, 5.0, 0.0, 1.0, 0.0, -1.0, -2.0]


def test_product_multiplies():
    schedule = product(
        linear_warmup(1.0, warmup_steps=4), step_decay(2.0, boundaries=[5], factor=0.1)
    )
    assert [schedule(t) for t in (0, 3, 5)] == pytest.approx([0.5, 2.0, 0.2])


def test_growing_the_batch_gives_the_noise_of_the_decay():
    decay = step_decay(0.4, boundaries=(10, 20), factor=0.25)
    sizes = batch_size_instead_of_decay(decay, batch_size=32, max_batch_size=4096)
    for step in (0, 9, 10, 19, 20, 50):
        assert 0.4 / sizes(step) == pytest.approx(decay(step) / 32)
    grown = batch_growth(32, boundaries=(10, 20), factor=4)
    assert [grown(t) for t in range(30)] == [sizes(t) for t in range(30)]
    assert batch_growth(32, boundaries=(1, 2), factor=4, max_batch_size=200)(2) == 200
    assert (
        batch_size_instead_of_decay(cosine(0.4, num_steps=5), batch_size=32, max_batch_size=512)(5)
        == 512
    )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: linear_warmup(1.0, warmup_steps=0), "warmup_steps must be an integer >= 1, got 0"),
        (lambda: linear_warmup(1.0, warmup_steps=2.5), "got 2.5"),
        (lambda: constant(math.nan), "value must be finite and not negative, got nan"),
        (lambda: cosine(-1.0, num_steps=4), "peak_lr must be finite and not negative"),
        (lambda: step_decay(1.0, boundaries=(4, 4), factor=0.5), "rising order"),
        (lambda: join([constant(1.0)], [3]), "1 schedules need 0 boundaries"),
        (lambda: warmup_cosine(1.0, warmup_steps=9, num_steps=9), "leaves nothing"),
        (lambda: batch_growth(0, boundaries=[1], factor=2), "batch_size must be an integer >= 1"),
        (lambda: batch_growth(8, boundaries=[0], factor=2), "rising order"),
    ],
)
def test_bad_requests_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


@pytest.mark.parametrize(
    "schedule",
    [
        constant(0.1),
        linear_warmup(0.1, warmup_steps=4),
        constant_warmup(0.1, warmup_lr=0.01, warmup_steps=3),
        cosine(0.1, num_steps=10, end_lr=0.02),
        step_decay(0.1, boundaries=[3, 6], factor=0.5),
        inverse_sqrt(0.1, warmup_steps=4),
        warmup_cosine(0.1, warmup_steps=3, num_steps=10),
        join([constant(0.1), linear_warmup(0.2, warmup_steps=2)], [4]),
        product(linear_warmup(1.0, warmup_steps=4), step_decay(0.1, boundaries=[5], factor=0.1)),
        batch_growth(8, boundaries=[2, 5], factor=4, max_batch_size=64),
        batch_size_instead_of_decay(
            step_decay(0.1, boundaries=[3], factor=0.5), batch_size=8, max_batch_size=64
        ),
    ],
)
def test_a_schedule_survives_pickling(schedule):
    """To spawned workers it travels so."""
    again = pickle.loads(pickle.dumps(schedule))
    assert [again(t) for t in range(12)] == [schedule(t) for t in range(12)]


def test_a_scheduler_with_our_schedule_is_saved_by_torch(tmp_path):
    weight = torch.nn.Parameter(torch.zeros(1))
    optimizer = torch.optim.SGD([weight], lr=1.0)
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, warmup_cosine(0.1, warmup_steps=3, num_steps=10)
    )
    torch.save(scheduler, tmp_path / "whole.pt")
    torch.save(scheduler.state_dict(), tmp_path / "state.pt")
    again = torch.load(tmp_path / "whole.pt", weights_only=False)
    assert again.lr_lambdas[0](4) == scheduler.lr_lambdas[0](4)
    scheduler.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    assert scheduler.get_last_lr() == [pytest.approx(0.1 / 3)]


def test_a_list_changed_afterwards_changes_no_schedule():
    boundaries = [2, 4]
    schedule = step_decay(1.0, boundaries=boundaries, factor=0.5)
    boundaries.append(5)
    assert schedule(6) == 0.25
