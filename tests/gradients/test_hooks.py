"""Backward hooks: those that watch are left out of a measurement, those that change are refused."""

import pytest
import torch
from torch import nn

from coursekit.curvature import hessian_trace
from coursekit.gradients import mean_gradient, per_example_norms

CE = nn.CrossEntropyLoss()


def net() -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))


def data():
    rng = torch.Generator().manual_seed(1)
    return torch.randn(12, 4, generator=rng), torch.randint(0, 3, (12,), generator=rng)


def on_param(model, change):
    return model[0].weight.register_hook(lambda grad: grad * 3 if change else None)


def on_module(model, change):
    def hook(module, grad_input, grad_output):
        return (grad_input[0] * 3,) if change else None

    return model[2].register_full_backward_hook(hook)


def before_module(model, change):
    def hook(module, grad_output):
        return (grad_output[0] * 3,) if change else None

    return model[2].register_full_backward_pre_hook(hook)


HOOKS = [(on_param, "parameter '0.weight'"), (on_module, "'2'"), (before_module, "'2'")]


@pytest.mark.parametrize(("register", "where"), HOOKS, ids=range(3))
def test_a_hook_that_changes_the_gradient_is_refused_by_name(register, where):
    model, batch = net(), data()
    plain = per_example_norms(model, CE, batch).sq_norms
    handle = register(model, change=True)
    for measure in (per_example_norms, mean_gradient, hessian_trace):
        with pytest.raises(ValueError, match=f"backward hook of .*{where} changes the gradient"):
            measure(model, CE, batch)
    handle.remove()
    assert torch.equal(per_example_norms(model, CE, batch).sq_norms, plain)


@pytest.mark.parametrize("register", [of for of, _ in HOOKS], ids=range(3))
def test_a_hook_that_watches_changes_nothing_and_stays(register):
    model, batch = net(), data()
    plain = per_example_norms(model, CE, batch).sq_norms
    trace = hessian_trace(model, CE, batch, num_probes=20).value
    handle = register(model, change=False)
    assert torch.equal(per_example_norms(model, CE, batch).sq_norms, plain)
    assert hessian_trace(model, CE, batch, num_probes=20).value == trace
    owner = model[0].weight if register is on_param else model[2]
    name = "_backward_pre_hooks" if register is before_module else "_backward_hooks"
    assert len(getattr(owner, name)) == 1
    handle.remove()
    assert len(getattr(owner, name)) == 0


def test_a_watching_hook_runs_again_after_a_measurement():
    model, seen = net(), []
    model[0].weight.register_hook(seen.append)
    mean_gradient(model, CE, data())
    seen.clear()
    CE(model(data()[0]), data()[1]).backward()
    assert len(seen) == 1


def test_a_hook_of_the_first_layer_may_watch_without_a_word():
    """Its inputs need no gradient, of which torch warns; here a warning is an error."""
    model, batch = net(), data()
    plain = per_example_norms(model, CE, batch).sq_norms
    model[0].register_full_backward_hook(lambda module, grad_input, grad_output: None)
    assert torch.equal(per_example_norms(model, CE, batch).sq_norms, plain)
