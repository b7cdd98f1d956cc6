"""Oracles: torch's optimizers for SGD and Adam, the papers' formulas by numpy for LARS and LAMB."""

import copy
import pickle

import numpy as np
import pytest
import torch

from coursekit.train._optim_stacked import stacked_state, stacked_step
from coursekit.train.optim import (
    BY_NAME,
    LAMB,
    LARS,
    SGD,
    Adam,
    Muon,
    optimizer_settings,
    set_lr,
    torch_optimizer,
)

pytestmark = pytest.mark.quick

SETTINGS = {
    **BY_NAME,
    "sgd with decay": SGD(weight_decay=0.1),
    "nesterov with decay": SGD(momentum=0.8, nesterov=True, weight_decay=0.1),
    "adam with decay": Adam(weight_decay=0.1),
    "adamw with decay": Adam(beta1=0.8, weight_decay=0.2, decoupled=True),
    "lars with decay": LARS(weight_decay=0.1, trust=0.1),
    "lamb with decay": LAMB(weight_decay=0.1),
    "muon with decay": Muon(weight_decay=0.1, nesterov=False),
    "muon's AdamW": Muon(weight_decay=0.1, orthogonal=False),
}
SHAPES = ((5, 3), (5,), (2, 5), (2,), (4, 2, 3, 3))


def random_gradients(steps, *, replicas, seed=0):
    g = torch.Generator().manual_seed(seed)
    return [
        [torch.randn(replicas, *shape, generator=g, dtype=torch.float64) for shape in SHAPES]
        for _ in range(steps)
    ]


@pytest.mark.parametrize("name", SETTINGS)
def test_the_stacked_step_equals_one_optimizer_per_replica(name):
    settings, num_replicas, num_steps = SETTINGS[name], 3, 12
    gradients = random_gradients(num_steps, replicas=num_replicas)
    start = random_gradients(1, replicas=num_replicas, seed=1)[0]
    start[1].zero_()  # biases start at zero
    lrs = torch.tensor([0.01, 0.1, 0.5], dtype=torch.float64)
    factors = [1.0 / (1 + t) for t in range(num_steps)]

    stacked = [p.clone() for p in start]
    state = stacked_state(settings, stacked)
    for t, grads in enumerate(gradients):
        grads = [g.clone() for g in grads]
        stacked_step(settings, stacked, grads, state, lrs * factors[t], t + 1)

    for r in range(num_replicas):
        params = [torch.nn.Parameter(p[r].clone()) for p in start]
        optimizer = torch_optimizer(settings, params)
        for t, grads in enumerate(gradients):
            for p, g in zip(params, grads, strict=True):
                p.grad = g[r].clone()
            set_lr(optimizer, lrs[r].item() * factors[t])
            optimizer.step()
        for p, q in zip(params, stacked, strict=True):
            assert (p - q[r]).abs().max() < 1e-13


@pytest.mark.parametrize("name", SETTINGS)
def test_a_replica_that_is_nan_harms_no_other(name):
    gradients = random_gradients(5, replicas=2)
    results = []
    for poisoned in (False, True):
        params = random_gradients(1, replicas=2, seed=1)[0]
        state = stacked_state(SETTINGS[name], params)
        for t, grads in enumerate(gradients):
            grads = [g.clone() for g in grads]
            if poisoned:
                for g in grads:
                    g[1] = float("nan")
            stacked_step(
                SETTINGS[name], params, grads, state, torch.full((2,), 0.1).double(), t + 1
            )
        results.append(params)
    for clean, poisoned in zip(*results, strict=True):
        assert torch.equal(clean[0], poisoned[0])
        assert poisoned[1].isnan().all()


