"""What goes wrong in a sweep over batch sizes."""

import numpy as np

from coursekit.exercises.banks.unit_02_lr_scaling.comparison_frames import (
    average_over_rates,
    choose,
    chosen_in_each_seed,
    first_seed_reported,
    median_reported,
    rate_best_overall,
    rate_of_first,
    record_not_reset,
    single_best_run,
    tuned_on_short_runs,
)
from coursekit.exercises.engine.declare import Mistake

MISTAKES = (
    Mistake(
        "tuned on short runs",
        "You choose the rate on runs of another length than those you report. Does a short run "
        "prefer the same learning rate?",
        tuned_on_short_runs,
    ),
    Mistake(
        "chosen on test data",
        "You choose the learning rate by test accuracy and then report that same accuracy. "
        "What is left to tell luck from merit?",
        lambda run, bs, lrs, seeds, n: choose(run, bs, lrs, seeds, lambda b: n, by=1),
    ),
    Mistake(
        "validation reported",
        "You report the accuracy by which you chose. Is the winner of a choice judged fairly "
        "by the choice itself?",
        lambda run, bs, lrs, seeds, n: choose(run, bs, lrs, seeds, lambda b: n, report=0),
    ),
    Mistake(
        "chosen on test, validation reported",
        "You exchanged the two numbers that a run returns. Which one comes first?",
        lambda run, bs, lrs, seeds, n: choose(run, bs, lrs, seeds, lambda b: n, by=1, report=0),
    ),
    Mistake(
        "one learning rate, the first",
        "Every batch size gets the same learning rate, the first of the list. Which batch "
        "size does that favour?",
        lambda run, bs, lrs, seeds, n: choose(
            run, bs, lrs, seeds, lambda b: n, pick=lambda j, table: 0
        ),
    ),
    Mistake(
        "the last learning rate",
        "You report the last learning rate of the list. Where do you keep the best one so far?",
        lambda run, bs, lrs, seeds, n: choose(
            run, bs, lrs, seeds, lambda b: n, pick=lambda j, table: len(lrs) - 1
        ),
    ),
    Mistake(
        "the rate of the first batch size",
        "You tune the learning rate at the first batch size and use it for all. Does the best "
        "rate stay put when B grows?",
        rate_of_first,
    ),
    Mistake(
        "one best rate for all",
        "You choose the one learning rate that is best on the whole. Does every batch size "
        "get its own so?",
        rate_best_overall,
    ),
    Mistake(
        "one seed",
        "You run the first seed only. How would you know a difference from luck?",
        lambda run, bs, lrs, seeds, n: choose(run, bs, lrs, seeds[:1], lambda b: n),
    ),
    Mistake(
        "chosen in every seed",
        "You choose anew in every seed, so each takes its own luckiest rate. What should be "
        "averaged before you choose?",
        chosen_in_each_seed,
    ),
    Mistake(
        "the luckiest seed",
        "You report the best seed. What would the next run get?",
        lambda run, bs, lrs, seeds, n: choose(run, bs, lrs, seeds, lambda b: n, mean=False),
    ),
    Mistake(
        "equal epochs",
        "You give larger batches fewer steps. Which budget does the rule in the text fix?",
        lambda run, bs, lrs, seeds, n: choose(run, bs, lrs, seeds, lambda b: n * bs[0] // b),
    ),
    Mistake(
        "more steps for larger batches",
        "You give larger batches more steps. Which budget does the rule in the text fix?",
        lambda run, bs, lrs, seeds, n: choose(run, bs, lrs, seeds, lambda b: n * b // bs[0]),
    ),
    Mistake(
        "average over learning rates",
        "You average over all learning rates, bad ones included. Is a batch size to blame for "
        "rates that nobody would choose?",
        average_over_rates,
    ),
    Mistake(
        "best of everything",
        "You report the best test accuracy of all rates and seeds. What was the validation "
        "data for?",
        lambda run, bs, lrs, seeds, n: [
            max(run(b, lr, s, n)[1] for lr in lrs for s in seeds) for b in bs
        ],
    ),
    Mistake(
        "the luckiest run chooses",
        "You choose the rate of the single luckiest run on validation data. What do the other "
        "seeds say of it?",
        lambda run, bs, lrs, seeds, n: choose(
            run, bs, lrs, seeds, lambda b: n, pick=lambda j, t: int(t[:, :, 0].amax(1).argmax())
        ),
    ),
    Mistake(
        "the worst rate",
        "You report the learning rate with the lowest validation accuracy. Which end is good?",
        lambda run, bs, lrs, seeds, n: choose(
            run, bs, lrs, seeds, lambda b: n, pick=lambda j, t: int(t[:, :, 0].mean(1).argmin())
        ),
    ),
    Mistake(
        "sum over seeds",
        "You add up over seeds. Is an accuracy above one possible?",
        lambda run, bs, lrs, seeds, n: [
            len(seeds) * score for score in choose(run, bs, lrs, seeds, lambda b: n)
        ],
    ),
    Mistake(
        "the rates themselves",
        "You return the learning rates that you chose. What does the docstring ask for?",
        lambda run, bs, lrs, seeds, n: [
            lrs[int(np.argmax([sum(run(b, lr, s, n)[0] for s in seeds) for lr in lrs]))] for b in bs
        ],
    ),
    Mistake(
        "the last seed",
        "You keep the last seed only. Where do you collect the others?",
        lambda run, bs, lrs, seeds, n: choose(run, bs, lrs, seeds[-1:], lambda b: n),
    ),
    Mistake(
        "steps divided by the batch size",
        "You divide the number of steps by the batch size. Is num_steps a number of steps, "
        "or of examples?",
        lambda run, bs, lrs, seeds, n: choose(run, bs, lrs, seeds, lambda b: n / b),
    ),
    Mistake(
        "chosen by both accuracies",
        "You add validation and test accuracy to choose. Has test data a say in the choice then?",
        lambda run, bs, lrs, seeds, n: choose(
            run,
            bs,
            lrs,
            seeds,
            lambda b: n,
            pick=lambda j, t: int(t.mean(dim=1).sum(dim=1).argmax()),
        ),
    ),
    Mistake(
        "chosen with the first seed",
        "You choose each rate by the first seed alone. What do the other seeds say of it?",
        lambda run, bs, lrs, seeds, n: choose(
            run, bs, lrs, seeds, lambda b: n, pick=lambda j, t: int(t[:, 0, 0].argmax())
        ),
    ),
    Mistake(
        "the single best run",
        "You report the one run with the highest validation accuracy. Is a rate good because "
        "its luckiest run is?",
        single_best_run,
    ),
    Mistake(
        "reported for the first seed",
        "You choose with all seeds but report the first one. Which seeds does the test "
        "accuracy average over?",
        first_seed_reported,
    ),
    Mistake(
        "the winner alone",
        "You return one batch size. How many numbers does the docstring ask for, and of what?",
        lambda run, bs, lrs, seeds, n: bs[int(np.argmax(choose(run, bs, lrs, seeds, lambda b: n)))],
    ),
    Mistake(
        "record not reset",
        "A later batch size keeps the result of an earlier one. Where does your record of the "
        "best start anew?",
        record_not_reset,
    ),
    Mistake(
        "ranked",
        "You sort the results. How would a reader know which number belongs to which batch size?",
        lambda run, bs, lrs, seeds, n: sorted(
            choose(run, bs, lrs, seeds, lambda b: n), reverse=True
        ),
    ),
    Mistake(
        "median",
        "You choose the rate by the median of its seeds. Which average does the text name?",
        lambda run, bs, lrs, seeds, n: choose(
            run,
            bs,
            lrs,
            seeds,
            lambda b: n,
            pick=lambda j, t: int(np.median(t[:, :, 0].numpy(), axis=1).argmax()),
        ),
    ),
    Mistake(
        "one step more",
        "Your runs make one step more than the budget. How many does num_steps name?",
        lambda run, bs, lrs, seeds, n: choose(run, bs, lrs, seeds, lambda b: n + 1),
    ),
    Mistake(
        "one step less",
        "Your runs make one step less than the budget. How many does num_steps name?",
        lambda run, bs, lrs, seeds, n: choose(run, bs, lrs, seeds, lambda b: n - 1),
    ),
    Mistake(
        "ten times the steps",
        "Your runs are ten times as long as the budget. How many steps does num_steps name?",
        lambda run, bs, lrs, seeds, n: choose(run, bs, lrs, seeds, lambda b: 10 * n),
    ),
    Mistake(
        "steps times the batch size",
        "You multiply the number of steps by the batch size. Is num_steps a number of steps, or "
        "of examples?",
        lambda run, bs, lrs, seeds, n: choose(run, bs, lrs, seeds, lambda b: n * b),
    ),
    Mistake(
        "median reported",
        "You report the median of the seeds. Which average does the text name?",
        lambda run, bs, lrs, seeds, n: median_reported(run, bs, lrs, seeds, n),
    ),
    Mistake(
        "twice the steps",
        "Your runs are twice as long as the budget. How many steps does num_steps name?",
        lambda run, bs, lrs, seeds, n: choose(run, bs, lrs, seeds, lambda b: 2 * n),
    ),
    Mistake(
        "half the steps",
        "Your runs are half as long as the budget. How many steps does num_steps name?",
        lambda run, bs, lrs, seeds, n: choose(run, bs, lrs, seeds, lambda b: max(1, n // 2)),
    ),
    Mistake(
        "chosen by the worst seed",
        "You choose by the unluckiest seed. Which average does the text name?",
        lambda run, bs, lrs, seeds, n: choose(
            run, bs, lrs, seeds, lambda b: n, pick=lambda j, t: int(t[:, :, 0].amin(1).argmax())
        ),
    ),
    Mistake(
        "more steps for smaller batches",
        "You give smaller batches more steps, so that all see equally many examples. "
        "Which budget does the rule in the text fix?",
        lambda run, bs, lrs, seeds, n: choose(run, bs, lrs, seeds, lambda b: n * max(bs) // b),
    ),
)
