"""A unit small enough to grade in a second: three exercises and an essay, without torch."""

POINTS = {"u07_double": 1.0, "u07_mean": 2.0, "u07_spread": 3.0}
LEDGER = {"N1.slope": "−1.00 ± 0.01", "N1.seeds": "5"}
TOTAL = sum(POINTS.values())

SOURCE = '''# %% [markdown]
# # Small
# Variance falls with slope {{N1.slope}} over {{N1.seeds}} seeds.

# %% prelude
import os


def check(exercise_id, answer):
    """Print a message and return the score, as the course's own check does."""
    cases = {
        "u07_double": (1.0, [((3,), 6)]),
        "u07_mean": (2.0, [(([1.0, 2.0],), 1.5)]),
        "u07_spread": (3.0, [(([1.0, 3.0],), 2.0)]),
    }
    points, examples = cases[exercise_id]
    try:
        right = all(answer(*arguments) == expected for arguments, expected in examples)
    except NotImplementedError:
        print("not done yet")
        return 0.0
    print("right" if right else "not yet right", os.environ.get("NBGRADER_EXECUTION", ""))
    return points if right else 0.0


# %% [markdown]
# ## Double it

# %% solution="u07_double"
def double(number):
    """Return twice the number."""
    ### BEGIN SOLUTION
    return number + number
    ### END SOLUTION


# %% check="u07_double"
check("u07_double", double)

# %% [markdown]
# Some prose between.

# %% solution="u07_mean"
def mean(numbers):
    """Return the mean."""
    ### BEGIN SOLUTION
    total = sum(numbers)
    return total / len(numbers)
    ### END SOLUTION


# %% check="u07_mean"
check("u07_mean", mean)

# %% solution="u07_spread"
def spread(numbers):
    """Return the range."""
    ### BEGIN SOLUTION
    return max(numbers) - min(numbers)
    ### END SOLUTION


# %% check="u07_spread"
check("u07_spread", spread)

# %% [markdown] essay="u07_why" points=2
# Why is the range a poor measure of spread?
#
# ### BEGIN SOLUTION
# It rests on two numbers alone, and grows with their count.
# ### END SOLUTION
'''


def points_of(exercise_id):
    return POINTS[exercise_id]


def quote(name):
    return LEDGER[name]
