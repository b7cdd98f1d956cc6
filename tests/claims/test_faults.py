"""Six classic mistakes, planted into the library one at a time: each turns a named verdict."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from coursekit.claims.register import CLAIMS
from coursekit.claims.unit_01_gradient_noise import gradient_noise
from coursekit.claims.unit_05_noise_scale import estimators
from coursekit.noise.scale import GradMoments

pytestmark = pytest.mark.quick


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