def by_formula(kind, start, gradients, lr, s):
    """Algorithm 1 of You et al. 2017, or Algorithm 2 of You et al. 2020, in numpy."""
    w, m, v = start.copy(), np.zeros_like(start), np.zeros_like(start)
    for t, g in enumerate(gradients, start=1):
        if kind == "lars":
            norm, grad_norm = np.linalg.norm(w), np.linalg.norm(g)
            local = s.trust * norm / (grad_norm + s.weight_decay * norm) if w.ndim > 1 else s.trust
            m = s.momentum * m + lr * local * (g + s.weight_decay * w)
            w = w - m
        else:
            m, v = s.beta1 * m + (1 - s.beta1) * g, s.beta2 * v + (1 - s.beta2) * g**2
            r = m / (1 - s.beta1**t) / (np.sqrt(v / (1 - s.beta2**t)) + s.eps) + s.weight_decay * w
            w = w - lr * r * (np.linalg.norm(w) / np.linalg.norm(r) if w.ndim > 1 else 1.0)
    return w


@pytest.mark.parametrize("kind", ["lars", "lamb"])
@pytest.mark.parametrize("shape", [(5, 3), (5,)])
def test_lars_and_lamb_follow_their_papers(kind, shape):
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=shape), rng.normal(size=(8, *shape))
    settings = LARS(0.9, 0.05, 0.02) if kind == "lars" else LAMB(weight_decay=0.05)
    param = torch.nn.Parameter(torch.from_numpy(start.copy()))
    optimizer = torch_optimizer(settings, [param], lr=0.3)
    for gradient in gradients:
        param.grad = torch.from_numpy(gradient.copy())
        optimizer.step()
    expected = by_formula(kind, start, gradients, 0.3, settings)
    assert np.abs(param.detach().numpy() - expected).max() < 1e-13


def test_a_lars_step_is_relative_to_the_weights():
    """Its point: the first step changes a matrix by lr * trust of its norm, whatever g's scale."""
    for scale in (1e-3, 1.0, 1e3):
        weight = torch.nn.Parameter(torch.randn(6, 4, generator=torch.Generator().manual_seed(0)))
        before = weight.detach().clone()
        weight.grad = scale * torch.randn(6, 4, generator=torch.Generator().manual_seed(1))
        torch_optimizer(LARS(trust=0.01), [weight], lr=2.0).step()
        assert ((weight - before).norm() / before.norm()).item() == pytest.approx(0.02, rel=1e-5)


def test_names_give_the_usual_settings():
    assert optimizer_settings("momentum") == SGD(momentum=0.9)
    assert optimizer_settings(LAMB(beta1=0.8)) == LAMB(beta1=0.8)
    param = torch.nn.Parameter(torch.zeros(2))
    assert type(torch_optimizer("adamw", [param])) is torch.optim.AdamW
    assert torch_optimizer("nesterov", [param]).defaults["nesterov"]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: optimizer_settings("adagrad"), "no optimizer 'adagrad': use one of sgd, momentum"),
        (lambda: SGD(momentum=1.0), r"momentum must lie in \[0, 1\), got 1.0"),
        (lambda: SGD(nesterov=True), "needs a momentum above 0"),
        (lambda: Adam(beta2=-0.1), "beta2 must lie"),
        (lambda: LAMB(weight_decay=float("nan")), "weight_decay must be finite"),
        (lambda: LARS(trust=-1.0), "trust must be finite and not negative, got -1.0"),
        (lambda: Muon(momentum=1.0), r"momentum must lie in \[0, 1\), got 1.0"),
        (lambda: Muon(ns_steps=0), "ns_steps must be >= 1, got 0"),
    ],
)
def test_bad_settings_are_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def quadratic(weight):
    return (weight**2).sum() / 2


@pytest.mark.parametrize("kind", ["lars", "lamb", "muon"])
def test_a_closure_is_called_and_its_loss_returned(kind):
    """Lightning hands every step a closure; one that is not called trains nothing."""
    start = torch.randn(4, 3, generator=torch.Generator().manual_seed(0)).double()
    with_closure, plain = (torch.nn.Parameter(start.clone()) for _ in range(2))
    one = torch_optimizer(kind, [with_closure], lr=0.1)
    other = torch_optimizer(kind, [plain], lr=0.1)
    losses = []
    for _ in range(5):

        def closure():
            one.zero_grad()
            loss = quadratic(with_closure)
            loss.backward()
            return loss

        losses.append(one.step(closure).item())
        other.zero_grad()
        quadratic(plain).backward()
        assert other.step() is None
    assert torch.equal(with_closure, plain)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("kind", ["lars", "lamb"])
