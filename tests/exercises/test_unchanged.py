"""An answer that changes what it was given is told so, does not pass, and loses its mark."""

import dataclasses

import numpy as np
import pytest
import torch
from toy_exercises import CENTRED, HALF

from coursekit.exercises import EXERCISES
from coursekit.exercises.engine.adapters import ADAPTERS, ONCE
from coursekit.exercises.engine.declare import Case
from coursekit.exercises.engine.handing import handed_arguments
from coursekit.exercises.engine.judge import judge
from coursekit.exercises.engine.unchanged import ASPECTS, Watched, look, same_look

pytestmark = pytest.mark.quick


def model():
    return torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.BatchNorm1d(3), torch.nn.Dropout())


def shift(x):
    x += 1


def drop_last(x):
    x.pop()


def into(key, value):
    def write(x):
        x[key] = value

    return write


def weights_of(net):
    with torch.no_grad():
        net[0].weight.mul_(2)


def frozen(net):
    for param in net.parameters():
        param.requires_grad_(False)


def called(net):
    net(torch.ones(4, 2)).sum().backward()


CHANGES = {  # what is handed over, what changes it, and the words for that
    "in place": (lambda: torch.ones(3), shift, "`x`"),
    "one entry": (lambda: torch.ones(3, 2), into((0, 1), 5.0), "`x`"),
    "to nan": (lambda: torch.ones(3), into(1, float("nan")), "`x`"),
    "shape": (lambda: torch.ones(3, 2), lambda x: x.t_(), "`x`"),
    "size": (lambda: torch.ones(3), lambda x: x.resize_(1), "`x`"),
    "type": (lambda: torch.ones(3), lambda x: setattr(x, "data", x.double()), "`x`"),
    "labels": (lambda: torch.tensor([1, -1]), lambda x: x.clamp_(min=0), "`x`"),
    "pop": (lambda: [1, 2, 3], drop_last, "`x`"),
    "sorted": (lambda: [3, 1, 2], lambda x: x.sort(), "`x`"),
    "filled": (lambda: [1.0, None], into(1, 0.0), "`x`"),
    "zero for False": (lambda: [False, True], into(0, 0), "`x`"),
    "dict": (lambda: {"a": 1}, into("b", 2), "`x`"),
    "dict inside": (lambda: {"a": [1, [2]]}, lambda x: x["a"][1].append(3), "`x`"),
    "tensor in lists": (lambda: [[torch.ones(2), 1]], lambda x: shift(x[0][0]), "`x`"),
    "array": (lambda: np.ones(3), shift, "`x`"),
    "requires grad": (
        lambda: torch.ones(3),
        lambda x: x.requires_grad_(),
        "whether `x` requires a gradient",
    ),
    "weights": (model, weights_of, "the weights of `x`"),
    "running mean": (model, lambda net: net(torch.ones(4, 2)), "the weights of `x`"),
    "mode": (model, lambda net: net.eval(), "the mode of `x`"),
    "one module's mode": (model, lambda net: net[2].eval(), "the mode of `x`"),
    "frozen": (model, frozen, "whether `x` requires a gradient"),
    "gradient": (lambda: model().eval(), called, "the .grad of `x`"),
}


@pytest.mark.parametrize(("make", "change", "words"), CHANGES.values(), ids=CHANGES)
def test_a_change_is_seen_and_named(make, change, words):
    seen = Watched(change, ["x"], ())
    seen(make())
    assert seen.said.startswith(words)
    assert seen.asked.endswith(("do.", "?"))
    unwatched = Watched(change, ["x"], ("x",))
    unwatched(make())
    assert unwatched.said == ""


@pytest.mark.parametrize("make", [row[0] for row in CHANGES.values()], ids=CHANGES)
def test_reading_changes_nothing(make):
    def reads(x):
        if isinstance(x, torch.nn.Module):
            x.train(False)
            for param in x.parameters():
                param.grad = torch.ones_like(param)
            x.zero_grad()
            x.train(True)
        return [x, x]

    value = make()
    value = value.train() if isinstance(value, torch.nn.Module) else value
    seen = Watched(reads, ["x"], ())
    seen(value)
    assert seen.said == ""


def test_only_the_allowed_aspect_may_change():
    def both(net):
        called(net)
        net[0].train(not net[0].training)

    assert Watched(both, ["x"], ("x.grad",)).said == ""
    seen = Watched(both, ["x"], ("x.grad", "x.values"))
    seen(model())
    assert "mode" in seen.said


def test_nan_equals_nan_in_a_look():
    value = [torch.tensor([1.0, float("nan")]), float("nan")]
    one, two = look(value), look(value)
    assert all(same_look(one[aspect], two[aspect]) for aspect in ASPECTS)


