"""A slip in a declaration fails at import, with its reason."""

import dataclasses

import pytest
from toy_exercises import HALF

from coursekit.exercises.engine.declare import Case
from coursekit.exercises.engine.judge import judge

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"id": "u01.half"}, "letters, digits and underscores"),
        ({"by_hand": (Case("small", (1.0,)),)}, "by_hand names"),
        ({"points": {}}, "by_hand names"),
        ({"points": {"positive": 1.0, "negative": 0.0}}, "points above 0"),
        ({"points": {"positive": 1.0, "negative": float("nan")}}, "points above 0"),
        ({"run": "by telepathy"}, "no adapter 'by telepathy', there are"),
    ],
)
def test_a_declaration_that_could_not_work_is_refused(change, reason):
    with pytest.raises(ValueError, match=reason):
        dataclasses.replace(HALF, **change)


@pytest.mark.parametrize("points", [{"positive": 1.0}, {**HALF.points, "forgotten": 1.0}])
def test_groups_of_cases_and_of_points_must_agree(points):
    changed = dataclasses.replace(HALF, by_hand=HALF.by_hand[:1], points=points)
    with pytest.raises(ValueError, match=r"toy_half: cases of .* points for"):
        judge(changed, changed.reference, seed=0)
