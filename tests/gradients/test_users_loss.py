"""What a user's loss may do, and what is said of one that fails."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from coursekit.curvature import critical_sharpness, hessian_eigenvalues, hessian_trace
from coursekit.gradients import (
    BatchLoss,
    Objective,
    mean_gradient,
    minibatch_gradient,
    per_example_dots,
    per_example_gradients,
    per_example_norms,
)
from coursekit.noise import model_moments

CE = nn.CrossEntropyLoss()


def net(out: int = 3) -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, out)).double()


def data(count: int = 12):
    rng = torch.Generator().manual_seed(1)
    x = torch.randn(count, 4, generator=rng, dtype=torch.float64)
    return x, torch.randint(0, 3, (count,), generator=rng)


def forces(model, batch):
    """The loss of an energy whose slope at the inputs should be the targets."""
    x = batch[0].detach().requires_grad_()
    (slope,) = torch.autograd.grad(model(x).sum(), x, create_graph=True)
    return F.mse_loss(-slope, batch[1])


def gradient(model, loss, batch):
    grads = torch.autograd.grad(loss(model, batch), list(model.parameters()), allow_unused=True)
    pairs = zip(grads, model.parameters(), strict=True)
    return torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for g, p in pairs])


def hessian_by_differences(model, loss, batch, step=1e-5):
    columns = []
    for param in model.parameters():
        flat = param.data.view(-1)
        for i in range(flat.numel()):
            kept = flat[i].item()
            ends = []
            for sign in (1, -1):
                flat[i] = kept + sign * step
                ends.append(gradient(model, loss, batch))
            flat[i] = kept
            columns.append((ends[0] - ends[1]) / (2 * step))
    return torch.stack(columns)


def test_a_loss_may_differentiate_by_its_inputs():
    model, loss = net(1), BatchLoss(forces)
    x = data()[0]
    batch = (x, x.flip(0))
    rows = torch.stack(
        [gradient(model, forces, (batch[0][i : i + 1], batch[1][i : i + 1])) for i in range(12)]
    )
    found = per_example_norms(model, loss, batch, chunk_size=5)
    torch.testing.assert_close(found.sq_norms, rows.square().sum(1))
    torch.testing.assert_close(per_example_gradients(model, loss, batch), rows)
    spread = (rows - rows.mean(0)).square().sum().item() / 11
    assert model_moments(model, loss, batch).tr_cov == pytest.approx(spread)
    hessian = hessian_by_differences(model, forces, batch)
    top = torch.linalg.eigvalsh((hessian + hessian.T) / 2)[-1].item()
    assert hessian_eigenvalues(model, loss, batch, tol=1e-6).value == pytest.approx(top, rel=1e-4)
    trace = hessian_trace(model, loss, batch, num_probes=200)
    assert abs(trace.value - hessian.trace().item()) < 4 * trace.stderr
    assert critical_sharpness(model, loss, batch).value > 0
    assert not Objective(model, loss, batch).loss(model, batch).isnan()


@pytest.mark.parametrize(
    ("loss", "batch", "said"),
    [
        (CE, (data()[0], data()[1] + 3), r"IndexError: Target . is out of bounds.*BatchLoss\(fn\)"),
        (CE, (data()[0][:, :3], data()[1]), r"RuntimeError: mat1 and mat2.*BatchLoss\(fn\)"),
        (BatchLoss(lambda m, b: m(b["x"])), data(), r"TypeError: .*BatchLoss\(fn\)"),
        (lambda out, y: F.cross_entropy(out[:-1], y), data(), r"ValueError: Expected.*BatchLoss"),
    ],
    ids=range(4),
)
@pytest.mark.parametrize("measure", [per_example_norms, hessian_eigenvalues])
def test_whatever_a_loss_raises_becomes_one_sentence(measure, loss, batch, said):
    with pytest.raises(ValueError, match=said):
        measure(net(), loss, batch)


def test_a_failure_far_into_the_data_is_named_too():
    x, y = data(64)
    y[37] = 9
    with pytest.raises(ValueError, match=r"IndexError: Target 9.*look at the data of these"):
        per_example_norms(net(), CE, (x, y), chunk_size=4)


def test_nan_in_an_example_is_said_and_no_coupling():
    x, y = data(60)
    x[33] = float("nan")
    with pytest.raises(ValueError, match="examples are not finite: look for nan or inf"):
        per_example_norms(net(), CE, (x, y))
    relu = nn.Sequential(nn.Linear(4, 5), nn.ReLU(), nn.Linear(5, 3)).double()
    with pytest.raises(ValueError, match=r"not finite.*nan or inf"):
        hessian_trace(relu, CE, (x, y))


class WritesInputs(nn.Linear):
    def forward(self, x):
        return super().forward(x.sub_(0.5))


@pytest.mark.parametrize("as_list", [False, True])
def test_inputs_changed_in_place_are_named_and_the_data_stay(as_list):
    x, y = data()
    kept = x.clone()
    for model in (WritesInputs(4, 3).double(), nn.Sequential(nn.ReLU(inplace=True), *net())):
        with pytest.raises(ValueError, match=r"changes batch\[0\] in place.*clone"):
            model_moments(model, CE, [x, y] if as_list else (x, y))
        assert torch.equal(x, kept)


def test_what_changes_after_the_door_is_seen():
    """Modes are looked at again; what an objective measures stays, frozen meanwhile or not."""
    model = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Dropout(0.3), nn.Linear(5, 3))
    objective = Objective(model.double().eval(), CE, data())
    whole = mean_gradient(objective)
    model[0].requires_grad_(False)
    assert torch.equal(mean_gradient(objective), whole)
    assert hessian_eigenvalues(objective).value > 0
    assert not any(p.requires_grad for p in model[0].parameters())
    for layer, said in ((model[1], "BatchNorm '1'"), (model[2], "Dropout '2'")):
        layer.train()
        with pytest.raises(ValueError, match=said):
            model_moments(objective)
        layer.eval()


@pytest.mark.parametrize("measure", [model_moments, minibatch_gradient])
def test_inference_mode_is_named(measure):
    model, batch = net(), data()
    parts = batch if measure is minibatch_gradient else (batch,)
    with torch.inference_mode(), pytest.raises(ValueError, match="measure outside of it"):
        measure(model, CE, *parts)
    with torch.no_grad():
        measure(model, CE, *parts)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"count": lambda batch: None}, r"no number for a batch \(TypeError"),
        ({"count": lambda batch: batch["mask"].sum()}, r"no number for a batch \(TypeError"),
        ({"count": "tokens"}, "a dict with 'labels', got dict"),
        ({"chunk_size": 2.5}, "whole number of examples, or None, got 2.5"),
        ({"chunk_size": "8"}, "whole number of examples, or None, got '8'"),
    ],
    ids=range(5),
)
def test_settings_of_a_wrong_kind_get_one_sentence(settings, said):
    x, y = data()
    loss = BatchLoss(lambda model, batch: CE(model(batch["x"]), batch["y"]))
    batch = {"x": x, "y": y}
    if settings.get("count") != "tokens":
        loss, batch = CE, (x, y)
    for measure in (Objective, per_example_norms):
        with pytest.raises(ValueError, match=said):
            measure(net(), loss, batch, **settings)


def test_a_direction_that_is_no_tensor_is_named():
    with pytest.raises(ValueError, match="must be a tensor, got a list"):
        per_example_dots(net(), CE, data(), [1.0, 2.0])
