"""What the offline check sees: words near each other, denials, turns."""

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
        ("A quarter. Of the steps, that is.", [1, 0, 0, 0]),
        ("A quarter. I like trees. And many steps.", [0, 0, 0, 0]),
        ("The temperature did not change, it is unchanged; training diverges.", [0, 1, 1, 0]),
        ("Compare at equal steps!", [0, 0, 0, 1]),
        ("", [0, 0, 0, 0]),
    ],
)
def test_points_are_found_by_their_words(answer, points):
    assert seen(answer) == [bool(p) for p in points]


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
    assert proposal.verdict == "middling"
    full = "Fewer updates, temperature unchanged, unstable; test it at equal steps."
    assert propose(SPOKEN, full).verdict == "good"
    assert propose(SPOKEN, full + " The noise was killed.").verdict != "good"


@pytest.mark.parametrize("words", [("steps", "step"), ("scaled", "scaling"), ("noise", "noises")])
def test_forms_of_a_word_share_a_stem(words):
    assert len({stem(w) for w in words}) == 1
