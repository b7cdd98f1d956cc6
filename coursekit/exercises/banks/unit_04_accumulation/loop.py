"""An accumulation loop that is exact for micro-batches of unequal size."""

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from coursekit.exercises.banks.unit_04_accumulation.linear_loss import weight_of
from coursekit.exercises.banks.unit_04_accumulation.loop_cases import BY_HAND, draw_loops
from coursekit.exercises.banks.unit_04_accumulation.loop_slips import (
    SHARES,
    MicroBatches,
    full_ones,
    only_longest,
    outputs_for_logs,
    sizes,
    softmax_twice,
    weighted,
    weights_moved,
    without_single,
)
from coursekit.exercises.engine.declare import Exercise, Mistake


def accumulate(model: nn.Sequential, micro_batches: MicroBatches) -> Tensor | None:
    total = sum(len(targets) for _, targets in micro_batches)
    for inputs, targets in micro_batches:
        loss = cross_entropy(model(inputs), targets)
        (loss * len(targets) / total).backward()
    return weight_of(model).grad


def loop_by_sums(model, micro_batches):
    seen = 0
    for x, y in micro_batches:
        cross_entropy(model(x), y, reduction="sum").backward()
        seen += len(y)
    for p in model.parameters():
        p.grad /= seen
    return weight_of(model).grad


def loop_as_one_batch(model, micro_batches):
    x, y = (torch.cat(column) for column in zip(*micro_batches, strict=True))
    cross_entropy(model(x), y).backward()
    return weight_of(model).grad


def loop_by_formula(model, micro_batches):
    x = torch.cat([x for x, _ in micro_batches])
    y = torch.cat([y for _, y in micro_batches])
    error = model(x).softmax(dim=1)
    error[range(len(y)), y] -= 1
    weight_of(model).grad = (error.T @ x / len(y)).detach()
    return weight_of(model).grad


