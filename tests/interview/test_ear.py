"""What a way of saying a point is heard in: synonyms, neighbours, opposites, denials."""

import pytest

from coursekit.interview.bank import all_questions
from coursekit.interview.ear import NAMED, hear, opposites, read, vocabulary

pytestmark = pytest.mark.quick


def worth(way, text):
    return hear([way], read(text))[0]


@pytest.mark.parametrize(
    "text",
    [
        "The learning rate has to come down.",
        "You need a smaller step size.",
        "lr ↓",
        "I'd halve η.",
        "the rate need not rise",
        "a step size that is lower than before",
    ],
)
def test_one_way_is_heard_in_anybodys_words(text):
    assert worth("rate down", text) == 1


@pytest.mark.parametrize(
    "text",
    [
        "The learning rate has to go up.",
        "The step size needn't be reduced.",
        "Never lower the rate.",
        "A smaller rate plays no role.",
    ],
)
def test_an_opposite_or_a_denial_turns_it_round(text):
    assert worth("rate down", text) == -1


def test_two_words_exchanged_say_the_same():
    assert worth("small_batch noise up", "Large batches are less noisy.") == 1
    assert worth("small_batch noise up", "Large batches are noisier.") == -1


def test_words_must_stand_near_each_other():
    assert worth("rate down", "The rate. " + "I like trees. " * 5 + "They go down.") == 0
    assert worth("rate down", "More noise, so the rate falls.") == 1
    assert worth("noise up", "More noise, so the rate falls.") == 1


def test_a_denial_ends_with_its_clause():
    assert worth("rate down", "It isn't the noise, so lower the rate.") == 1
    assert worth("moco", "No need for a cache, or for MoCo.") == -1
    assert worth("noise", "Not only noise.") == NAMED


def test_what_is_to_be_denied():
    assert worth("not associative", "Float addition isn't associative.") == NAMED
    assert worth("not clip linear", "Clipping is not linear.") == 1
    assert worth("not clip linear", "Clipping is linear.") == -1
    assert worth("not noise", "Noise is everywhere.") == 0  # a bare name denies nothing


def test_a_name_alone_counts_half_and_any_takes_either_side():
    assert worth("shuffle", "I would shuffle.") == NAMED
    assert worth("shuffle", "Don't shuffle.") == -1
    assert worth("any evaluation drop", "In evaluation never drop it.") == 1


def test_as_often_said_as_turned_is_neither():
    assert worth("rate down", "The rate falls. " + "x " * 20 + "The rate rises.") == 0
    assert hear(["rate down"], read(""))[0] == 0


@pytest.mark.parametrize(
    "text",
    ["lr ∝ √B", "η ~ √B", "lr×√k", "rate proportional to the square root of B"],
)
def test_signs_are_spelled(text):
    assert worth("rate root", text) == 1
    assert worth("rate linear", text) == 0


def test_what_is_said_of_one_optimizer_is_not_said_of_its_rival():
    assert worth("sgd linear", "SGD sqrt 2, Adam linear") == 0
    assert worth("adam linear", "SGD sqrt 2, Adam linear") == 1
    assert worth("adam root", "Linear for SGD and root two for Adam.") == 1
    points = all_questions()["rule_for_the_rate"].points[:2]
    heard = [hear(p.hear, read("SGD sqrt 2, Adam linear"))[0] for p in points]
    assert heard == [0, -1]


def test_the_words_are_told_as_they_were_written():
    assert hear(["rate down"], read("Halving the learning rate"))[1] == ("halving", "learning rate")


def test_opposites_are_words_of_the_vocabulary():
    phrases, _ = vocabulary()
    heads = set().union(*phrases.values())
    assert set(opposites()) <= heads
    assert all(opposites()[other] == word for word, other in opposites().items())


@pytest.mark.parametrize("question", all_questions().values(), ids=all_questions())
def test_no_point_is_turned_round_in_its_own_words(question):
    for point in question.points:
        assert hear(point.hear, read(point.text))[0] >= 0, point.text
