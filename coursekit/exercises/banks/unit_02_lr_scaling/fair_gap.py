"""Best against best, at equal steps or at equal epochs: two readings of the same runs."""

import numpy as np
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def fair_gap(small: Tensor, large: Tensor, k: int, budget: str) -> Tensor:
    num_steps = small.shape[1]
    last = num_steps // k if budget == "epochs" else num_steps
    return large[:, last - 1].min() - small[:, -1].min()


def fair_by_loop(small, large, k, budget):
    examples = {"steps": k * small.shape[1], "epochs": small.shape[1]}[budget]
    best = float("inf")
    for row in large.tolist():
        for step, loss in enumerate(row, start=1):
            if step * k == examples:
                best = min(best, loss)
    return best - min(row[-1] for row in small.tolist())


def fair_by_sorting(small, large, k, budget):
    seen = large.numpy()[:, k - 1 :: k] if budget == "steps" else large.numpy()
    steps_per_budget = seen.shape[1] if budget == "steps" else large.shape[1] // k
    ends = np.sort(seen[:, steps_per_budget - 1])
    return ends[0] - np.sort(small.numpy()[:, -1])[0]


def draw_budgets(rng: np.random.Generator) -> list[Case]:
    """Draw losses whose best row differs: small, large at equal epochs, large at equal steps."""
    cases: list[Case] = []
    for budget in ("steps", "epochs") * 4:
        k, lrs = int(rng.choice([2, 3, 4])), int(rng.integers(4, 6))
        num_steps = k * int(rng.integers(3, 6))
        small, large = rng.uniform(1.0, 2.0, (2, lrs, num_steps))
        rows = rng.permutation(lrs)
        small[rows[0], -1], large[rows[1], -1] = rng.uniform(0.5, 0.9, 2)
        large[rows[2], num_steps // k - 1] = rng.uniform(0.5, 0.9)
        small[rows[1], 0], large[rows[0], 1] = 0.3, 0.2  # a lucky moment on the way
        small[rows[3], -1], large[rows[3], [num_steps // k - 1, -1]] = 2.9, 0.95  # far apart
        cases.append(Case(budget, (small, large, k, budget)))
    return cases


# best rows: small at its end 0 and on the way 2, large at equal steps 1 and at equal epochs 2
SMALL = np.array(
    [
        [2.0, 1.5, 1.25, 1.0],
        [2.25, 1.75, 1.5, 1.125],
        [3.0, 0.875, 3.0, 3.0],
        [2.5, 2.25, 2.0, 1.75],
    ]
)
LARGE = np.array(
    [
        [1.875, 1.625, 1.5, 1.375],
        [2.5, 1.75, 1.0, 0.5],
        [2.5, 2.5, 0.75, 0.8125],
        [1.625, 1.25, 1.0625, 0.9375],
    ]
)


def last_step(small, k, budget):
    """Return how many steps the large run gets."""
    return small.shape[1] // k if budget == "epochs" else small.shape[1]


def chosen_by_curve(table: Tensor) -> Tensor:
    """Return the last loss of the row with the lowest mean."""
    return table[table.mean(dim=1).argmin(), -1]


def other(budget):
    return "steps" if budget == "epochs" else "epochs"


U02_FAIR_GAP = Exercise(
    id="u02_fair_gap",
    call="fair_gap(small, large, k, budget)",
    points={"steps": 1.0, "epochs": 1.0},
    by_hand=(
        Case(
            "steps",
            (SMALL, LARGE, 2, "steps"),
            ("by hand", "sign"),
            quotes="The best rate of a table is the row that is lowest in that column",
        ),
        Case(
            "epochs",
            (SMALL, LARGE, 2, "epochs"),
            ("by hand", "sign"),
            quotes="where it has seen as many examples as the small batch at its end",
        ),
    ),
    promises=(
        "by hand",
        "sign",
    ),
    draw=draw_budgets,
    reference=fair_gap,
    mistakes=(
        Mistake(
            "always equal steps",
            "Your answer is the same for both budgets. At equal epochs, how many steps does the "
            "large batch get?",
            lambda s, la, k, budget: fair_gap(s, la, k, "steps"),
        ),
        Mistake(
            "always equal epochs",
            "You give the large batch fewer steps in either case. What does 'equal steps' mean?",
            lambda s, la, k, budget: fair_gap(s, la, k, "epochs"),
        ),
        Mistake(
            "budgets swapped",
            "Your two budgets look exchanged. With which of them does the large batch see more "
            "examples than the small one?",
            lambda s, la, k, budget: fair_gap(s, la, k, other(budget)),
        ),
        Mistake(
            "one learning rate for both",
            "You use the small batch's best learning rate for the large batch too. Is it the best "
            "one there?",
            lambda s, la, k, budget: (
                la[s[:, -1].argmin(), last_step(s, k, budget) - 1] - s[:, -1].min()
            ),
        ),
        Mistake(
            "the large batch's rate for both",
            "You use the large batch's best learning rate for the small batch too. Is it the best "
            "one there?",
            lambda s, la, k, budget: (
                la[:, last_step(s, k, budget) - 1].min()
                - s[la[:, last_step(s, k, budget) - 1].argmin(), -1]
            ),
        ),
        Mistake(
            "chosen at another budget",
            "You choose the large batch's rate by its longest run and then read it earlier. Is "
            "that the best one for the shorter budget?",
            lambda s, la, k, budget: (
                la[la[:, -1].argmin(), last_step(s, k, budget) - 1] - s[:, -1].min()
            ),
        ),
        Mistake(
            "one step too far",
            "At equal epochs you read the large run one step too late. Which entry stands after "
            "its first step?",
            lambda s, la, k, budget: (
                la[:, min(last_step(s, k, budget), la.shape[1] - 1)].min() - s[:, -1].min()
            ),
        ),
        Mistake(
            "the small batch is cut",
            "At equal epochs you shorten the small batch's run. Which of the two needs more steps "
            "for an epoch?",
            lambda s, la, k, budget: la[:, -1].min() - s[:, last_step(s, k, budget) - 1].min(),
        ),
        Mistake(
            "both are cut",
            "At equal epochs you shorten both runs. Have they then seen equally many examples?",
            lambda s, la, k, budget: (
                la[:, last_step(s, k, budget) - 1].min() - s[:, last_step(s, k, budget) - 1].min()
            ),
        ),
        Mistake(
            "sign",
            "Your sign says the opposite of what the docstring asks. Which loss is subtracted "
            "from which?",
            lambda s, la, k, budget: -fair_gap(s, la, k, budget),
        ),
        Mistake(
            "the luckiest moment",
            "You take the smallest loss met anywhere on the way. When is the budget spent?",
            lambda s, la, k, budget: la[:, : last_step(s, k, budget)].min() - s.min(),
        ),
        Mistake(
            "average over learning rates",
            "You average over learning rates, bad ones included. Is a batch size to blame for "
            "rates that nobody would choose?",
            lambda s, la, k, budget: la[:, last_step(s, k, budget) - 1].mean() - s[:, -1].mean(),
        ),
        Mistake(
            "the worst rate",
            "You pick the learning rate with the largest loss. Which end of a loss is good?",
            lambda s, la, k, budget: la[:, last_step(s, k, budget) - 1].max() - s[:, -1].max(),
        ),
        Mistake(
            "rate by rate",
            "You subtract at each learning rate and choose afterwards. Does each batch size get "
            "its own best rate so?",
            lambda s, la, k, budget: (la[:, last_step(s, k, budget) - 1] - s[:, -1]).min(),
        ),
        Mistake(
            "ratio",
            "You divide the two losses. Is a ratio asked for, or a difference?",
            lambda s, la, k, budget: la[:, last_step(s, k, budget) - 1].min() / s[:, -1].min(),
        ),
        Mistake(
            "size of the gap",
            "You drop the sign. If nobody can tell which batch size won, what is the number good "
            "for?",
            lambda s, la, k, budget: fair_gap(s, la, k, budget).abs(),
        ),
        Mistake(
            "average over the way",
            "You average each curve over its steps. What does the loss of the first steps say "
            "about where the budget ends?",
            lambda s, la, k, budget: (
                la[:, : last_step(s, k, budget)].mean(dim=1).min() - s.mean(dim=1).min()
            ),
        ),
        Mistake(
            "first learning rate",
            "You read the first row of each table. Is its learning rate the best one?",
            lambda s, la, k, budget: la[0, last_step(s, k, budget) - 1] - s[0, -1],
        ),
        Mistake(
            "step number k",
            "At equal epochs you read the large run after k steps. How does the number of steps "
            "that it gets depend on the length of the small run?",
            lambda s, la, k, budget: (
                la[:, k - 1 if budget == "epochs" else -1].min() - s[:, -1].min()
            ),
        ),
        Mistake(
            "chosen by the whole curve",
            "You choose each rate by its average over the way. Which loss counts when the budget "
            "is spent?",
            lambda s, la, k, budget: (
                chosen_by_curve(la[:, : last_step(s, k, budget)]) - chosen_by_curve(s)
            ),
        ),
        Mistake(
            "the small run chosen by its best moment",
            "You choose the small batch's row by its lowest loss anywhere. Which loss counts "
            "when the budget is spent?",
            lambda s, la, k, budget: (
                la[:, last_step(s, k, budget) - 1].min() - s[s.min(dim=1).values.argmin(), -1]
            ),
        ),
        Mistake(
            "counted from the end",
            "You read the large run k steps before its end. How many steps does it make in the "
            "time of the small one?",
            lambda s, la, k, budget: la[:, -k if budget == "epochs" else -1].min() - s[:, -1].min(),
        ),
        Mistake(
            "the large run's luckiest moment",
            "You take the smallest loss that the large run met on its way. When is the budget "
            "spent?",
            lambda s, la, k, budget: la[:, : last_step(s, k, budget)].min() - s[:, -1].min(),
        ),
        Mistake(
            "relative gap",
            "You divide by the small run's loss. Is a relative gap asked for?",
            lambda s, la, k, budget: fair_gap(s, la, k, budget) / s[:, -1].min(),
        ),
    ),
    accepted=(fair_by_loop, fair_by_sorting),
    lesson="The same runs can say 'larger is worse' at equal epochs and 'larger is better' at "
    "equal steps. Always say which budget, and let each batch size have its own rate.",
    answered_by=("coursekit.replicas.population", "coursekit.plots"),
)
