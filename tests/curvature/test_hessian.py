"""The functions that take a model: dense oracles, curvlinops, scipy, and the choice of method."""

import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from dense_curvature import built, dense_hessian, generator, small_data, small_net
from scipy.sparse.linalg import eigsh
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from coursekit.curvature.hessian import hessian_eigenvalues, hessian_spectrum, hessian_trace
from coursekit.curvature.products import hessian_operator
from coursekit.gradients.batches import BatchLoss

BATCH_LOSS = BatchLoss(lambda model, batch: F.cross_entropy(model(batch[0]), batch[1]))


def loader(data):
    return DataLoader(TensorDataset(*data), batch_size=4, shuffle=True, generator=generator(9))


@pytest.mark.quick
@pytest.mark.parametrize("which", ["LA", "SA", "LM"])
@pytest.mark.parametrize("loss", [F.cross_entropy, BATCH_LOSS])
def test_eigenvalues_equal_the_dense_ones(which, loss):
    model, data = small_net(), small_data()
    found = hessian_eigenvalues(model, loss, loader(data), 3, which=which, tol=1e-7)
    values = torch.linalg.eigvalsh(dense_hessian(model, F.cross_entropy, *data))
    key = {"LA": -values, "SA": values, "LM": -values.abs()}[which]
    expected = values[key.argsort()[:3]]
    torch.testing.assert_close(found.values, expected, rtol=1e-9, atol=1e-11)
    assert found.cost == pytest.approx(1.7 * found.num_hvps)


def test_scipy_and_curvlinops_agree():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        curvlinops = pytest.importorskip("curvlinops", reason="see tests/oracles.txt")
        model, data = small_net(), small_data()
        params = list(model.parameters())
        peer = curvlinops.HessianLinearOperator(
            model, nn.CrossEntropyLoss(), params, [data], check_deterministic=False
        ).to_scipy()
        theirs = eigsh(peer, k=3, which="LA", return_eigenvectors=False, v0=np.ones(51))
    op = hessian_operator(model, F.cross_entropy, data)
    scipys = eigsh(op, k=3, which="LA", return_eigenvectors=False, v0=np.ones(51))
    ours = hessian_eigenvalues(model, F.cross_entropy, data, 3, tol=1e-8).values.numpy()
    np.testing.assert_allclose(sorted(ours), sorted(theirs), rtol=1e-8)
    np.testing.assert_allclose(sorted(ours), sorted(scipys), rtol=1e-8)


def test_a_linear_least_squares_problem_has_the_closed_form():
    model = built(lambda: nn.Linear(4, 1, bias=False))
    inputs, _ = small_data(30)
    data = inputs, torch.ones(30, 1, dtype=torch.float64)
    hessian = 2 * inputs.T @ inputs / 30
    found = hessian_eigenvalues(model, F.mse_loss, data, 4)
    torch.testing.assert_close(found.values, torch.linalg.eigvalsh(hessian).flip(0))
    trace = hessian_trace(model, F.mse_loss, data)
    assert trace.method == "exact"
    assert trace.value == pytest.approx(torch.trace(hessian).item(), rel=1e-12)


class OwnParameter(nn.Module):
    def __init__(self):
        super().__init__()
        self.body, self.factor = small_net(), nn.Parameter(torch.ones(3).double())

    def forward(self, x):
        return self.factor * self.body(x)


TRACES = [  # model, loss, the method that "auto" takes, a word of its reason
    (lambda: small_net(nn.ReLU), F.cross_entropy, "exact", ""),
    (small_net, F.cross_entropy, "per_example", "Tanh is not known to be piecewise linear"),
    (lambda: small_net(nn.ReLU), BATCH_LOSS, "per_example", "BatchLoss hides"),
    (OwnParameter, F.cross_entropy, "hutchinson", "not known to be linear in 'factor'"),
]


@pytest.mark.quick
@pytest.mark.parametrize(("make", "loss", "method", "reason"), TRACES)
def test_auto_takes_the_best_trace_that_applies_and_says_why(make, loss, method, reason):
    model, data = make(), small_data()
    found = hessian_trace(model, loss, loader(data), max_probes=1000)
    truth = torch.trace(dense_hessian(model, F.cross_entropy, *data)).item()
    assert found.method == method
    assert reason in found.reason
    assert bool(found.reason) == (method != "exact")
    if method == "exact":
        assert found.value == pytest.approx(truth, rel=1e-10)
    else:
        assert abs(found.value - truth) < 4 * found.stderr
        assert found.stderr <= 0.07 * abs(truth)


@pytest.mark.quick
@pytest.mark.parametrize("method", ["exact", "per_example", "hutchinson", "hutch++"])
def test_every_method_on_the_same_net(method):
    model, data = small_net(nn.ReLU), small_data()
    truth = torch.trace(dense_hessian(model, F.cross_entropy, *data)).item()
    asked = {"method": method, "max_probes": 1000}
    found = hessian_trace(model, F.cross_entropy, data, rng=generator(3), **asked)
    assert found.method == method
    assert found.reason == ""
    assert abs(found.value - truth) <= 4 * found.stderr + 1e-9 * truth
    assert found.cost > 0


