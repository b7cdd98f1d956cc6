"""Gradient checkpoints: what is inside is computed again in a product, by the same formulas."""

import warnings

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, parametrize
from torch.utils.checkpoint import checkpoint

from coursekit.curvature import ggn_operator, hessian_operator, hessian_trace
from coursekit.gradients import Objective, mean_gradient, per_example_norms
from coursekit.noise.offline import model_moments


def old_weight_norm(layer):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # the older form, which many models keep
        return nn.utils.weight_norm(layer)


class LowRank(nn.Module):
    def __init__(self):
        super().__init__()
        self.left, self.right = (nn.Parameter(0.3 * torch.randn(s)) for s in ((4, 1), (1, 4)))

    def forward(self, weight):
        return weight + self.left @ self.right


def low_rank(layer):
    return parametrize.register_parametrization(layer, "weight", LowRank())


KINDS = {
    "plain": lambda layer: layer,
    "weight norm": parametrizations.weight_norm,
    "weight norm, older": old_weight_norm,
    "spectral norm": parametrizations.spectral_norm,
    "spectral norm, older": nn.utils.spectral_norm,
    "orthogonal": parametrizations.orthogonal,
    "low rank, merged": low_rank,
}


def once(block, x):
    return checkpoint(block, x, use_reentrant=False)


def nested(block, x):
    return once(lambda x: once(block, x) * 1.0, x)


class Net(nn.Module):
    def __init__(self, kind, around):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.head, self.around = nn.Linear(3, 4), nn.Linear(4, 3), around
        layers = (KINDS[kind](nn.Linear(4, 4)), nn.Tanh(), nn.LayerNorm(4), nn.Dropout(0.5))
        self.block = nn.Sequential(*layers)

    def forward(self, x):
        x = self.first(x).tanh()
        return self.head(self.block(x) if self.around is None else self.around(self.block, x))


def data():
    rng = torch.Generator().manual_seed(1)
    inputs = torch.randn(6, 3, generator=rng, dtype=torch.float64)
    return inputs, torch.randint(0, 3, (6,), generator=rng)


def product(operator, model, method):
    vector = torch.linspace(-1, 1, sum(p.numel() for p in model.parameters()), dtype=torch.float64)
    return operator(model, F.cross_entropy, data(), method=method) @ vector


ESTIMATORS = {
    "kept": lambda model: product(hessian_operator, model, "cached"),
    "rebuilt": lambda model: product(hessian_operator, model, "rebuilt"),
    "differences": lambda model: product(hessian_operator, model, "finite_difference"),
    "Gauss-Newton": lambda model: product(ggn_operator, model, "cached"),
    "mean": lambda model: mean_gradient(model, F.cross_entropy, data()),
    "norms": lambda model: per_example_norms(model, F.cross_entropy, data()).sq_norms,
    "moments": lambda model: model_moments(model, F.cross_entropy, data()).tr_cov,
    "trace": lambda model: (
        hessian_trace(model, F.cross_entropy, data(), method="hutchinson", num_probes=4).value
    ),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("around", [once, nested])
def test_a_checkpoint_changes_nothing(kind, around):
    model, plain = (Net(kind, a).double().eval() for a in (around, None))
    for name, estimate in ESTIMATORS.items():
        found, expected = (torch.as_tensor(estimate(m)) for m in (model, plain))
        loose = name == "differences"
        torch.testing.assert_close(
            found,
            expected,
            rtol=1e-4 if loose else 1e-9,
            atol=1e-7 if loose else 1e-11,
            msg=lambda said, name=name: f"{name}: {said}",
        )


@pytest.mark.filterwarnings("ignore:None of the inputs have requires_grad")  # torch, in no_grad
@pytest.mark.parametrize("name", ESTIMATORS)
@pytest.mark.parametrize(
    "around",
    [
        lambda block, x: checkpoint(block, x, use_reentrant=True),
        lambda block, x: once(lambda x: checkpoint(block, x, use_reentrant=True), x),
    ],
    ids=["reentrant", "reentrant inside another"],
)
@pytest.mark.parametrize("kind", ["plain", "weight norm"])
def test_a_reentrant_one_is_refused_for_its_own_reason(name, around, kind):
    with pytest.raises(ValueError, match="use_reentrant=True hides the weights"):
        ESTIMATORS[name](Net(kind, around).double().eval())


@pytest.mark.parametrize("name", ESTIMATORS)
def test_dropout_inside_is_refused_for_its_own_reason(name):
    with pytest.raises(ValueError, match="random in train mode"):
        ESTIMATORS[name](Net("weight norm", once).double())


def test_what_a_checkpoint_computes_otherwise_the_second_time_is_named():
    class Changing(nn.Module):
        changes = False

        def forward(self, x):
            again = torch._C._current_graph_task_id() >= 0  # inside a backward pass
            return x.tanh() if again and self.changes else x.tanh() * x.sigmoid()

    model = Net("plain", once).double().eval()
    model.block = nn.Sequential(model.block, Changing())
    objective = Objective(model, F.cross_entropy, data())
    model.block[1].changes = True
    with pytest.raises(ValueError, match="a checkpoint computes something else when it runs again"):
        hessian_operator(objective)


def test_weight_norm_is_torchs_own_again_afterwards():
    for kind in ("weight norm", "weight norm, older"):
        model = Net(kind, once).double().eval()
        layer = model.block[0]
        parts = [layer, *layer.modules(), *layer._forward_pre_hooks.values()]
        before = [dict(vars(part)) for part in parts]
        product(hessian_operator, model, "rebuilt")
        assert [set(vars(part)) for part in parts] == [set(each) for each in before]
