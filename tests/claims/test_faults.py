"""Classic mistakes, planted into library and experiments one at a time: each turns a verdict.

The experiments run as they are, on networks and data so small that they take a second or two.
"""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from coursekit.claims.register import CLAIMS
from coursekit.claims.unit_01_gradient_noise import gradient_noise
from coursekit.claims.unit_05_noise_scale import estimators, sign_claims, small_end
from coursekit.claims.unit_05_noise_scale.tuned_steps import tuned_steps
from coursekit.claims.unit_08_toolkit import small_batch_claims, switch_claims
from coursekit.data.splits import load
from coursekit.experiments.switching import Switch
from coursekit.noise.scale import GradMoments

pytestmark = pytest.mark.in_turn(thing="a long look", of=3, turn=2)


def plug_in_square(micro_grads, micro_batch_size):
    """|mean g|^2 as it stands, its own noise not taken off."""
    moments = RIGHT["grad_moments"](micro_grads, micro_batch_size)
    return replace(moments, grad_sq_norm=micro_grads.mean(dim=0).square().sum().item())


def divided_by_n(per_example_grads):
    return RIGHT["gradient_covariance_trace"](per_example_grads, ddof=0)


def mean_of_ratios(moments):
    ratios = [m.tr_cov / m.grad_sq_norm for m in moments if m.grad_sq_norm > 0]
    return SimpleNamespace(value=sum(ratios) / len(ratios))


def never_corrected(tr_cov, batch_size, *, num_examples, replacement, ddof):
    return tr_cov / batch_size


class NotDebiased:
    def __init__(self, *, decay):
        self.decay, self.signal, self.noise = decay, 0.0, 0.0

    def update(self, moments):
        self.signal += (1 - self.decay) * (moments.grad_sq_norm - self.signal)
        self.noise += (1 - self.decay) * (moments.tr_cov - self.noise)

    def moments(self):
        return GradMoments(self.signal, self.noise)


def one_step_late(peak_lr, *, warmup_steps):
    return lambda step: peak_lr * min(1.0, step / warmup_steps)


FAULTS = {
    "plug-in |G|^2": ("E1", "grad_moments", plug_in_square),
    "no ddof": ("E2", "gradient_covariance_trace", divided_by_n),
    "mean of ratios": ("E3", "grad_noise_scale", mean_of_ratios),
    "no (N-B)/(N-1)": ("E4", "minibatch_gradient_variance", never_corrected),
    "average not debiased": ("E5", "MomentAverage", NotDebiased),
    "warmup one step late": ("E6", "linear_warmup", one_step_late),
}
RIGHT = {name: getattr(estimators, name) for _, name, _ in FAULTS.values()}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_turns_the_verdict(fault, monkeypatch):
    claim_id, name, faulty = FAULTS[fault]
    claim = CLAIMS[claim_id]
    size = (
        "cpu" if claim_id == "E3" else "tiny"
    )  # a mean of ratios has too wide an interval of four
    assert claim.verdict(claim.measure(size)) == "holds"
    monkeypatch.setattr(estimators, name, faulty)
    assert claim.verdict(claim.measure(size)) == "fails"


def test_the_missing_correction_turns_the_law_as_well(monkeypatch):
    """N1 on a small data set, so that it takes a second."""
    monkeypatch.setattr(gradient_noise, "SIZES", {"digits": (64, 48, 10)})
    monkeypatch.setattr(gradient_noise, "NUM_EXAMPLES", 256)
    monkeypatch.setattr(gradient_noise, "BATCH_SIZES", (8, 32, 128))
    monkeypatch.setattr(gradient_noise, "counts_for", lambda size: (5, 2000))
    claim = CLAIMS["N1"]
    assert claim.verdict(claim.measure("tiny")) == "holds"
    monkeypatch.setattr(gradient_noise, "minibatch_gradient_variance", never_corrected)
    assert claim.verdict(claim.measure("tiny")) == "fails"


def smaller(monkeypatch, module, *, num_train=None, **settings):
    """Give a claim's experiment other sizes, and fewer examples."""
    if num_train:
        monkeypatch.setattr(module, "load", lambda name, **ignored: load(name, num_train=num_train))
    for name, value in settings.items():
        monkeypatch.setattr(module, name, value)


def once(run):
    """Return a function that calls another the first time, and gives the same answer again."""
    kept = []

    def give(*arguments, **settings):
        kept.extend([] if kept else [run(*arguments, **settings)])
        return kept[0]

    return give


