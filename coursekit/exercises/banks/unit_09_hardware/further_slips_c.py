"""Slips of unit 09 that a third trial of its text brought up, up to the blocks of rows."""

import math
import statistics
from collections.abc import Callable

import numpy as np
import torch

from coursekit.exercises.banks.unit_09_hardware.activations_slips import (
    activation_bytes,
    inputs_of,
)
from coursekit.exercises.banks.unit_09_hardware.epoch_slips import epoch
from coursekit.exercises.banks.unit_09_hardware.step_time_law import misfits
from coursekit.exercises.engine.declare import Mistake


def geometric(values):
    return math.exp(float(np.log(values).mean()))


def at(batch_sizes, seconds, k):
    rates = np.divide(batch_sizes, seconds)
    return [geometric(seconds[:k]), geometric(rates[k:])]


def until_it_rises(batch_sizes, seconds):
    found, k = misfits(batch_sizes, seconds), 2
    while k + 1 in found and found[k + 1] <= found[k]:
        k += 1
    return at(batch_sizes, seconds, k)


def medians_throughout(batch_sizes, seconds):
    """Measure the misfit from the medians too, so that another split may be best."""
    rates, best = np.divide(batch_sizes, seconds), (math.inf, 0.0, 0.0)
    for k in range(2, len(seconds) - 1):
        floor, rate = statistics.median(seconds[:k]), statistics.median(rates[k:])
        error = (np.log(np.array(seconds[:k]) / floor) ** 2).sum()
        best = min(best, (float(error + (np.log(rates[k:] / rate) ** 2).sum()), floor, rate))
    return list(best[1:])


STEP_TIME = (
    Mistake(
        "stops where the misfit rises",
        "You stop where the misfit first rises. May it fall again further on?",
        until_it_rises,
    ),
    Mistake(
        "medians, in the misfit too",
        "You measure the misfit from medians and return them. Which mean does the text name?",
        medians_throughout,
    ),
)


def crossing(bytes_of=None, size=None, change=lambda knee: knee, never=math.nan):
    """Return a knee with other bytes of an example, another size of a number, or changed."""

    def answer(fan_in, fan_out, bytes_per_number, flops, bandwidth):
        s = bytes_per_number if size is None else size
        ends = fan_in + fan_out if bytes_of is None else bytes_of(fan_in, fan_out)
        gain = 2 * fan_in * fan_out / flops - s * ends / bandwidth
        return change(s * fan_in * fan_out / bandwidth / gain) if gain > 0 else never

    return answer


ROOFLINE = (
    Mistake(
        "four bytes always",
        "You count as many bytes a number whatever is handed in. Which argument says how many?",
        crossing(size=4),
    ),
    Mistake(
        "in and out, both twice",
        "You count an example's inputs and its outputs in both directions. Which way does each of "
        "them go?",
        crossing(bytes_of=lambda n, m: 2 * (n + m)),
    ),
    Mistake(
        "as wide at the end as at the beginning",
        "You give an example as many outputs as inputs. Which argument counts the outputs?",
        crossing(bytes_of=lambda n, m: 2 * n),
    ),
    Mistake(
        "whole examples, rounded down",
        "You round the knee down. Does the text ask for whole examples?",
        crossing(change=math.floor),
    ),
    Mistake(
        "minus one where there is none",
        "You return a negative number for a layer that no batch fills. What does the docstring "
        "ask for?",
        crossing(never=-1.0),
    ),
)


def with_others(others: Callable[[list[int], int], float], size=None) -> Callable[..., float]:
    """Return bytes where others(inputs of segments, place) is held beside the segment at work."""

    def answer(widths, batch_size, segment, bytes_per_number):
        inputs = inputs_of(list(widths), segment)
        starts = range(0, len(widths) - 1, segment)
        own = [sum(widths[a : min(a + segment, len(widths) - 2) + 1]) for a in starts]
        most = max(n + others(inputs, i) for i, n in enumerate(own))
        return most * batch_size * (bytes_per_number if size is None else size)

    return answer