def centres_in_place(x):
    x -= x.mean(0)
    return x


def test_the_check_says_what_was_changed_and_does_not_pass():
    verdict = judge(CENTRED, centres_in_place, seed=0)
    said = " ".join(verdict.message.split())
    assert (verdict.status, verdict.score, verdict.mistake) == ("failed", 0.0, None)
    assert "That is right, but your function changed `x`" in said
    assert "Which line writes into it?" in said
    assert "Every wrong result" not in said


def test_a_wrong_result_is_explained_first():
    def wrong_in_place(x):
        x -= x.mean()
        return x

    verdict = judge(CENTRED, wrong_in_place, seed=0)
    assert verdict.mistake.name == "one mean"
    assert "It also changed `x`." in verdict.message


def test_an_exercise_may_allow_it():
    allowed = dataclasses.replace(CENTRED, may_change=("x",))
    assert judge(allowed, centres_in_place, seed=0).status == "passed"
    with pytest.raises(ValueError, match="may_change names"):
        dataclasses.replace(CENTRED, may_change=("y",))


def test_for_marks_the_same_object_comes_twice():
    """Data alone: the second answer shows what the first left behind."""

    def halves_in_place(xs):
        xs[0] /= 2
        return xs[0]

    for value in ([8.0], [np.array([8.0])]):
        once, twice = (np.ravel(kind["call"](halves_in_place, value)) for kind in (ONCE, ADAPTERS))
        assert (once.item(), twice.item()) == (4.0, 2.0)
    assert ADAPTERS["call"](lambda x: x / 2, 8.0) == 4.0


TWICE = {i: e for i, e in EXERCISES.items() if ADAPTERS[e.run] is not ONCE[e.run]}


@pytest.mark.parametrize("exercise", TWICE.values(), ids=TWICE)
def test_asked_twice_a_right_answer_gives_the_same(exercise):
    for case in (*exercise.by_hand, *exercise.draw(np.random.default_rng(5))[:2]):
        once, twice = (
            kind[exercise.run](exercise.reference, *case.args) for kind in (ONCE, ADAPTERS)
        )
        assert exercise.same(twice, once)


def accumulate(model, micro_batches, slip=lambda model: None):
    n = sum(len(t) for _, t in micro_batches)
    for x, t in micro_batches:
        (torch.nn.functional.cross_entropy(model(x), t) * len(t) / n).backward()
    slip(model)


def moved(model):
    with torch.no_grad():
        for param in model.parameters():
            param -= 0.1 * param.grad


def test_moved_weights_show_in_the_second_gradient():
    case = EXERCISES["u04_loop"].by_hand[0]
    right = ADAPTERS["linear_grad"](accumulate, *case.args)
    assert np.allclose(right, ONCE["linear_grad"](accumulate, *case.args))
    wrong = ADAPTERS["linear_grad"](lambda m, b: accumulate(m, b, moved), *case.args)
    assert not np.allclose(right, wrong)


@pytest.mark.parametrize(
    ("slip", "words"),
    [
        (moved, "the weights of `model`"),
        (lambda model: model.eval(), "the mode of `model`"),
        (frozen, "whether `model` requires a gradient"),
    ],
)
def test_what_is_left_behind_in_a_model_is_told(slip, words):
    exercise = EXERCISES["u04_loop"]
    verdict = judge(exercise, lambda m, b: accumulate(m, b, slip), seed=0)
    assert verdict.status == "failed"
    assert words in " ".join(verdict.message.split())


def test_a_stale_gradient_gets_into_nothing():
    def rise(loss, params, rho):
        value = loss()
        value.backward()
        norm = sum(p.grad.square().sum() for p in params) ** 0.5
        before = [p.detach().clone() for p in params]
        with torch.no_grad():
            for p in params:
                p += rho * p.grad / norm
            after = loss()
            for p, kept in zip(params, before, strict=True):
                p.copy_(kept)
        return float(after - value)

    assert judge(EXERCISES["u06_sam"], rise, seed=0).status == "failed"


@pytest.mark.parametrize("exercise", EXERCISES.values(), ids=EXERCISES)
def test_every_adapter_shows_what_it_hands_over(exercise):
    handed = handed_arguments(exercise.run, exercise.by_hand[0].args)
    assert len(handed) == len(exercise.parameters)
    again = handed_arguments(exercise.run, exercise.by_hand[0].args)
    for one, other in zip(handed, again, strict=True):
        if not callable(one):  # a function looks like nothing
            assert same_look(look(one)["values"], look(other)["values"])


def test_the_toy_keeps_its_numbers():
    assert judge(HALF, lambda x: x / 2, seed=0).status == "passed"
    assert Case("positive", (1.0,)).keeps == ()
