"""Traces of real models' Hessians against the diagonal by central differences of gradients."""

import pytest
import torch
from zoo import EXACT, PLAIN, PROBES, TRACES

from coursekit.curvature import hessian_trace
from coursekit.gradients import BatchLoss

pytestmark = pytest.mark.in_turn(of=3)

METHODS = {EXACT: "exact", PROBES: "per_example", PLAIN: "hutchinson"}


def in_double(batch):
    if isinstance(batch, dict):
        return {name: in_double(value) for name, value in batch.items()}
    if isinstance(batch, tuple):
        return tuple(in_double(value) for value in batch)
    return batch.double() if batch.is_floating_point() else batch


def trace_by_differences(model, loss, batch, step=1e-5):
    """Sum of (g_i(w + h e_i) - g_i(w - h e_i))/2h over all weights."""

    def slope(param, i):
        if isinstance(loss, BatchLoss):
            value = loss.fn(model, batch)
        else:
            value = loss(model(batch[0]), batch[1])
        (grad,) = torch.autograd.grad(value, [param], allow_unused=True)
        return 0.0 if grad is None else grad.flatten()[i].item()

    total = 0.0
    for param in model.parameters():
        flat = param.data.view(-1)
        for i in range(flat.numel()):
            kept = flat[i].item()
            flat[i] = kept + step
            above = slope(param, i)
            flat[i] = kept - step
            total += (above - slope(param, i)) / (2 * step)
            flat[i] = kept
    return total


@pytest.mark.parametrize("name", sorted(TRACES))
def test_traces_do_not_depend_on_the_chunk(name):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model, loss, data = TRACES[name].build()
    model, data = model.double(), in_double(data)
    truth = trace_by_differences(model, loss, data)
    for chunk_size in (None, 2):
        rng = torch.Generator().manual_seed(6)
        probes = 40 if TRACES[name].way == PLAIN else 200
        found = hessian_trace(model, loss, data, rng=rng, num_probes=probes, chunk_size=chunk_size)
        assert found.method == METHODS[TRACES[name].way], found.reason
        assert abs(found.value - truth) < 4 * found.stderr + 1e-5 * abs(truth)
        assert found.stderr < 0.5 * abs(truth) + 0.02
