"""Accumulation for a loss that is a mean over tokens, with padding."""

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from coursekit.exercises.banks.unit_04_accumulation.linear_loss import weight_of
from coursekit.exercises.banks.unit_04_accumulation.loop_slips import MicroBatches
from coursekit.exercises.banks.unit_04_accumulation.token_cases import BY_HAND, draw_sequences
from coursekit.exercises.banks.unit_04_accumulation.token_slips import (
    PAD,
    PADDED,
    SHIFTED,
    mean_per_sequence,
    only_last,
    padding_learned,
    padding_over_tokens,
    per_token,
    real,
    transposed,
    up_to_padding,
    whole_sequences,
    with_factors,
    zero_left_out,
)
from coursekit.exercises.engine.declare import Exercise, Mistake


def accumulate_tokens(model: nn.Sequential, micro_batches: MicroBatches) -> Tensor | None:
    total = sum(int((targets != PAD).sum()) for _, targets in micro_batches)
    for inputs, targets in micro_batches:
        logits = model(inputs).flatten(0, 1)
        loss = cross_entropy(logits, targets.flatten(), ignore_index=PAD, reduction="sum")
        (loss / total).backward()
    return weight_of(model).grad


def tokens_by_counts(model, micro_batches):
    counts = [(y != PAD).sum().item() for _, y in micro_batches]
    for (x, y), count in zip(micro_batches, counts, strict=True):
        if count > 0:
            mean = cross_entropy(model(x).transpose(1, 2), y, ignore_index=PAD)
            (mean * (count / sum(counts))).backward()
    return weight_of(model).grad


def tokens_by_selection(model, micro_batches):
    logits = torch.cat([model(x)[y != PAD] for x, y in micro_batches])
    cross_entropy(logits, torch.cat([y[y != PAD] for _, y in micro_batches])).backward()
    return weight_of(model).grad


