"""What the offline check hears: points, points turned round, red flags that nothing denies."""

import pytest
from small_question import SPOKEN

from coursekit.interview.proposal import propose
from coursekit.interview.words import stem

pytestmark = pytest.mark.quick


def seen(answer):
    return [bool(words) for words in propose(SPOKEN, answer).seen]


@pytest.mark.parametrize(
    ("answer", "points"),
    [
        ("It takes a quarter of the updates.", [1, 0, 0, 0]),
        ("A quarter, that is to say of the iterations.", [1, 0, 0, 0]),
        ("A quarter of an hour later I like trees, many of them, and then I count steps.", [0] * 4),
        (
            "The ratio lr/B is unchanged; the step size is too much and training blows up.",
            [0, 1, 1, 0],
        ),
        ("Compare with the same number of updates!", [0, 0, 0, 1]),
        ("", [0, 0, 0, 0]),
    ],
)
def test_points_are_heard_in_other_words(answer, points):
    assert seen(answer) == [bool(p) for p in points]


@pytest.mark.parametrize(
    ("answer", "turned"),
    [
        ("The number of updates grows.", [1, 0, 0, 0]),
        ("It doesn't take fewer updates.", [1, 0, 0, 0]),
        ("The temperature is another one. The rate is stable.", [0, 1, 1, 0]),
        ("There is no need for equal steps.", [0, 0, 0, 1]),
        ("Fewer updates at the same temperature.", [0, 0, 0, 0]),
    ],
)
def test_points_said_the_other_way_round_count_against(answer, turned):
    proposal = propose(SPOKEN, answer)
    assert list(proposal.turned) == [bool(t) for t in turned]
    weights = [point.weight for point in SPOKEN.points]
    assert proposal.against == pytest.approx(
        sum(w for w, t in zip(weights, turned, strict=True) if t) / sum(weights)
    )


def test_an_answer_and_its_opposite():
    answer = (
        "About a quarter of the steps, at the same temperature. I would compare at equal steps."
    )
    opposite = "No fewer steps are needed, and the temperature is never the same. So it is a law."
    assert propose(SPOKEN, answer).verdict == "good"
    assert propose(SPOKEN, opposite).verdict == "weak"


@pytest.mark.parametrize(
    ("answer", "flagged"),
    [
        ("The noise was killed.", True),
        ("There is less noise in it.", True),
        ("The noise was not killed.", False),
        ("People say the noise was killed.", False),
        ("The noise was killed. But that is wrong.", False),
        ("It isn't that the noise was killed.", False),
        ("The noise was killed. The sky is blue.", True),
        ("It doesn’t mean less noise.", False),
        ("Noise is everywhere. Killed was nobody.", False),
    ],
)
def test_a_red_flag_counts_where_nothing_denies_it(answer, flagged):
    assert bool(propose(SPOKEN, answer).red_flags) is flagged


def test_the_words_seen_are_told_and_weights_count():
    proposal = propose(SPOKEN, "Fewer steps at the same temperature.")
    assert proposal.seen[0] == ("fewer", "steps")
    assert proposal.share == pytest.approx(0.5)
    full = "Fewer updates, temperature unchanged, rate unstable; I would compare at equal steps."
    assert propose(SPOKEN, full).share == pytest.approx((3 + 2 + 2 + 3 / 2) / 10)  # a name is half
    assert propose(SPOKEN, full).verdict == "good"
    assert propose(SPOKEN, full + " The noise was killed.").verdict != "good"


@pytest.mark.parametrize("words", [("steps", "step"), ("scaled", "scaling"), ("noise", "noises")])
def test_forms_of_a_word_share_a_stem(words):
    assert len({stem(w) for w in words}) == 1
