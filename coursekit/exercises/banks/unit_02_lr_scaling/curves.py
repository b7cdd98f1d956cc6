"""Same trajectory, and best against best at equal steps or equal epochs: two readings of curves."""

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake

# --- the same trajectory? ---------------------------------------------------------------------


def trajectory_gap(small: Tensor, large: Tensor, k: int) -> Tensor:
    at_equal_examples = small[k - 1 :: k][: len(large)]
    return (at_equal_examples - large).abs().max()


def trajectory_by_loop(small, large, k):
    gaps = []
    for step, loss in enumerate(large.tolist()):
        examples = (step + 1) * k  # in batches of the small run
        gaps.append(abs(loss - float(small[examples - 1])))
    return sorted(gaps)[-1]


def trajectory_by_folding(small, large, k):
    rows = small[: k * len(large)].view(len(large), k)
    return np.abs(rows.numpy()[:, -1] - large.numpy()).max()


def draw_trajectories(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("equal length", "small goes on") * 4:
        k, steps = int(rng.integers(2, 5)), int(rng.integers(4, 7))
        more = 0 if group == "equal length" else int(rng.integers(k, 3 * k))
        small = rng.uniform(0.6, 2.3, k * steps + more)  # jagged: each index shows
        gaps = rng.permutation(np.linspace(0.1, 0.4, steps)) * rng.choice([-1, 1], steps)
        # the widest on either side: at the first step, the second or the last
        gaps[-1] = 0.15
        gaps[(0, 1, -1, 1, 1, -1, 1, 0)[len(cases)]] = -0.6 if len(cases) % 4 < 2 else 0.6
        cases.append(Case(group, (small, small[k - 1 :: k][:steps] + gaps, k)))
    return cases


U02_TRAJECTORY = Exercise(
    id="u02_trajectory",
    call="trajectory_gap(small, large, k)",
    points={"equal length": 1.0, "small goes on": 1.0},
    by_hand=(
        Case("equal length", (np.array([2.0, 1.75, 1.5, 1.0]), np.array([2.125, 1.5]), 2)),
        Case(
            "small goes on",
            (np.array([2.0, 1.75, 1.5, 1.0, 0.75, 0.25]), np.array([2.0, 0.25]), 2),
        ),
    ),
    draw=draw_trajectories,
    reference=trajectory_gap,
    mistakes=(
        Mistake(
            "equal steps",
            "You compare after equal numbers of steps. How many examples has each run seen by "
            "then?",
            lambda s, la, k: (s[: len(la)] - la).abs().max(),
        ),
        Mistake(
            "one step early",
            "You start from the first entry of the small run. When the large run has made one "
            "step, how many steps has the small one made?",
            lambda s, la, k: (s[::k][: len(la)] - la).abs().max(),
        ),
        Mistake(
            "one step late",
            "You read the small run one step too late. Entry number zero stands after how many "
            "steps?",
            lambda s, la, k: (
                (s[[min((j + 1) * k, len(s) - 1) for j in range(len(la))]] - la).abs().max()
            ),
        ),
        Mistake(
            "signed",
            "You take the largest signed difference. What if the other curve lies above?",
            lambda s, la, k: (s[k - 1 :: k][: len(la)] - la).max(),
        ),
        Mistake(
            "signed the other way",
            "You take the largest difference in one direction only. Can the gap not go the other "
            "way?",
            lambda s, la, k: (la - s[k - 1 :: k][: len(la)]).max(),
        ),
        Mistake(
            "mean gap",
            "You average the gaps. Could two curves part and meet again without your noticing?",
            lambda s, la, k: (s[k - 1 :: k][: len(la)] - la).abs().mean(),
        ),
        Mistake(
            "the end alone",
            "You compare where the large run ends. Is meeting at the end the same as having "
            "gone the same way?",
            lambda s, la, k: (s[k * len(la) - 1] - la[-1]).abs(),
        ),
        Mistake(
            "both ends",
            "You compare the last entries of both. Have the two runs seen equally many examples "
            "there?",
            lambda s, la, k: (s[-1] - la[-1]).abs(),
        ),
        Mistake(
            "counted from the end",
            "You pair the curves from their ends. Where do the two runs surely stand at equal "
            "numbers of examples: at their ends, or at their start?",
            lambda s, la, k: (s.flip(0)[::k][: len(la)].flip(0) - la).abs().max(),
        ),
        Mistake(
            "stretched to fit",
            "You stretch one curve to the length of the other. If the small run goes on for "
            "longer, what do you compare with what?",
            lambda s, la, k: (
                (s[torch.linspace(0, len(s) - 1, len(la)).round().long()] - la).abs().max()
            ),
        ),
        Mistake(
            "averaged over a stretch",
            "You average the small run over the steps that one large step covers. The large "
            "curve is read after its step: when should the small one be read?",
            lambda s, la, k: (s[: k * len(la)].view(len(la), k).mean(dim=1) - la).abs().max(),
        ),
        Mistake(
            "squared",
            "Your result has the unit of a squared loss. Is a difference asked for, or its square?",
            lambda s, la, k: (s[k - 1 :: k][: len(la)] - la).square().max(),
        ),
        Mistake(
            "relative",
            "You divide by a loss. Is a relative gap asked for?",
            lambda s, la, k: (
                (s[k - 1 :: k][: len(la)] - la).abs() / s[k - 1 :: k][: len(la)]
            ).max(),
        ),
        Mistake(
            "smallest gap",
            "You return the smallest gap. Any two curves that cross have one of zero: what should "
            "count?",
            lambda s, la, k: (s[k - 1 :: k][: len(la)] - la).abs().min(),
        ),
        Mistake(
            "sum of the gaps",
            "You add the gaps up. What happens to your number when runs get longer?",
            lambda s, la, k: (s[k - 1 :: k][: len(la)] - la).abs().sum(),
        ),
        Mistake(
            "signed, at the end",
            "You subtract where the large run ends, sign and all. Is meeting at the end the "
            "same as having gone the same way?",
            lambda s, la, k: la[-1] - s[k * len(la) - 1],
        ),
        Mistake(
            "relative to the large run",
            "You divide by the loss of the large run. Is a relative gap asked for?",
            lambda s, la, k: ((s[k - 1 :: k][: len(la)] - la).abs() / la).max(),
        ),
        Mistake(
            "first step left out",
            "You leave the first step of the large run out. Does the comparison not start there?",
            lambda s, la, k: (s[k - 1 :: k][: len(la)] - la)[1:].abs().max(),
        ),
        Mistake(
            "last step left out",
            "You leave the last step of the large run out. Where does your range end?",
            lambda s, la, k: (s[k - 1 :: k][: len(la)] - la)[:-1].abs().max(),
        ),
        Mistake(
            "the small run's last entries",
            "You take the last entries of the small run. How many examples had it seen by then?",
            lambda s, la, k: (s[-len(la) :] - la).abs().max(),
        ),
        Mistake(
            "root of the squares",
            "You add squares and take the root. What happens to your number when runs get longer?",
            lambda s, la, k: (s[k - 1 :: k][: len(la)] - la).square().sum().sqrt(),
        ),
        Mistake(
            "the large run held",
            "You hold the large run's loss while the small one makes its steps. Have the two seen "
            "equally many examples at every one of those?",
            lambda s, la, k: (s[: k * len(la)] - la.repeat_interleave(k)).abs().max(),
        ),
        Mistake(
            "the large run thinned",
            "You leave out entries of the large run. Which of the two makes more steps for the "
            "same examples?",
            lambda s, la, k: thinned_large(s, la, k),
        ),
        Mistake(
            "difference of the largest",
            "You subtract the largest loss of each curve. Do the two stand at the same place?",
            lambda s, la, k: (s[k - 1 :: k][: len(la)].max() - la.max()).abs(),
        ),
        Mistake(
            "too long a stride",
            "Your place in the small run moves on by one entry too many each time. How many small "
            "steps does one large step stand for?",
            lambda s, la, k: max(
                abs(float(a) - float(b)) for a, b in zip(s[k - 1 :: k + 1], la, strict=False)
            ),
        ),
    ),
    accepted=(trajectory_by_loop, trajectory_by_folding),
    lesson="'Same trajectory' is a statement about two whole curves at equal examples seen. It "
    "says nothing about which learning rate is best.",
    answered_by=("coursekit.plots",),
)


def thinned_large(small: Tensor, large: Tensor, k: int) -> Tensor:
    """Compare every k-th entry of the large run, or its last, with the small run's first."""
    kept = large[k - 1 :: k] if len(large) >= k else large[-1:]
    return (small[: len(kept)] - kept).abs().max()


# --- best against best ------------------------------------------------------------------------


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


SMALL = np.array([[2.0, 1.5, 1.25, 1.0], [2.25, 1.75, 0.875, 1.125], [3.0, 3.0, 3.0, 3.0]])
LARGE = np.array([[1.875, 1.625, 1.5, 1.375], [2.5, 1.75, 1.0, 0.5], [2.5, 2.5, 0.75, 0.75]])


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
        Case("steps", (SMALL, LARGE, 2, "steps")),
        Case("epochs", (SMALL, LARGE, 2, "epochs")),
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
    ),
    accepted=(fair_by_loop, fair_by_sorting),
    lesson="The same runs can say 'larger is worse' at equal epochs and 'larger is better' at "
    "equal steps. Always say which budget, and let each batch size have its own rate.",
    answered_by=("coursekit.replicas.population", "coursekit.plots"),
)