U04_TOKENS = Exercise(
    id="u04_tokens",
    call="accumulate_tokens(model, micro_batches)",
    points={"equal counts": 1.0, "unequal counts": 1.0, "padding only": 1.0},
    by_hand=BY_HAND,
    promises=("by hand", "missing", "order", "smallest", "uneven"),
    draw=draw_sequences,
    reference=accumulate_tokens,
    run="linear_grad",
    may_change=("model.grad",),
    mistakes=(
        Mistake(
            "mean of means",
            "You average the micro-batches' means. A micro-batch that is mostly padding has few "
            "tokens: what does each of them weigh?",
            with_factors(lambda y, ys: per_token(y, 1 / len(ys))),
        ),
        Mistake(
            "mean of the means there are",
            "You leave out empty micro-batches and average the other means. Have those the same "
            "number of tokens?",
            with_factors(lambda y, ys: per_token(y, 1 / sum(real(t) > 0 for t in ys))),
        ),
        Mistake(
            "weighted by sequences",
            "You weight by the number of sequences. Over what does this loss take its mean?",
            with_factors(lambda y, ys: per_token(y, len(y) / sum(len(t) for t in ys))),
        ),
        Mistake(
            "padding counted",
            "Your weights count padding as tokens. Does the loss look at those positions?",
            with_factors(lambda y, ys: per_token(y, y.numel() / sum(t.numel() for t in ys))),
        ),
        Mistake(
            "divided by all positions",
            "You divide the sum by all positions. How many of them put a term into the sum?",
            with_factors(lambda y, ys: 1 / sum(t.numel() for t in ys)),
        ),
        Mistake(
            "divided by the sequences",
            "You divide the summed loss by the number of sequences. Is the mean asked for one "
            "over sequences or over tokens?",
            with_factors(lambda y, ys: 1 / sum(len(t) for t in ys)),
        ),
        Mistake(
            "nothing divided by nothing",
            "A micro-batch without tokens makes your gradient nan. Which mean is taken over "
            "nothing, and does a weight of zero help against nan?",
            with_factors(
                lambda y, ys: 1 / sum(real(t) for t in ys) if all(map(real, ys)) else math.nan
            ),
        ),
        Mistake(
            "sum of means",
            "You add the means as they are. What happens to the gradient when you cut the batch "
            "into more pieces?",
            with_factors(lambda y, ys: per_token(y, 1.0)),
        ),
        Mistake(
            "sum over tokens",
            "Your gradient grows with the number of tokens. Is a sum or a mean asked for?",
            with_factors(lambda y, ys: 1.0),
        ),
        Mistake(
            "sums over the number of micro-batches",
            "You divide the sum over tokens by the number of micro-batches. How many terms has "
            "that sum?",
            with_factors(lambda y, ys: 1 / len(ys)),
        ),
        Mistake(
            "only the last micro-batch",
            "Only the last micro-batch has left something in the gradient. What clears the "
            "gradient inside your loop?",
            only_last,
        ),
        Mistake(
            "mean of sequence means",
            "You take the mean of each sequence first. A token in a short sequence then weighs "
            "more: is that the mean over tokens?",
            mean_per_sequence,
        ),
        Mistake(
            "class zero taken for padding",
            "You count only targets above zero. Which positions does the loss leave out, and "
            "which number marks them?",
            with_factors(lambda y, ys: 1 / max(sum(int((t > 0).sum()) for t in ys), 1)),
        ),
        Mistake(
            "padding learned",
            "Your model is trained to predict something at padded positions. What should those "
            "positions contribute to the loss?",
            padding_learned,
        ),
        Mistake(
            "count of the first micro-batch",
            "You divide as if every micro-batch had as many tokens as the first one. Does "
            "padding fall the same everywhere?",
            with_factors(lambda y, ys: 1 / (len(ys) * real(ys[0]))),
        ),
        Mistake(
            "count of the last micro-batch",
            "You divide by the tokens of one micro-batch. A variable that the loop sets anew "
            "each time: what does it hold at the end?",
            with_factors(lambda y, ys: 1 / real(ys[-1]) if real(ys[-1]) else math.inf),
        ),
        Mistake(
            "average twice",
            "Your weights sum to one already, and then you divide by the number of micro-batches. "
            "Which of the two makes the mean over tokens?",
            with_factors(lambda y, ys: 1 / sum(real(t) for t in ys) / len(ys)),
        ),
        Mistake(
            "means over the number of tokens",
            "You divide losses that are means already by the number of tokens. How often is each "
            "of them divided in the end?",
            with_factors(lambda y, ys: per_token(y, 1 / sum(real(t) for t in ys))),
        ),
        Mistake(
            "every class but zero counted",
            "Your count leaves class zero out and padding in. Which number marks padding?",
            with_factors(lambda y, ys: 1 / sum(int((t != 0).sum()) for t in ys)),
        ),
        Mistake(
            "padding learned, tokens counted",
            "You divide by real tokens, and padded positions still have a loss. Which terms are in "
            "your sum?",
            padding_over_tokens,
        ),
        Mistake(
            "class zero left out",
            "Only targets above zero are in your loss. Is class zero padding, or a class?",
            zero_left_out,
        ),
        Mistake(
            "means over all positions",
            "You average each micro-batch over all its positions, and then the averages. Which "
            "positions put nothing into the sum, and are the others equally many?",
            with_factors(lambda y, ys: 1 / y.numel() / len(ys)),
        ),
        Mistake(
            "targets in another order",
            "Logits run sequence by sequence and targets position by position. Which target "
            "belongs to the second row of your logits?",
            transposed,
        ),
        *PADDED,
        *SHIFTED,
        Mistake(
            "whole sequences only",
            "You leave out each sequence with padding in it. Is there nothing to learn from its "
            "real tokens?",
            whole_sequences,
        ),
        Mistake(
            "stops at padding",
            "Your loop ends at a micro-batch without tokens. What about the ones after it?",
            up_to_padding,
        ),
    ),
    accepted=(tokens_by_counts, tokens_by_selection),
    lesson="Weight a mean by what it is the mean over. With padding these are tokens; then a "
    "micro-batch without any needs no special case, if you add sums.",
    answered_by=(
        "coursekit.train.accumulation",
        "coursekit.gradients.minibatch",
        "coursekit.train.ranks",
    ),
)
