"""What goes wrong when a growing batch stands in for a decay."""

from itertools import pairwise

from coursekit.exercises.engine.declare import Mistake


def grow_instead(lrs: list[float], batch_size: int, max_batch_size: int) -> list[list[float]]:
    plan = []
    for lr in lrs:
        grown = min(round(batch_size * lrs[0] / lr), max_batch_size)
        plan.append([grown, lr * grown / batch_size])
    return plan


def plan_of(lrs, batch_size, max_batch_size, *, growth, lr_of):
    """Grow by a rule, cap, and set the learning rate by another rule."""
    plan = []
    for i, lr in enumerate(lrs):
        wanted = batch_size * growth(lrs, i)
        size = min(wanted, max_batch_size)
        plan.append([size, lr_of(lr, size, wanted)])
    return plan


def by_ratio(lrs, i):
    return lrs[0] / lrs[i]


def same_noise(batch_size):
    return lambda lr, size, wanted: lr * size / batch_size


def kept_where_it_fits(lrs, b, most):
    """Stay at the last size that was reached without the limit."""
    size, plan = b, []
    for lr in lrs:
        wanted = b * lrs[0] / lr
        size = wanted if wanted <= most else size
        plan.append([size, lr * size / b])
    return plan


def decay_after_limit(lrs, b, most):
    plan: list[list[float]] = []
    for i, lr in enumerate(lrs):
        wanted = b * lrs[0] / lr
        held = plan[-1][1] if plan else lrs[0]
        now = held if wanted <= most else held * lr / lrs[max(0, i - 1)]
        plan.append([min(wanted, most), now])
    return plan


def one_a_change(lrs, b, most):
    kept = [lr for i, lr in enumerate(lrs) if i == 0 or lr != lrs[i - 1]]
    return grow_instead(kept, b, most)


def compounded(lrs, b, most):
    """Multiply the batch in each epoch by the whole factor since epoch 0."""
    size, plan = b, []
    for lr in lrs:
        size = min(size * lrs[0] / lr, most)
        plan.append([size, lr * size / b])
    return plan


def decay_from_the_limit(lrs, b, most):
    """Hold lr where the limit is met first; let only later falls count."""
    anchor = next((lr for lr in lrs if b * lrs[0] / lr > most * (1 + 1e-9)), None)
    return [
        [min(b * lrs[0] / lr, most), lrs[0] * min(1.0, lr / anchor) if anchor else lrs[0]]
        for lr in lrs
    ]


