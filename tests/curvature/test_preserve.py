"""Whatever happens inside, the model and torch's random state come back bit for bit."""

import contextlib
import signal
import threading
import time

import pytest
import torch
from dense_curvature import built
from torch import nn

from coursekit.curvature._preserve import preserved, write_params


def model_with_everything():
    model = built(
        lambda: nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(), nn.Linear(4, 2)),
        dtype=torch.float32,
    )
    model[2].eval()
    model[3].bias.requires_grad_(False)
    with torch.no_grad():
        model[0].weight[0, 0] = float("nan")
        model[0].weight[0, 1] = -0.0
        model[0].weight[0, 2] = 1e-42  # a denormal number
    return model


def snapshot(model):
    """Every bit that must come back, as integers, so that nan and -0.0 count."""
    tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    return (
        {name: t.detach().reshape(-1).view(torch.uint8).tolist() for name, t in tensors.items()},
        {name: t.data_ptr() for name, t in tensors.items()},
        [p.requires_grad for p in model.parameters()],
        [module.training for module in model.modules()],
        torch.get_rng_state().tolist(),
    )


def wreck(model):
    model.eval()
    model[3].train()
    model.requires_grad_(True)
    for tensor in (*model.parameters(), *model.buffers()):
        tensor.data.mul_(3).add_(1)
    model[1].running_mean = torch.ones(4)
    torch.randn(5)
    model[3].weight.data.normal_()


@pytest.mark.quick
@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt, SystemExit])
def test_everything_comes_back(error):
    model = model_with_everything()
    before = snapshot(model)
    with contextlib.ExitStack() as stack:
        if error:
            stack.enter_context(pytest.raises(error))
        stack.enter_context(preserved(model))
        wreck(model)
        assert snapshot(model) != before
        if error:
            raise error
    assert snapshot(model) == before


def test_ctrl_c_during_the_restoring_is_raised_after_it(monkeypatch):
    model = model_with_everything()
    before = snapshot(model)
    real, presses = torch.set_rng_state, []

    def pressed_once(state):
        if not presses:
            presses.append(True)
            raise KeyboardInterrupt
        real(state)

    monkeypatch.setattr(torch, "set_rng_state", pressed_once)
    with pytest.raises(KeyboardInterrupt), preserved(model):
        wreck(model)
    assert presses
    assert snapshot(model) == before


def test_a_real_ctrl_c_in_the_middle():
    model = model_with_everything()
    before = snapshot(model)
    timer = threading.Timer(0.1, signal.raise_signal, [signal.SIGINT])
    timer.start()

    def wreck_for_a_second():
        until = time.monotonic() + 5
        while time.monotonic() < until:
            wreck(model)

    with pytest.raises(KeyboardInterrupt), preserved(model):
        wreck_for_a_second()
    assert snapshot(model) == before


@pytest.mark.quick
def test_graphs_from_before_stay_valid():
    model = nn.Linear(3, 1)
    with torch.no_grad():
        model.weight.fill_(2)
    loss = (model.weight.square()).sum()
    with preserved(model):
        write_params(list(model.parameters()), torch.zeros(4))
        assert model.weight.tolist() == [[0.0, 0.0, 0.0]]
    (gradient,) = torch.autograd.grad(loss, model.weight)
    assert gradient.tolist() == [[4.0, 4.0, 4.0]]


@pytest.mark.quick
def test_write_params_keeps_the_order_of_parameters():
    model = nn.Linear(2, 2)
    write_params(list(model.parameters()), torch.arange(6.0))
    assert model.weight.tolist() == [[0.0, 1.0], [2.0, 3.0]]
    assert model.bias.tolist() == [4.0, 5.0]
