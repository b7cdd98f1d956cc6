"""Ways to cut an epoch wrongly, each with its question."""

import torch

from coursekit.exercises.banks.unit_04_accumulation.window_slips import (
    each_epoch,
    leaking,
    leaking_flushed,
    merged_tail,
    never_cleared,
    one_early,
    refilled,
    rest_in_front,
    short_first,
    split_rows,
    stacked,
)
from coursekit.exercises.engine.declare import Mistake

MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "leftovers leak",
        "Your steps come only after full windows, and what is left over waits in the gradient. "
        "Into which step does it go, and how long is that one?",
        leaking,
    ),
    Mistake(
        "leftovers leak, averaged",
        "What is left over goes into the next epoch's first step. Which step of its own could "
        "it have had?",
        lambda g, k: leaking(g, k, own_mean=True),
    ),
    Mistake(
        "leftovers thrown away",
        "You throw an incomplete window away. Its examples cost a backward pass: what step do "
        "they allow?",
        lambda g, k: each_epoch(g, k, drop=True),
    ),
    Mistake(
        "leftovers divided by a full window",
        "You divide an incomplete window by the length of a full one. How many means are "
        "added up in it?",
        lambda g, k: each_epoch(g, k, over_k=True),
    ),
    Mistake(
        "windows across epochs",
        "Your windows run on from one epoch into the next. Where does a window end, by the "
        "rule of the exercise?",
        lambda g, k: stacked(split_rows(g.flatten(0, 1), k)),
    ),
    Mistake(
        "windows across epochs, rest dropped",
        "Your windows run on from one epoch into the next, and the last rest is gone. Where "
        "does a window end?",
        lambda g, k: stacked(split_rows(g.flatten(0, 1), k, drop=True)),
    ),
    Mistake(
        "sums",
        "You add the micro-batches' gradients. Is a step's gradient the sum of its means, or "
        "their mean?",
        lambda g, k: stacked([w.sum(dim=0) for epoch in g for w in epoch.split(k)]),
    ),
    Mistake(
        "divided by the epoch",
        "You divide by all micro-batches of an epoch. How many go into one step?",
        lambda g, k: stacked([w.sum(dim=0) / len(epoch) for epoch in g for w in epoch.split(k)]),
    ),
    Mistake(
        "never cleared",
        "Your windows pile up: each step holds the ones before it. What has to happen after a "
        "step?",
        never_cleared,
    ),
    Mistake(
        "one micro-batch early",
        "Your first step comes after one micro-batch. For which i is i % K zero?",
        one_early,
    ),
    Mistake(
        "rest merged into the last window",
        "You put what is left over into the last full window. How many micro-batches may a "
        "window hold?",
        merged_tail,
    ),
    Mistake(
        "rest not divided",
        "You add an incomplete window up and do not divide it. Is a step's gradient the sum of its "
        "window's means, or their mean?",
        lambda g, k: stacked(
            [w.mean(dim=0) if len(w) == k else w.sum(dim=0) for e in g for w in e.split(k)]
        ),
    ),
    Mistake(
        "last window always full",
        "You take the last K micro-batches of an epoch for its last window. How often do some of "
        "them count then?",
        lambda g, k: stacked(
            [(w if len(w) == k else e[-k:]).mean(dim=0) for e in g for w in e.split(k)]
        ),
    ),
    Mistake(
        "windows as even as possible",
        "You cut an epoch into windows of nearly equal length. How many micro-batches has a window "
        "before the last?",
        lambda g, k: stacked([w.mean(dim=0) for e in g for w in e.tensor_split(-(-len(e) // k))]),
    ),
    Mistake(
        "rest filled up from the front",
        "You fill the last window up with micro-batches from the front. How often do those "
        "count then?",
        refilled,
    ),
    Mistake(
        "last micro-batch of a window",
        "Each of your steps holds one micro-batch, the last of its window. What clears the others?",
        lambda g, k: stacked([w[-1] for epoch in g for w in epoch.split(k)]),
    ),
    Mistake(
        "last micro-batch over the window",
        "Each of your steps holds the last micro-batch of its window, divided by the window's "
        "length. What became of the others?",
        lambda g, k: stacked([w[-1] / len(w) for epoch in g for w in epoch.split(k)]),
    ),
    Mistake(
        "first micro-batch of a window",
        "Each of your steps holds the first micro-batch of its window. Where are the others?",
        lambda g, k: stacked([w[0] for epoch in g for w in epoch.split(k)]),
    ),
    Mistake(
        "a step for every micro-batch",
        "You return a row for every micro-batch. How many of them share one step?",
        lambda g, k: g.flatten(0, 1),
    ),
    Mistake(
        "number of windows for their length",
        "You cut an epoch into that many windows. Is `accum_steps` a number of windows, or of "
        "micro-batches in one?",
        lambda g, k: stacked([w.mean(dim=0) for epoch in g for w in epoch.chunk(k)]),
    ),
    Mistake(
        "only the first epoch",
        "Your rows end with the first epoch. Over which axes does your loop run?",
        lambda g, k: stacked(split_rows(g[0], k)),
    ),
    Mistake(
        "only the last epoch",
        "Your rows are those of the last epoch. What became of the steps before it?",
        lambda g, k: stacked(split_rows(g[-1], k)),
    ),
    Mistake(
        "leftovers of the last epoch only",
        "An incomplete window gets its step in the last epoch only. What becomes of those before?",
        lambda g, k: stacked(
            [row for i, epoch in enumerate(g) for row in split_rows(epoch, k, drop=i < len(g) - 1)]
        ),
    ),
    Mistake(
        "a single leftover dropped",
        "You drop what is left over where it is a single micro-batch. Is one too few for a step?",
        lambda g, k: stacked(
            [w.mean(dim=0) for e in g for w in e.split(k) if len(w) > 1 or k == 1]
        ),
    ),
    Mistake(
        "short leftovers dropped",
        "You drop an incomplete window of less than half. Is there a length below which it is "
        "no step?",
        lambda g, k: stacked([w.mean(dim=0) for e in g for w in e.split(k) if 2 * len(w) >= k]),
    ),
    Mistake(
        "epochs averaged",
        "You average over epochs. Are there not steps in each of them?",
        lambda g, k: stacked(split_rows(g.mean(dim=0), k)),
    ),
    Mistake(
        "epochs kept apart",
        "Your result has an axis for epochs. The optimizer makes one step after the other: "
        "which shape is asked for?",
        lambda g, k: stacked([stacked(split_rows(epoch, k)) for epoch in g]),
    ),
    Mistake(
        "a step after nothing",
        "You step at the end of every epoch, also where nothing is left over. What is in the "
        "gradient then?",
        lambda g, k: stacked(
            [
                row
                for epoch in g
                for row in (
                    *split_rows(epoch, k),
                    *([] if len(epoch) % k else [torch.zeros_like(epoch[0])]),
                )
            ]
        ),
    ),
    Mistake(
        "a step after nothing, over a full window",
        "You step at the end of every epoch, also where nothing is left over, and always "
        "divide by a full window. How many means are in that last one?",
        lambda g, k: stacked(
            [
                row
                for epoch in g
                for row in (
                    *split_rows(epoch, k, over_k=True),
                    *([] if len(epoch) % k else [torch.zeros_like(epoch[0])]),
                )
            ]
        ),
    ),
    Mistake(
        "leftovers leak, the last ones step",
        "Only the very last leftovers get a step; those of the epochs before go into the next "
        "one's first. Where does a window end?",
        leaking_flushed,
    ),
    Mistake(
        "incomplete window first",
        "In your epochs the incomplete window comes first. When does a loop notice that "
        "micro-batches are running out?",
        lambda g, k: stacked([row for epoch in g for row in short_first(epoch, k)]),
    ),
    Mistake(
        "epochs side by side",
        "Your rows go through the epochs first and the windows second. Which step does the "
        "optimizer make after the first?",
        lambda g, k: stacked(
            [row for w in g.split(k, dim=1) for row in w.mean(dim=1)],
        ),
    ),
    Mistake(
        "sliding windows",
        "You step after every micro-batch, over the last ones seen. In how many steps is each "
        "of them then?",
        lambda g, k: stacked(
            [e[max(0, i + 1 - k) : i + 1].mean(dim=0) for e in g for i in range(len(e))]
        ),
    ),
    Mistake(
        "never cleared, averaged",
        "Each of your steps averages all of the epoch so far. What has to happen to a gradient "
        "that was used?",
        lambda g, k: stacked(
            [e[: i + k].mean(dim=0) for e in g for i in range(0, len(e), k)],
        ),
    ),
    Mistake(
        "a divided step for every micro-batch",
        "Every micro-batch is a row of yours, divided. How many of them should be added up "
        "before a step?",
        lambda g, k: g.flatten(0, 1) / k,
    ),
    Mistake(
        "every so manyth micro-batch",
        "Your windows take micro-batches at a distance. Which ones come one after the other?",
        lambda g, k: stacked(
            [e[w :: -(-len(e) // k)].mean(dim=0) for e in g for w in range(-(-len(e) // k))]
        ),
    ),
    Mistake(
        "one micro-batch early, averaged",
        "Your first step in an epoch holds one micro-batch. At which i is `i % K` zero, and "
        "how many have come by then?",
        lambda g, k: stacked(
            [p.mean(dim=0) for e in g for p in (e[:1], *e[1:].split(k)) if len(p)]
        ),
    ),
    Mistake(
        "last micro-batch of the rest",
        "Your incomplete window holds its last micro-batch alone. Where are the ones before it?",
        lambda g, k: stacked(
            [w.mean(dim=0) if len(w) == k else w[-1] for e in g for w in e.split(k)]
        ),
    ),
    Mistake(
        "rest joined to the first window",
        "What is left over is in the first window of the same epoch. Has it been computed by then?",
        lambda g, k: stacked([row for epoch in g for row in rest_in_front(epoch, k)]),
    ),
)