U04_LOOP = Exercise(
    id="u04_loop",
    call="accumulate(model, micro_batches)",
    points={"equal micro-batches": 1.0, "ragged micro-batches": 1.0},
    by_hand=BY_HAND,
    promises=("by hand", "order", "smallest", "uneven"),
    draw=draw_loops,
    reference=accumulate,
    run="linear_grad",
    may_change=("model.grad",),
    mistakes=(
        Mistake(
            "mean of means",
            "You give every micro-batch the same weight. Does an example in a short micro-batch "
            "then count as much as one in a long micro-batch?",
            lambda m, mb: weighted(m, mb, [1 / len(mb)] * len(mb)),
        ),
        Mistake(
            "sum of means",
            "You add the mean gradients as they are. How long does the gradient get when you cut "
            "the same batch into more pieces?",
            lambda m, mb: weighted(m, mb, [1.0] * len(mb)),
        ),
        Mistake(
            "sum over examples",
            "Your gradient grows with the number of examples. Is the loss of the whole batch a "
            "sum or a mean?",
            lambda m, mb: weighted(m, mb, [float(n) for n in sizes(mb)]),
        ),
        Mistake(
            "only the last micro-batch",
            "Only the last micro-batch is left in the gradient. What clears it during your loop, "
            "or comes too late for the others?",
            lambda m, mb: weighted(m, mb, [0.0] * (len(mb) - 1) + [1.0]),
        ),
        Mistake(
            "last one, weighted",
            "Only the last micro-batch is left in the gradient, with its share of the examples. "
            "What became of the gradients before it?",
            lambda m, mb: weighted(m, mb, [0.0] * (len(mb) - 1) + [sizes(mb)[-1] / sum(sizes(mb))]),
        ),
        Mistake(
            "last one, over their number",
            "Only the last micro-batch is left, divided by the number of micro-batches. When may "
            "a gradient be cleared?",
            lambda m, mb: weighted(m, mb, [0.0] * (len(mb) - 1) + [1 / len(mb)]),
        ),
        Mistake(
            "only the first micro-batch",
            "Only the first micro-batch is in your gradient. Does your loop end too early?",
            lambda m, mb: weighted(m, mb, [1.0] + [0.0] * (len(mb) - 1)),
        ),
        Mistake(
            "sizes taken from the first",
            "You divide as if every micro-batch were as long as the first one. How many examples "
            "are there really?",
            lambda m, mb: weighted(m, mb, [n / (len(mb) * sizes(mb)[0]) for n in sizes(mb)]),
        ),
        Mistake(
            "sizes taken from the last",
            "You divide by the length of the last micro-batch. A variable that the loop leaves "
            "behind: what does it hold there?",
            lambda m, mb: weighted(m, mb, [n / sizes(mb)[-1] for n in sizes(mb)]),
        ),
        Mistake(
            "sums over the number of micro-batches",
            "You add up the losses of all examples and divide by the number of micro-batches. "
            "How many terms has the sum?",
            lambda m, mb: weighted(m, mb, [n / len(mb) for n in sizes(mb)]),
        ),
        Mistake(
            "means over the number of examples",
            "You divide losses that are means already by the number of examples. How often is "
            "each of them divided in the end?",
            lambda m, mb: weighted(m, mb, [1 / sum(sizes(mb))] * len(mb)),
        ),
        Mistake(
            "divided by its own size again",
            "`cross_entropy` has already divided by the size of its micro-batch, and you do so "
            "once more. What does its default reduction return?",
            lambda m, mb: weighted(m, mb, [1 / n for n in sizes(mb)]),
        ),
        Mistake(
            "single examples skipped",
            "A micro-batch of a single example leaves nothing in your gradient. Does its loss need "
            "others beside it?",
            without_single,
        ),
        Mistake(
            "whole-number division",
            "Your gradient is zero. `//` cuts the fraction off: how large is a micro-batch's share "
            "of the batch?",
            lambda m, mb: weighted(m, mb, [float(n // sum(sizes(mb))) for n in sizes(mb)]),
        ),
        Mistake(
            "short ones left out",
            "You leave out micro-batches that are not as long as the first. Must an example be "
            "thrown away to be exact?",
            lambda m, mb: weighted(m, full_ones(mb), [1 / len(full_ones(mb))] * len(full_ones(mb))),
        ),
        Mistake(
            "last one always left out",
            "Your loop never reaches the last micro-batch. Does its range end too early?",
            lambda m, mb: weighted(m, mb[:-1], [n / sum(sizes(mb)[:-1]) for n in sizes(mb)[:-1]]),
        ),
        Mistake(
            "short ones count more",
            "In your gradient a shorter micro-batch has the larger weight. Which one speaks for "
            "more examples?",
            lambda m, mb: weighted(
                m, mb, [1 / n / sum(1 / s for s in sizes(mb)) for n in sizes(mb)]
            ),
        ),
        *SHARES,
        Mistake(
            "divided by what was seen so far",
            "You divide each loss by the examples seen up to then. Is that the size of the batch "
            "that the step is for?",
            lambda m, mb: weighted(
                m, mb, [n / sum(sizes(mb)[: k + 1]) for k, n in enumerate(sizes(mb))]
            ),
        ),
        Mistake(
            "average twice",
            "Your weights already sum to one, and then you divide by the number of micro-batches. "
            "Which of the two is the mean over examples?",
            lambda m, mb: weighted(m, mb, [n / sum(sizes(mb)) / len(mb) for n in sizes(mb)]),
        ),
        Mistake(
            "share turned round",
            "You multiply by the whole batch over the micro-batch. Which of the two is larger, and "
            "should a micro-batch count for more than one?",
            lambda m, mb: weighted(m, mb, [sum(sizes(mb)) / n for n in sizes(mb)]),
        ),
        Mistake(
            "numbers for examples",
            "You divide by the number of all inputs' entries. How many of them make one example?",
            lambda m, mb: weighted(m, mb, [n / sum(x.numel() for x, _ in mb) for n in sizes(mb)]),
        ),
        Mistake(
            "as many as the longest",
            "You divide as if every micro-batch were as long as the longest. How many examples are "
            "there really?",
            lambda m, mb: weighted(m, mb, [n / (len(mb) * max(sizes(mb))) for n in sizes(mb)]),
        ),
        Mistake(
            "size counted twice",
            "You weight a sum over a micro-batch by its size once more. How often does each "
            "example count then?",
            lambda m, mb: weighted(m, mb, [n * n / sum(sizes(mb)) for n in sizes(mb)]),
        ),
        Mistake(
            "only the longest ones",
            "You leave out every micro-batch that is shorter than the longest. What have their "
            "examples done?",
            only_longest,
        ),
        Mistake(
            "softmax twice",
            "You take the softmax, and `cross_entropy` takes it again. Does it ask for "
            "probabilities, or for the model's outputs as they are?",
            softmax_twice,
        ),
        Mistake(
            "no log-softmax",
            "`nll_loss` does not normalise: it wants logarithms of probabilities. What do the "
            "model's outputs have to become first?",
            outputs_for_logs,
        ),
        Mistake(
            "divided inside the loop",
            "You divide `.grad` again in every round. How often has the first micro-batch been "
            "divided at the end?",
            lambda m, mb: weighted(
                m, mb, [n / sum(sizes(mb)) ** (len(mb) - k) for k, n in enumerate(sizes(mb))]
            ),
        ),
        Mistake(
            "halved in every round",
            "You average old and new in every round. What share has the first micro-batch after "
            "many rounds?",
            lambda m, mb: weighted(m, mb, [0.5 ** (len(mb) - max(k, 1)) for k in range(len(mb))]),
        ),
        Mistake(
            "the weights moved",
            "Your later gradients are not those of the weights you were given. What moves them "
            "inside the loop?",
            weights_moved,
        ),
    ),
    accepted=(loop_by_sums, loop_as_one_batch, loop_by_formula),
    lesson="A micro-batch's mean counts by its share of the examples. Dividing by the number of "
    "micro-batches is the same thing only where they are equally long.",
    answered_by=(
        "coursekit.train.accumulation",
        "coursekit.train.loop",
        "coursekit.gradients.minibatch",
        "coursekit.train.ranks",
    ),
)
