"""Tasks about parts, plans and limits: values worked out by hand or by brute force."""

import random

import pytest

from coursekit.interview.tasks.by_name import TASKS

pytestmark = pytest.mark.quick

BY_HAND = {
    # 64 + 64 + 2 in three pieces: an example of the last counts 1/6 instead of 1/130
    "ragged_weight": ({"full": 2, "b": 64, "last": 2}, 130 / 6),
    # per worker a sum over 64, averaged over workers: 64 times the mean
    "lr_sum_to_mean": ({"workers": 8, "m": 64, "lr": 0.001}, 0.064),
    # 997 = 15 x 64 + 37
    "partial_batch": ({"n": 997, "b": 64}, 64 / 37),
    # two draws at 2 %: 0.98 squared
    "rare_class": ({"percent": 2, "b": 2}, 0.9604),
    # 100 million x 16 bytes = 1.6 GB, and 8 x 50 MB = 0.4 GB
    "memory_accumulation": ({"millions": 100, "mb": 50, "micro": 8, "batch": 256}, 2.0),
    # B = 2048 = B_crit: steps x 0.75, GPUs x 2, steps 1/0.75 as long
    "gpu_hours": ({"gpus": 16, "local": 128, "b_crit": 2048, "efficiency": 75}, 2.0),
    # 5000 (1 + 1000/500) steps of 500 examples
    "examples_at": ({"s_min": 5000, "b_crit": 1000, "b": 500}, 15000 * 500),
    # S = 1000 + 512000/B: 5000 steps at 128, 1500 at 1024
    "critical_of_two": ({"b1": 128, "s1": 5000, "b2": 1024, "s2": 1500}, 512.0),
    # 10000 (1 + 1000/4000) steps of 0.2 s each
    "time_to_target": (
        {"s_min": 10000, "b_crit": 1000, "b": 4000, "rate": 20000, "floor": 0.05},
        12500 * 0.2 / 3600,
    ),
    # 10 ms at 1024 examples in 160 ms
    "knee_of_step": ({"floor": 10, "large": 1024, "slow": 160}, 64.0),
    "roofline_batch": ({"tera": 600, "bandwidth": 2}, 300.0),
    # 16 layers in fours: 4 kept inputs, and three more of the segment at work
    "checkpoint_layers": ({"layers": 16, "segment": 4, "mb": 10}, 70.0),
    # 256 examples a GPU in 80 ms against 256 in 40 ms
    "scaling_efficiency": (
        {"workers": 8, "batch": 256, "total": 2048, "one": 40, "many": 80},
        50.0,
    ),
    "loader_rate": ({"batch": 64, "workers": 4, "each": 2, "step": 20}, 32.0),
    "largest_lr": ({"curvature": 10, "momentum": 0.9}, 0.38),
    "worst_rise": ({"curvature": 100, "radius": 0.1}, 0.5),
    # 2^19 tokens are 256 sequences; 8 GPUs x 4 take 32 of them at a time
    "token_pieces": ({"tokens": 2**19, "seq": 2048, "gpus": 8, "micro": 4}, 8.0),
    # a quarter of the batch: the fourth root of 0.9801 = 0.99^2 is 0.99498744
    "beta_tokens": ({"beta": 0.9801, "old": 256, "new": 64}, 0.00501256),
    # one good setting of ten, five tries: one half
    "chance_of_top": ({"n": 10, "m": 1, "k": 5}, 50.0),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_value_by_hand(name):
    params, value = BY_HAND[name]
    assert TASKS[name].value(params) == pytest.approx(value, rel=1e-5)


def test_a_small_batch_waits_for_the_floor():
    params = {"s_min": 10000, "b_crit": 1000, "b": 500, "rate": 20000, "floor": 0.05}
    assert TASKS["time_to_target"].value(params) == pytest.approx(30000 * 0.05 / 3600)


def momentum_descent(lr, momentum, curvature, steps=4000):
    w, v = 1.0, 0.0
    for _ in range(steps):
        v = momentum * v + curvature * w
        w -= lr * v
        if abs(w) > 1e6:
            break
    return abs(w)


@pytest.mark.parametrize("seed", range(6))
def test_momentum_descent_breaks_at_the_largest_rate(seed):
    params = TASKS["largest_lr"].draw(random.Random(seed))
    limit = TASKS["largest_lr"].value(params)
    assert momentum_descent(0.98 * limit, **params) < 1
    assert momentum_descent(1.02 * limit, **params) > 1e6


@pytest.mark.parametrize("seed", range(6))
def test_beta_keeps_its_weight_after_as_many_tokens(seed):
    params = TASKS["beta_tokens"].draw(random.Random(seed))
    new_beta = 1 - TASKS["beta_tokens"].value(params)
    steps = params["old"] // params["new"]  # new steps for the examples of one old step
    assert new_beta**steps == pytest.approx(params["beta"])


@pytest.mark.parametrize("seed", range(6))
def test_two_runs_give_back_the_law_they_were_made_from(seed):
    params = TASKS["critical_of_two"].draw(random.Random(seed))
    b_crit = TASKS["critical_of_two"].value(params)
    least = params["s1"] / (1 + b_crit / params["b1"])
    assert params["s2"] == pytest.approx(least * (1 + b_crit / params["b2"]))
    assert all(float(params[name]).is_integer() for name in ("s1", "s2"))


def test_the_weights_of_a_ragged_step_add_up_to_one():
    params = {"full": 3, "b": 32, "last": 4}
    examples, pieces = 3 * 32 + 4, 4
    too_heavy = TASKS["ragged_weight"].value(params)
    others = (1 - 4 * too_heavy / examples) / (3 * 32)
    assert others == pytest.approx(1 / (pieces * 32))


def test_drawn_batches_miss_the_rare_class_as_often_as_calculated():
    params, rng, tries = {"percent": 3, "b": 32}, random.Random(5), 4000
    share = TASKS["rare_class"].value(params)
    missed = sum(all(rng.random() >= 0.03 for _ in range(32)) for _ in range(tries))
    error = (share * (1 - share) / tries) ** 0.5
    assert abs(missed / tries - share) < 4 * error
    assert abs(missed / tries - (1 - 0.03 * 32)) > 4 * error  # chances added: told apart
