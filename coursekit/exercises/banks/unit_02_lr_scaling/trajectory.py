"""Two loss curves at equal examples seen: do they go the same way."""

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


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


def widest(gaps: Tensor) -> Tensor:
    """Return the largest size, nan where there is none: a learner's max() stops there."""
    return gaps.abs().max() if len(gaps) else torch.tensor(float("nan"))


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


AT_EACH_STEP = "at each step of the large run compare with the small run when it has seen as many"

U02_TRAJECTORY = Exercise(
    id="u02_trajectory",
    call="trajectory_gap(small, large, k)",
    points={"equal length": 1.0, "small goes on": 1.0},
    by_hand=(
        Case(
            "equal length",
            (np.array([2.0, 1.75, 1.5, 1.0]), np.array([2.125, 1.5]), 2),
            ("by hand", "sign"),
            quotes=AT_EACH_STEP,
        ),
        Case("equal length", (np.array([2.0, 1.0]), np.array([1.25]), 2), ("smallest", "sign")),
        Case(
            "small goes on",
            (np.array([2.0, 1.75, 1.5, 1.0, 0.75, 0.25]), np.array([2.0, 0.25]), 2),
            ("uneven",),
            quotes="The small run may go on for longer; ignore its rest.",
        ),
    ),
    promises=(
        "by hand",
        "smallest",
        "uneven",
        "sign",
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
            lambda s, la, k: widest((s[k - 1 :: k][: len(la)] - la)[1:]),
        ),
        Mistake(
            "last step left out",
            "You leave the last step of the large run out. Where does your range end?",
            lambda s, la, k: widest((s[k - 1 :: k][: len(la)] - la)[:-1]),
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
        Mistake(
            "root mean square",
            "You average the squares and take the root. Which gap does the docstring ask for?",
            lambda s, la, k: (s[k - 1 :: k][: len(la)] - la).square().mean().sqrt(),
        ),
        Mistake(
            "where the gap is",
            "You return the step at which the gap is widest. How wide is it there?",
            lambda s, la, k: (s[k - 1 :: k][: len(la)] - la).abs().argmax(),
        ),
        Mistake(
            "size of the largest signed gap",
            "You look for the largest gap with its sign and drop the sign afterwards. Which "
            "gap is the widest if the small run lies below?",
            lambda s, la, k: (s[k - 1 :: k][: len(la)] - la).max().abs(),
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
