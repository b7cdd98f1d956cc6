"""Slips of unit 09's second half that further trials of its text brought up."""

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from coursekit.exercises.banks.unit_09_hardware.plan_slips import with_cost
from coursekit.exercises.engine.declare import Mistake


def shares(workers, examples, seconds):
    each = [b / n / t for n, b, t in zip(workers, examples, seconds, strict=True)]
    return [rate / each[workers.index(1)] for rate in each]


def over_the_one_before(workers, examples, seconds):
    each = shares(workers, examples, seconds)
    return [1.0, *(after / before for before, after in pairwise(each))]


def examples_alone(workers, examples, seconds):
    one = examples[workers.index(1)]
    return [b / n / one for n, b in zip(workers, examples, strict=True)]


EFFICIENCY = (
    Mistake(
        "one number for all",
        "You average over the entries. How many numbers does the docstring want?",
        lambda *table: float(np.mean(shares(*table))),
    ),
    Mistake(
        "over the entry before",
        "You compare each entry with the one before it. With which one does the text compare?",
        over_the_one_before,
    ),
    Mistake(
        "seconds not looked at",
        "Your numbers know the examples alone. In how much time are they done?",
        examples_alone,
    ),
)


def noises(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    noise = tr_cov / batch_size
    added = (1 / share - 1) * (grad_sq_norm + num_workers * noise) / num_workers
    return noise, added


def second(of_noises: Callable[..., float]) -> Callable[..., list[float]]:
    """Return an answer with another second number, of (noise, added, tr_cov, batch_size)."""

    def answer(grad_sq_norm, tr_cov, batch_size, num_workers, share):
        noise, added = noises(grad_sq_norm, tr_cov, batch_size, num_workers, share)
        return [noise + added, of_noises(noise, added, tr_cov, batch_size)]

    return answer


COMPRESSED = (
    Mistake(
        "how many times the noise",
        "Your second number says how many times as noisy it is. In which unit is a batch size?",
        second(lambda noise, added, trace, batch: (noise + added) / noise),
    ),
    Mistake(
        "batch of what compression adds",
        "Your second number knows only what compression adds. Which noise does its batch have?",
        second(lambda noise, added, trace, batch: trace / added if added else batch),
    ),
    Mistake(
        "whole examples, rounded down",
        "You round the effective batch down. Does the text ask for whole examples?",
        second(lambda noise, added, trace, batch: math.floor(trace / (noise + added))),
    ),
)


def used_over_one_over_b(runs):
    slope, start = np.polyfit(runs[0], runs[1], 1)
    return lambda b: start + slope / b


def without_intercept(runs):
    x = 1 / np.array(runs[0], float)
    slope = float((x * np.array(runs[1])).sum() / (x * x).sum())
    return lambda b: slope / b


def in_relative_errors(runs):
    steps = np.array(runs[1], float)
    slope, least = np.polyfit(1 / np.array(runs[0], float), steps, 1, w=1 / steps)
    return lambda b: least + slope / b


def in_whole_steps(goal, b, steps, floor, rate, prices):
    steps = math.ceil(steps)
    seconds = steps * max(floor, b / rate)
    return {
        "examples": b * steps,
        "seconds": seconds,
        "money": seconds / 3600 * prices[0] + b * steps / 1e6 * prices[1],
    }[goal]


PLAN = (
    Mistake(
        "fitted over B, used over 1/B",
        "You fit the line over B and read it over one over B. Over what does the text fit?",
        with_cost(law=used_over_one_over_b),
    ),
    Mistake(
        "line through the origin",
        "Your steps fall to nothing at a large batch. What is S_min?",
        with_cost(law=without_intercept),
    ),
    Mistake(
        "relative errors in the fit",
        "Your fit weighs the runs. Which least squares does the text ask for?",
        with_cost(law=in_relative_errors),
    ),
    Mistake(
        "whole steps",
        "You round the steps up. Does the text ask for whole steps?",
        with_cost(in_whole_steps),
    ),
)