@pytest.mark.parametrize("decay", [0.0, 0.3])
def test_a_group_has_its_own_decay(kind, decay):
    """Each group moves as if an optimizer with its settings had it alone."""
    settings = LARS(weight_decay=0.1, trust=0.1) if kind == "lars" else LAMB(weight_decay=0.1)
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=(5, 3)), rng.normal(size=(8, 5, 3))
    params = [torch.nn.Parameter(torch.from_numpy(start.copy())) for _ in range(2)]
    groups = [{"params": params[:1]}, {"params": params[1:], "weight_decay": decay}]
    optimizer = torch_optimizer(settings, groups, lr=0.3)
    for gradient in gradients:
        for param in params:
            param.grad = torch.from_numpy(gradient.copy())
        optimizer.step()
    own = type(settings)(**{**vars(settings), "weight_decay": decay})
    for param, used in zip(params, (settings, own), strict=True):
        expected = by_formula(kind, start, gradients, 0.3, used)
        assert np.abs(param.detach().numpy() - expected).max() < 1e-13


def test_every_option_of_a_group_counts():
    weight = torch.nn.Parameter(torch.ones(3, 3))
    optimizer = torch_optimizer("lars", [{"params": [weight], "momentum": 0.0, "trust": 0.5}])
    assert optimizer.settings_of(optimizer.param_groups[0]) == LARS(momentum=0.0, trust=0.5)
    for option, words in (
        ({"weight_decay": -1.0}, "weight_decay must be finite"),
        ({"momentum": 1.5}, r"momentum must lie in \[0, 1\)"),
        ({"betas": (0.9, 0.99)}, "LARS has no option 'betas'.*weight_decay"),
    ):
        with pytest.raises(ValueError, match=words):
            optimizer.add_param_group({"params": [torch.nn.Parameter(torch.ones(2))], **option})
    assert len(optimizer.param_groups) == 1


@pytest.mark.parametrize("kind", ["lars", "lamb", "muon"])
def test_copies_and_saved_states_go_on_alike(kind):
    g = torch.Generator().manual_seed(3)
    weight = torch.nn.Parameter(torch.randn(4, 3, generator=g))
    optimizer = torch_optimizer(kind, [{"params": [weight], "weight_decay": 0.2}], lr=0.1)
    weight.grad = torch.randn(4, 3, generator=g)
    optimizer.step()
    copied = copy.deepcopy(optimizer)
    pickled = pickle.loads(pickle.dumps(optimizer))
    old = copy.deepcopy(optimizer.state_dict())  # of a version whose groups held the lr alone
    old["param_groups"] = [{"lr": 0.1, "params": [0], "weight_decay": 0.2}]
    fresh = torch.nn.Parameter(weight.detach().clone())
    loaded = torch_optimizer(kind, [fresh], lr=0.5)
    loaded.load_state_dict(old)
    results = []
    for each in (optimizer, copied, pickled, loaded):
        (param,) = each.param_groups[0]["params"]
        param.grad = torch.ones(4, 3)
        each.step()
        results.append(param.detach())
    assert all(torch.equal(results[0], other) for other in results[1:])


@pytest.mark.parametrize("kind", ["lars", "lamb", "muon"])
def test_a_sparse_gradient_is_refused_with_the_remedy(kind):
    embedding = torch.nn.Embedding(5, 2, sparse=True)
    embedding(torch.tensor([1, 2])).sum().backward()
    with pytest.raises(ValueError, match=r"dense gradients.*sparse=False"):
        torch_optimizer(kind, embedding.parameters(), lr=0.1).step()
