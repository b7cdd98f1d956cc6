import math

import torch


def right_1(num_examples, batch_size, num_epochs):
    return num_examples // batch_size * num_epochs


def right_2(num_examples, batch_size, num_epochs):
    steps = 0
    for _ in range(num_epochs):
        used = 0
        while used + batch_size <= num_examples:
            used += batch_size
            steps += 1
    return steps


def right_3(num_examples, batch_size, num_epochs):
    batches, _ = divmod(num_examples, batch_size)
    return sum([batches] * num_epochs)


def right_4(num_examples, batch_size, num_epochs):
    return math.floor(num_examples / batch_size) * num_epochs


def right_5(num_examples, batch_size, num_epochs):
    batches = torch.arange(num_examples).split(batch_size)
    full = [batch for batch in batches if len(batch) == batch_size]
    return len(full) * num_epochs


def wrong_1(num_examples, batch_size, num_epochs):
    """Believed that one rounding at the very end is the same as a rounding in each epoch."""
    return num_examples * num_epochs // batch_size


def wrong_2(num_examples, batch_size, num_epochs):
    """Believed that the last, short batch of an epoch is a step too, as in a plain DataLoader."""
    return math.ceil(num_examples / batch_size) * num_epochs


def wrong_3(num_examples, batch_size, num_epochs):
    """Believed that examples over batch size is the answer and did not think of rounding."""
    return num_examples / batch_size * num_epochs


def wrong_4(num_examples, batch_size, num_epochs):
    """Believed that the question is about one epoch, and did not use num_epochs."""
    return num_examples // batch_size


def wrong_5(num_examples, batch_size, num_epochs):
    """Believed that "rounded" means to the nearest whole number."""
    return round(num_examples / batch_size) * num_epochs


def wrong_6(num_examples, batch_size, num_epochs):
    """Believed that printing the result hands it back."""
    print(num_epochs * (num_examples // batch_size))


def wrong_7(num_examples, batch_size, num_epochs):
    """Believed that the leftover always makes one more step, also when nothing is left over."""
    return (num_examples // batch_size + 1) * num_epochs


def wrong_8(num_examples, batch_size, num_epochs):
    """Believed that leftovers roll on into the next epoch and only the very last batch is short."""
    return math.ceil(num_examples * num_epochs / batch_size)


def wrong_9(num_examples, batch_size, num_epochs):
    """Believed that a batch must end before the last example: wrote < where <= belongs."""
    steps, end = 0, batch_size
    while end < num_examples:
        steps += 1
        end += batch_size
    return steps * num_epochs


def wrong_10(num_examples, batch_size, num_epochs):
    """Believed that an epoch makes at least one step, even if the batch exceeds the data set."""
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