def test_a_trace_out_of_reach_is_given_up_early():
    model, data = small_net(nn.ReLU), small_data()
    found = hessian_trace(model, F.cross_entropy, data, method="hutchinson", rng=generator(3))
    assert found.num_probes == 24
    assert not found.converged
    assert "ask for them by num_probes" in found.reason


def test_wide_outputs_are_left_to_probes_unless_asked_for():
    model = built(lambda: nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 101)))
    inputs, _ = small_data(3)
    data = inputs, torch.tensor([0, 50, 100])
    auto = hessian_trace(model, F.cross_entropy, data)
    assert auto.method == "per_example"
    assert "101 outputs" in auto.reason
    exact = hessian_trace(model, F.cross_entropy, data, method="exact")
    assert abs(auto.value - exact.value) < 4 * auto.stderr


@pytest.mark.quick
@pytest.mark.parametrize(
    ("make", "loss", "message"),
    [
        (small_net, F.cross_entropy, "Tanh is not known to be piecewise linear"),
        (lambda: small_net(nn.ReLU), BATCH_LOSS, "BatchLoss hides"),
        (lambda: small_net(nn.ReLU).append(nn.BatchNorm1d(3).double()), F.cross_entropy, "BatchN"),
    ],
)
def test_the_exact_trace_is_refused_where_it_would_be_wrong(make, loss, message):
    with pytest.raises(ValueError, match=message):
        hessian_trace(make().train(), loss, small_data(), method="exact")


class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(4, 4), nn.Linear(4, 4)
        self.second.weight = self.first.weight

    def forward(self, x):
        return self.second(self.first(x).relu())


@pytest.mark.quick
def test_tied_weights_go_to_hutchinson():
    model, data = built(Tied), small_data()
    found = hessian_trace(model, F.cross_entropy, data, num_probes=400)
    assert found.method == "hutchinson"
    assert "weights are shared" in found.reason
    truth = torch.trace(dense_hessian(model, F.cross_entropy, *data)).item()
    assert abs(found.value - truth) < 4 * found.stderr
    with pytest.raises(ValueError, match="same weights"):
        hessian_trace(model, F.cross_entropy, data, method="exact")
    with pytest.raises(ValueError, match="weights are shared"):
        hessian_trace(model, F.cross_entropy, data, method="per_example")


class Transformer(nn.Module):
    """One block of the usual kind, on token sequences."""

    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(7, 4)
        self.block = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.1, batch_first=True)
        self.head = nn.Linear(4, 7)

    def forward(self, tokens):
        return self.head(self.block(self.embed(tokens)))


def test_a_transformer_with_a_loss_of_its_own():
    model = built(Transformer).eval()
    tokens = torch.randint(0, 7, (6, 5), generator=generator(3))
    loss = BatchLoss(lambda m, x: F.cross_entropy(m(x[:, :-1]).flatten(0, 1), x[:, 1:].flatten()))
    top = hessian_eigenvalues(model, loss, DataLoader(tokens, batch_size=4), tol=1e-6)
    op = hessian_operator(model, loss, tokens, method="rebuilt")
    theirs = eigsh(op, k=1, which="LA", return_eigenvectors=False, v0=np.ones(op.shape[0]))
    assert top.value == pytest.approx(theirs[0], rel=1e-8)
    trace = hessian_trace(model, loss, tokens, rel_stderr=0.2)
    assert trace.method == "hutchinson"
    assert "MultiheadAttention" in trace.reason
    with pytest.raises(ValueError, match="random in train mode"):
        hessian_trace(model.train(), loss, tokens)


def test_spectrum_agrees_with_the_trace():
    model, data = small_net(), small_data()
    density = hessian_spectrum(model, F.cross_entropy, data, num_probes=20, num_steps=30)
    means = (density.weights * density.nodes).sum(dim=1) * density.num_params
    truth = torch.trace(dense_hessian(model, F.cross_entropy, *data)).item()
    assert abs(means.mean().item() - truth) < 4 * means.std().item() / 20**0.5
    assert density.cost == pytest.approx(1.7 * density.num_hvps)


@pytest.mark.quick
def test_the_model_is_left_alone():
    model, data = small_net(nn.ReLU).train(), small_data()
    before = [p.detach().clone() for p in model.parameters()]
    state = torch.get_rng_state()
    for method in ("exact", "per_example", "hutchinson", "hutch++"):
        hessian_trace(model, F.cross_entropy, data, method=method)
    hessian_eigenvalues(model, F.cross_entropy, data)
    assert all(torch.equal(p, b) for p, b in zip(model.parameters(), before, strict=True))
    assert all(p.grad is None for p in model.parameters())
    assert model.training
    assert torch.equal(state, torch.get_rng_state())
    assert all(not module._forward_hooks for module in model.modules())


@pytest.mark.quick
def test_mistakes_are_named():
    model, data = small_net(), small_data()
    with pytest.raises(ValueError, match="method must be one of auto, exact"):
        hessian_trace(model, F.cross_entropy, data, method="xtrace")
    with pytest.raises(ValueError, match="sums over examples"):
        hessian_trace(model, lambda o, t: F.cross_entropy(o, t, reduction="sum"), data)
    with pytest.raises(ValueError, match="k must be between"):
        hessian_eigenvalues(model, F.cross_entropy, data, 52)
