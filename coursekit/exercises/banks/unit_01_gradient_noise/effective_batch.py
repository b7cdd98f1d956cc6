"""The effective batch size of a batch whose examples come in groups."""

import math

import numpy as np
import torch

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def effective_batch_size(group_sizes: list[int], rho: float) -> float:
    batch_size = sum(group_sizes)
    return batch_size**2 / sum(c * (1 + (c - 1) * rho) for c in group_sizes)


def effective_by_matrix(group_sizes, rho):
    blocks = [torch.full((c, c), float(rho)).fill_diagonal_(1.0) for c in group_sizes]
    correlation = torch.block_diag(*blocks)
    return len(correlation) ** 2 / correlation.sum()


def effective_by_group_means(group_sizes, rho):
    c = np.array(group_sizes, dtype=float)
    variance_of_group_mean = rho + (1 - rho) / c
    return 1 / np.sum((c / c.sum()) ** 2 * variance_of_group_mean)


def draw_groups(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("equal groups", "unequal groups", "limits") * 3:
        rho = float(rng.uniform(0.2, 0.9))
        num_groups = int(rng.integers(3, 7))
        sizes = [int(rng.integers(3, 7))] * num_groups
        if group == "unequal groups":
            others = [1, *(int(c) for c in rng.integers(3, 6, num_groups - 1))]
            sizes = [2, *(int(c) for c in rng.permutation([*others, int(rng.integers(9, 16))]))]
        elif group == "limits":
            kind = len(cases) // 3  # each limit once, the first two with groups that differ
            rho = (0.0, 1.0, rho)[kind]
            sizes = [1] * num_groups if kind == 2 else [1, *sizes, int(rng.integers(9, 16))]
        cases.append(Case(group, (sizes, rho)))
    return cases


ENDS = "rho: correlation inside a group, 0 <= rho <= 1."

U01_EFFECTIVE_BATCH = Exercise(
    id="u01_effective_batch",
    call="effective_batch_size(group_sizes, rho)",
    points={"equal groups": 1.0, "unequal groups": 1.0, "limits": 1.0},
    by_hand=(
        Case("limits", ([2, 2], 0.0), ("range",), quotes=ENDS),
        Case("limits", ([2, 2], 1.0), ("range",), quotes=ENDS),
        Case("limits", ([2, 1, 5], 1.0), ("range", "uneven"), quotes=ENDS),
        Case("limits", ([2, 1, 5], 0.0), ("range", "uneven"), quotes=ENDS),
        Case(
            "limits",
            ([1, 1, 1], 0.5),
            ("smallest",),
            quotes="group_sizes: list of whole numbers >= 1",
        ),
        Case("equal groups", ([2, 2], 0.5), ("by hand",)),
        Case("equal groups", ([3], 0.5), ("smallest",)),
        Case("unequal groups", ([2, 1, 5], 0.5), ("uneven",)),
    ),
    promises=(
        "by hand",
        "range",
        "smallest",
        "uneven",
    ),
    draw=draw_groups,
    reference=effective_batch_size,
    mistakes=(
        Mistake(
            "counts the groups",
            "You count distinct sources, and rho has no say. What is a group worth whose members "
            "have nothing in common?",
            lambda sizes, rho: len(sizes),
        ),
        Mistake(
            "counts the examples",
            "You count every example in full. What does a second, identical copy add?",
            lambda sizes, rho: sum(sizes),
        ),
        Mistake(
            "every pair correlated",
            "You let every pair in the batch share the correlation. Which pairs come from one "
            "source?",
            lambda sizes, rho: sum(sizes) / (1 + (sum(sizes) - 1) * rho),
        ),
        Mistake(
            "correlated with itself",
            "In groups of one you already lose something. With how many others does an example "
            "share its group?",
            lambda sizes, rho: sum(sizes) ** 2 / sum(c * (1 + c * rho) for c in sizes),
        ),
        Mistake(
            "average group",
            "You put the average group size into the formula for equal groups. Is the group of "
            "a random example as large as a random group?",
            lambda sizes, rho: sum(sizes) / (1 + (sum(sizes) / len(sizes) - 1) * rho),
        ),
        Mistake(
            "inflation of the variance",
            "Without correlation you return one. How many independent examples is such a batch "
            "worth?",
            lambda sizes, rho: sum(sizes) / effective_batch_size(sizes, rho),
        ),
        Mistake(
            "straight line",
            "You go in a straight line from all the examples to the number of groups. What adds "
            "up here is variance: is an effective size linear in it?",
            lambda sizes, rho: (1 - rho) * sum(sizes) + rho * len(sizes),
        ),
        Mistake(
            "discount",
            "With identical copies you come to zero, yet each group still shows one example. "
            "What is left of a group at rho = 1?",
            lambda sizes, rho: (1 - rho) * sum(sizes),
        ),
        Mistake(
            "sum of the groups' own sizes",
            "You add each group's own effective size. The batch weighs a large group by its "
            "number of examples, not by what they are worth: whose variances add, with which "
            "weights?",
            lambda sizes, rho: sum(c / (1 + (c - 1) * rho) for c in sizes),
        ),
        Mistake(
            "each pair once",
            "You count each pair of a group once. Multiply out the square of a sum of two: how "
            "often does the product of the two come?",
            lambda sizes, rho: effective_batch_size(sizes, rho / 2),
        ),
        Mistake(
            "share of the batch",
            "Your result is the share of the batch that counts, one at rho = 0. How many "
            "examples is that?",
            lambda sizes, rho: effective_batch_size(sizes, rho) / sum(sizes),
        ),
        Mistake(
            "the inverse",
            "Your result gets smaller when the batch gets larger. You have the factor in front of "
            "tr(Sigma): which batch of independent examples has the same factor?",
            lambda sizes, rho: 1 / effective_batch_size(sizes, rho),
        ),
        Mistake(
            "all like the first",
            "You take every group to be as large as the first. What do the other numbers in the "
            "list do?",
            lambda sizes, rho: sum(sizes) / (1 + (sizes[0] - 1) * rho),
        ),
        Mistake(
            "rounded down",
            "You rounded to a whole number. Must an effective size be one?",
            lambda sizes, rho: math.floor(effective_batch_size(sizes, rho) + 1e-9),
        ),
        Mistake(
            "groups for examples",
            "You put the number of groups where the batch size belongs. How many examples does the "
            "batch hold?",
            lambda sizes, rho: effective_batch_size(sizes, rho) * (len(sizes) / sum(sizes)) ** 2,
        ),
        Mistake(
            "a group counted once",
            "In your sum each group counts once, with its bracket. How many examples of a group "
            "carry that bracket?",
            lambda sizes, rho: sum(sizes) ** 2 / sum(1 + (c - 1) * rho for c in sizes),
        ),
        Mistake(
            "the last group only",
            "Only the last group has a say in your result. Does your loop add up, or start anew?",
            lambda sizes, rho: sum(sizes) ** 2 / (sizes[-1] * (1 + (sizes[-1] - 1) * rho)),
        ),
        Mistake(
            "all like the last",
            "You take every group to be as large as the last. What do the other numbers in "
            "the list do?",
            lambda sizes, rho: sum(sizes) / (1 + (sizes[-1] - 1) * rho),
        ),
        Mistake(
            "largest group decides",
            "You take every group to be as large as the largest. What do the other numbers in "
            "the list do?",
            lambda sizes, rho: sum(sizes) / (1 + (max(sizes) - 1) * rho),
        ),
        Mistake(
            "the floor of many views",
            "You return what the effective size comes near to when the groups get ever "
            "larger. How large are they here?",
            lambda sizes, rho: len(sizes) / rho if rho else float(sum(sizes)),
        ),
        Mistake(
            "every group weighs the same",
            "You give every group the same weight in the mean. Does a group of five weigh no "
            "more in the batch than a single example?",
            lambda sizes, rho: len(sizes) ** 2 / sum((1 + (c - 1) * rho) / c for c in sizes),
        ),
        Mistake(
            "groups counted where they differ",
            "Where the groups differ in size you count them, and rho has no say. What holds "
            "for unequal groups in the formula above?",
            lambda sizes, rho: (
                effective_batch_size(sizes, rho) if len(set(sizes)) == 1 else len(sizes)
            ),
        ),
        Mistake(
            "no correlation, groups counted",
            "Without correlation you count the groups. What is a group worth whose members "
            "have nothing in common?",
            lambda sizes, rho: effective_batch_size(sizes, rho) if rho else len(sizes),
        ),
        Mistake(
            "identical copies, groups counted",
            "At rho = 1 you count the groups, also where they differ in size. Does the "
            "largest one weigh no more in the mean than the smallest?",
            lambda sizes, rho: len(sizes) if rho == 1 else effective_batch_size(sizes, rho),
        ),
        Mistake(
            "all like the middle one",
            "You take every group to be as large as the middle one. What do the other numbers "
            "in the list do?",
            lambda sizes, rho: sum(sizes) / (1 + (sorted(sizes)[len(sizes) // 2] - 1) * rho),
        ),
    ),
    accepted=(effective_by_matrix, effective_by_group_means),
    lesson="Correlation inside a batch inflates its variance by 1 + (c - 1) rho for groups of c. "
    "Large groups hurt most, since most examples sit in them.",
    answered_by=("coursekit.gradients.sampling",),
)
