import math

import numpy as np
import torch


def right_1(num_examples, batch_size, num_epochs):
    """Whole batches of one epoch, times the epochs."""
    return (num_examples // batch_size) * num_epochs


def right_2(num_examples, batch_size, num_epochs):
    """Round the steps of one epoch down with math.floor, then multiply."""
    steps_per_epoch = math.floor(num_examples / batch_size)
    return num_epochs * steps_per_epoch


def right_3(num_examples, batch_size, num_epochs):
    """Play the run through and count."""
    steps = 0
    for _ in range(num_epochs):
        left = num_examples
        while left >= batch_size:
            left -= batch_size
            steps += 1
    return steps


def right_4(num_examples, batch_size, num_epochs):
    """Cut one epoch into batches, keep the full ones and count them."""
    batches = torch.arange(num_examples).split(batch_size)
    full = [batch for batch in batches if len(batch) == batch_size]
    return len(full) * num_epochs


def right_5(num_examples, batch_size, num_epochs):
    """Take the remainder away first; returns a NumPy integer."""
    used = np.int64(num_examples) - np.mod(num_examples, batch_size)
    return used // batch_size * num_epochs


def wrong_1(num_examples, batch_size, num_epochs):
    """Believed that the examples left over are carried into the next epoch."""
    return num_examples * num_epochs // batch_size


def wrong_2(num_examples, batch_size, num_epochs):
    """Believed that the last, smaller batch of an epoch also makes a step."""
    return math.ceil(num_examples / batch_size) * num_epochs


def wrong_3(num_examples, batch_size, num_epochs):
    """Believed that / already gives a whole number of steps."""
    return num_examples / batch_size * num_epochs


def wrong_4(num_examples, batch_size, num_epochs):
    """Believed that the steps of one epoch were asked for."""
    return num_examples // batch_size


def wrong_5(num_examples, batch_size, num_epochs):
    """Believed that N/B is rounded to the nearest whole number."""
    return round(num_examples / batch_size) * num_epochs


def wrong_6(num_examples, batch_size, num_epochs):
    """Believed that only the very last batch of the whole run may be smaller, and counts."""
    return math.ceil(num_examples * num_epochs / batch_size)


def wrong_7(num_examples, batch_size, num_epochs):
    """Believed that the examples seen are the steps, since each example gives a gradient."""
    return num_examples // batch_size * batch_size * num_epochs


def wrong_8(num_examples, batch_size, num_epochs):
    """Believed that there is always one more batch with the rest, even if the rest is empty."""
    return (num_examples // batch_size + 1) * num_epochs


def wrong_9(num_examples, batch_size, num_epochs):
    """Believed that range stops after its end, and so lost the last batch when B divides N."""
    starts = range(0, num_examples - batch_size, batch_size)
    return len(starts) * num_epochs


def wrong_10(num_examples, batch_size, num_epochs):
    """Believed that a batch larger than the data set still makes one step an epoch."""
    return max(1, num_examples // batch_size) * num_epochs


RIGHT = [right_1, right_2, right_3, right_4, right_5]
WRONG = [
    wrong_1,
    wrong_2,
    wrong_3,
    wrong_4,
    wrong_5,
    wrong_6,
    wrong_7,
    wrong_8,
    wrong_9,
    wrong_10,
]