MISTAKES = (
    Mistake(
        "no smaller learning rate at the limit",
        "At the limit the batch can't grow, and your learning rate stays high too. What then "
        "brings the noise down?",
        lambda lrs, b, m: plan_of(
            lrs, b, m, growth=by_ratio, lr_of=lambda lr, size, wanted: lrs[0]
        ),
    ),
    Mistake(
        "the old learning rate at the limit",
        "At the limit you fall back to the learning rate of the old run. Is your batch the "
        "one of the old run?",
        lambda lrs, b, m: plan_of(
            lrs,
            b,
            m,
            growth=by_ratio,
            lr_of=lambda lr, size, wanted: lrs[0] if wanted <= m else lr,
        ),
    ),
    Mistake(
        "both at once",
        "You grow the batch and decay the learning rate as well. How often is the noise "
        "reduced then?",
        lambda lrs, b, m: plan_of(lrs, b, m, growth=by_ratio, lr_of=lambda lr, size, wanted: lr),
    ),
    Mistake(
        "nothing changed",
        "You return the old run. What should stand in for the decay?",
        lambda lrs, b, m: [[b, lr] for lr in lrs],
    ),
    Mistake(
        "root of the factor",
        "Your batch grows with the root of the factor. Which power of the batch stands in the "
        "noise of SGD?",
        lambda lrs, b, m: plan_of(
            lrs, b, m, growth=lambda lrs, i: (lrs[0] / lrs[i]) ** 0.5, lr_of=same_noise(b)
        ),
    ),
    Mistake(
        "square of the factor",
        "You keep the variance of a single step, in which the learning rate counts squared. "
        "Which quantity does this exercise keep?",
        lambda lrs, b, m: plan_of(
            lrs,
            b,
            m,
            growth=lambda lrs, i: (lrs[0] / lrs[i]) ** 2,
            lr_of=lambda lr, size, wanted: lrs[0],
        ),
    ),
    Mistake(
        "shrinks",
        "Your batch shrinks when the learning rate would have fallen. Is less noise a larger "
        "batch or a smaller one?",
        lambda lrs, b, m: plan_of(
            lrs,
            b,
            m,
            growth=lambda lrs, i: lrs[i] / lrs[0],
            lr_of=lambda lr, size, wanted: lrs[0],
        ),
    ),
    Mistake(
        "forgets earlier decays",
        "You compare each epoch with the one before, and forget what came earlier. With which "
        "epoch does the noise have to be compared?",
        lambda lrs, b, m: plan_of(
            lrs,
            b,
            m,
            growth=lambda lrs, i: lrs[max(0, i - 1)] / lrs[i],
            lr_of=lambda lr, size, wanted: lrs[0],
        ),
    ),
    Mistake(
        "one epoch late",
        "Your batch grows an epoch after the learning rate would have fallen. Whose learning "
        "rate do you read?",
        lambda lrs, b, m: plan_of(
            lrs,
            b,
            m,
            growth=lambda lrs, i: lrs[0] / lrs[max(0, i - 1)],
            lr_of=lambda lr, size, wanted: lrs[0] * min(1.0, m / wanted),
        ),
    ),
    Mistake(
        "the limit forgotten",
        "Your batch passes the limit. Where does the third argument come in?",
        lambda lrs, b, m: [[b * lrs[0] / lr, lrs[0]] for lr in lrs],
    ),
    Mistake(
        "stops below the limit",
        "At the limit you keep the last size that fitted. How large may the batch be at most?",
        kept_where_it_fits,
    ),
    Mistake(
        "decays by the whole factor at the limit",
        "Where the limit is met, your learning rate falls by the whole factor, though the "
        "batch has grown by a part of it. Which part is left?",
        decay_after_limit,
    ),
    Mistake(
        "rises at the limit",
        "At the limit your learning rate rises. There the batch is too small for what the old "
        "run did: does it need more noise from the learning rate, or less?",
        lambda lrs, b, m: [
            [min(b * lrs[0] / lr, m), lrs[0] * max(1.0, b * lrs[0] / lr / m)] for lr in lrs
        ],
    ),
    Mistake(
        "a fixed doubling",
        "You double at every change. By which factor did the learning rate fall there?",
        lambda lrs, b, m: plan_of(
            lrs,
            b,
            m,
            growth=lambda lrs, i: 2 ** sum(x != y for x, y in pairwise(lrs[: i + 1])),
            lr_of=lambda lr, size, wanted: lrs[0],
        ),
    ),
    Mistake(
        "the two swapped",
        "Your pairs begin with the learning rate. Which of the two comes first?",
        lambda lrs, b, m: [pair[::-1] for pair in grow_instead(lrs, b, m)],
    ),
    Mistake(
        "as many examples added",
        "You add the batch once more at every change. Does a factor on the learning rate "
        "correspond to a sum or to a factor?",
        lambda lrs, b, m: plan_of(
            lrs,
            b,
            m,
            growth=lambda lrs, i: 1 + sum(x != y for x, y in pairwise(lrs[: i + 1])),
            lr_of=lambda lr, size, wanted: lrs[0],
        ),
    ),
    Mistake(
        "always the limit",
        "You take the largest batch from the start. Was there less noise in the first epoch "
        "of the old run?",
        lambda lrs, b, m: [[m, lr * m / b] for lr in lrs],
    ),
    Mistake(
        "the ratio cut off",
        "Somewhere your batch misses a whole multiple. Two numbers of a computer divide to "
        "just below a whole one: what does cutting off make of it?",
        lambda lrs, b, m: plan_of(
            lrs, b, m, growth=lambda lrs, i: int(lrs[0] / lrs[i]), lr_of=same_noise(b)
        ),
    ),
    Mistake(
        "the batch cut off",
        "Somewhere your batch is short of one example. A quotient may lie just below a whole "
        "number: what does cutting off make of it?",
        lambda lrs, b, m: [[s := min(int(b * lrs[0] / lr), m), lr * s / b] for lr in lrs],
    ),
    Mistake(
        "lr over the root of B",
        "You keep the learning rate over the root of the batch. Which ratio does this exercise "
        "keep?",
        lambda lrs, b, m: plan_of(
            lrs,
            b,
            m,
            growth=lambda lrs, i: (lrs[0] / lrs[i]) ** 2,
            lr_of=lambda lr, size, wanted: lr * (size / b) ** 0.5,
        ),
    ),
    Mistake(
        "shrinks, in whole examples",
        "Your batch becomes smaller where the learning rate would have fallen. Which way does "
        "a batch move the noise?",
        lambda lrs, b, m: [[max(1, round(b * lr / lrs[0])), lrs[0]] for lr in lrs],
    ),
    Mistake(
        "each fall by itself",
        "Between two falls of the old learning rate your batch goes back to its first size. "
        "Since which epoch does a decay last?",
        lambda lrs, b, m: plan_of(
            lrs, b, m, growth=lambda lrs, i: lrs[max(0, i - 1)] / lrs[i], lr_of=same_noise(b)
        ),
    ),
    Mistake(
        "the factor again in each epoch",
        "Your batch goes on growing while the old learning rate rests. Is your factor the one "
        "since the first epoch, or since the last?",
        compounded,
    ),
    Mistake(
        "decay only from the limit on",
        "Where the limit is met first, your learning rate does not move. Has the batch taken "
        "over all of that fall, or a part?",
        decay_from_the_limit,
    ),
    Mistake(
        "one pair a change",
        "Your list has a pair for each new learning rate. How many pairs has a run of many epochs?",
        one_a_change,
    ),
    Mistake(
        "the linear rule",
        "Your learning rate grows with the batch. If both grow alike, what happens to their ratio?",
        lambda lrs, b, m: plan_of(
            lrs, b, m, growth=by_ratio, lr_of=lambda lr, size, wanted: lrs[0] * size / b
        ),
    ),
    Mistake(
        "back to the old run",
        "At the limit you go back to the first batch. May the batch not stay large there?",
        lambda lrs, b, m: [
            [b * lrs[0] / lr, lrs[0]] if b * lrs[0] / lr <= m * (1 + 1e-9) else [b, lr]
            for lr in lrs
        ],
    ),
)