@pytest.fixture
def small_end_runs(monkeypatch):
    smaller(
        monkeypatch,
        small_end,
        num_train=256,
        WIDTHS=(40, 16, 10),
        TARGET=1.7,
        LENGTHS={1: 800, 4: 200, 16: 80},
        LOWEST={1: -5.5, 4: -3.75, 16: -2.75},
    )
    claim = CLAIMS["C13"]
    assert claim.verdict(claim.measure("cpu")) == "depends"
    return claim


def test_examples_counted_by_the_base_batch_turn_c13(small_end_runs, monkeypatch):
    """Steps at B=1 times 16: its runs look thirteen times dearer."""
    monkeypatch.setattr(
        small_end, "tuned_examples", lambda runs: tuned_steps(runs) * runs.batch_sizes[-1]
    )
    assert small_end_runs.verdict(small_end_runs.measure("cpu")) == "fails"


def test_a_held_rate_that_is_scaled_with_the_batch_turns_c13(small_end_runs, monkeypatch):
    """The rate of B=16 goes through the linear rule on its way: at B=1 it then arrives."""
    right = small_end.examples_at_one_lr

    def scaled(data, seeds, batch_size, lr, *rest):
        return right(data, seeds, batch_size, lr * batch_size / small_end.BASE, *rest)

    monkeypatch.setattr(small_end, "examples_at_one_lr", scaled)
    assert small_end_runs.verdict(small_end_runs.measure("cpu")) == "holds"


class AtEqualSteps(Switch):
    """Every arm as many steps as the small batch has: the earlier, the more examples it reads."""

    def sizes(self, num_examples):
        steps = num_examples // self.small
        before = round(self.share * steps)
        return [self.small] * before + [self.large] * (steps - before)


class TheOtherShare(Switch):
    """The share counts what the large batch reads: early and late are exchanged."""

    def sizes(self, num_examples):
        return Switch(self.small, self.large, 1 - self.share).sizes(num_examples)


@pytest.mark.parametrize("fault", [AtEqualSteps, TheOtherShare])
def test_a_wrong_measure_of_when_turns_c12(fault, monkeypatch):
    smaller(
        monkeypatch,
        switch_claims,
        SIZES=(40, 16, 10),
        COUNTS={"cpu": (6, 8192, 32)},
        AFTER=(4, 8),
        pool_needed=lambda size: 8192 * 8,
    )
    claim = CLAIMS["C12"]
    right = claim.measure("cpu")
    assert claim.verdict(right) == "fails"
    monkeypatch.setattr(switch_claims, "Switch", fault)
    wrong = claim.measure("cpu")
    assert claim.verdict(wrong) == "unresolved"  # there the large batch costs nothing
    assert sum(wrong["early_minus_late"]) < 0 < sum(right["early_minus_late"])


def test_the_noise_scale_in_the_wrong_norm_turns_c11(monkeypatch):
    """With the Euclidean scale the sentence seems to hold; each is measured on the same runs."""
    smaller(
        monkeypatch,
        sign_claims,
        num_train=512,
        WIDTHS=(40, 16, 10),
        NUM_SEEDS={"gpu": 14},
        TARGETS={"12": 1.8},
        LENGTHS={4: 400, 16: 140, 64: 70, 256: 50},
        LOWEST={4: -8.0, 16: -7.0, 64: -6.5, 256: -6.0},
        device_for=lambda size: torch.device("cpu"),
    )
    monkeypatch.setattr(sign_claims, "run_to_target", once(sign_claims.run_to_target))
    claim = CLAIMS["C11"]
    assert claim.verdict(claim.measure("gpu")) == "fails"
    right = sign_claims.sign_noise_scale

    def euclidean(*arguments):
        found = right(*arguments)
        return replace(found, value=found.euclidean)

    monkeypatch.setattr(sign_claims, "sign_noise_scale", euclidean)
    assert claim.verdict(claim.measure("gpu")) == "holds"


def test_a_half_life_in_steps_turns_q2(monkeypatch):
    """beta2 carried to B=1 as it is: nothing is left to gain."""
    smaller(
        monkeypatch,
        small_batch_claims,
        num_train=512,
        SIZES=(40, 10),
        COUNTS={"cpu": (6, 512, 2)},
        LOWEST={"fixed": -9, "kept": -9, "sgd": -7, "adam_base": -7, "sgd_base": -2},
    )
    claim = CLAIMS["Q2"]
    assert claim.verdict(claim.measure("cpu")) == "holds"
    monkeypatch.setattr(small_batch_claims, "kept_beta", lambda beta, base, batch_size: beta)
    assert claim.verdict(claim.measure("cpu")) == "fails"