ACTIVATIONS = (
    Mistake(
        "inputs of all other segments",
        "Beside the segment at work you hold the inputs of all others. Which of them has the "
        "backward pass gone through already?",
        with_others(lambda inputs, i: sum(inputs) - inputs[i]),
    ),
    Mistake(
        "inputs of the segments after it",
        "You hold the inputs of the segments after the one at work. From which end does the "
        "backward pass come?",
        with_others(lambda inputs, i: sum(inputs[i + 1 :])),
    ),
    Mistake(
        "the segment before it alone",
        "You hold the input of one segment before the one at work. From what will the earlier ones "
        "be computed again?",
        with_others(lambda inputs, i: inputs[i - 1] if i else 0),
    ),
    Mistake(
        "segments' inputs as wide as the data",
        "You give each segment's input the width of the first. How wide is the layer at which a "
        "segment begins?",
        with_others(lambda inputs, i: i * inputs[0]),
    ),
    Mistake(
        "four bytes a number",
        "You count as many bytes a number whatever is handed in. Which argument says how many?",
        lambda w, b, k, s: activation_bytes(w, b, k, 4),
    ),
    Mistake(
        "mebibytes",
        "You return millions of bytes. Which unit does the task ask for?",
        lambda w, b, k, s: activation_bytes(w, b, k, s) / 2**20,
    ),
)


def an_empty_step(num_examples, batch_size, floor, rate, drop_last):
    steps, seconds, weight = epoch(num_examples, batch_size, floor, rate, drop_last)
    return [steps, seconds + (floor if num_examples % batch_size == 0 else 0.0), weight]


def beside_the_average(num_examples, batch_size, floor, rate, drop_last):
    steps, seconds, weight = epoch(num_examples, batch_size, floor, rate, drop_last)
    left = num_examples % batch_size
    if left and not drop_last:
        weight = num_examples / (steps * left)
    return [steps, seconds, weight]


def one_floor(num_examples, batch_size, floor, rate, drop_last):
    """Compare the floor with all examples that are seen."""
    steps, _, weight = epoch(num_examples, batch_size, floor, rate, drop_last)
    seen = num_examples - (num_examples % batch_size if drop_last else 0)
    return [steps, max(floor, seen / rate), weight]


def no_floor(num_examples, batch_size, floor, rate, drop_last):
    steps, _, weight = epoch(num_examples, batch_size, floor, rate, drop_last)
    return [steps, num_examples / rate, weight]


EPOCH = (
    Mistake(
        "a floor for a batch of nothing",
        "You wait for a step where nothing is left over. Who takes it?",
        an_empty_step,
    ),
    Mistake(
        "beside the average batch",
        "You compare with the average batch of the epoch. With which one does the text compare?",
        beside_the_average,
    ),
    Mistake(
        "one floor for all that is seen",
        "Your floor is compared once, with all examples together. How often does one wait for it?",
        one_floor,
    ),
    Mistake(
        "all examples over the rate",
        "You divide all examples by the rate. What is the shortest that a step can be?",
        no_floor,
    ),
)


def filled(rows, block):
    return torch.cat([rows, torch.zeros(-len(rows) % block, rows.shape[1])])


def joined(function, parts, count):
    return torch.cat([function(part) for part in parts])[:count]


def filled_where_few(function, rows, block):
    taken = filled(rows, block) if len(rows) < block else rows
    return joined(function, taken.split(block), len(rows))


def interleaved(function, rows, block):
    taken = filled(rows, block)
    stride = len(taken) // block
    return joined(function, [taken[i::stride] for i in range(stride)], len(rows))


ROW_STABLE = (
    Mistake(
        "filled only where rows are few",
        "You fill up only where all rows together are fewer than a block. How many rows has the "
        "last call of a longer input?",
        filled_where_few,
    ),
    Mistake(
        "every so many rows",
        "Your blocks take rows from all over the input. In which order do the results come back?",
        interleaved,
    ),
    Mistake(
        "last block first",
        "You call the last block first and join what comes. In which order are the rows asked for?",
        lambda function, rows, block: joined(
            function, filled(rows, block).split(block)[::-1], len(rows)
        ),
    ),
    Mistake(
        "pairs of rows",
        "You hand over two rows at a time whatever `block` says. How many should a call see?",
        lambda function, rows, block: joined(function, filled(rows, 2).split(2), len(rows)),
    ),
    Mistake(
        "divided by the number of blocks",
        "You divide by the number of blocks. Does a row stand in more than one of them?",
        lambda function, rows, block: (
            joined(function, filled(rows, block).split(block), len(rows)) / -(-len(rows) // block)
        ),
    ),
    Mistake(
        "all at once, rounded to four digits",
        "You hand over all rows at once and round. Two numbers on either side of a rounding limit: "
        "does that make them equal?",
        lambda function, rows, block: function(rows).mul(1e4).round().div(1e4),
    ),
)
