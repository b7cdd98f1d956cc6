"""A loop with an Accelerator against the two equations; clipped before and after."""

import copy

import pytest
import torch
import torch.nn.functional as F
from accelerate import Accelerator
from torch import nn
from two_equations import solve

from coursekit.integrations.accelerate import AcceleratedNoiseScale

pytestmark = [pytest.mark.trainers, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(autouse=True)
def _fresh_state():
    from accelerate.state import AcceleratorState, GradientState, PartialState

    yield
    for state in (AcceleratorState, GradientState, PartialState):
        state._reset_state()


def run(accum, *, late, **settings):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(8, 16), nn.LayerNorm(16), nn.Tanh(), nn.Linear(16, 5))
    plain = copy.deepcopy(model)
    g = torch.Generator().manual_seed(4)
    data = torch.utils.data.TensorDataset(
        torch.randn(26, 8, generator=g), torch.randint(5, (26,), generator=g)
    )
    accelerator = Accelerator(gradient_accumulation_steps=accum, cpu=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    loader = torch.utils.data.DataLoader(data, batch_size=4)
    model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
    noise = AcceleratedNoiseScale(accelerator, model, every=1, decay=0.9999, **settings)
    drawn = []
    for _ in range(2):
        for x, y in loader:
            drawn.append((x, y))
            with accelerator.accumulate(model):
                accelerator.backward(F.cross_entropy(model(x), y))
                if not late:
                    noise.after_backward(len(x))
                if accelerator.sync_gradients:
                    accelerator.clip_grad_norm_(model.parameters(), 1e-3)
                if late:
                    noise.after_backward(len(x))
                optimizer.step()
                optimizer.zero_grad()
    noise.close()
    return noise, plain, drawn


def gradient(model, x, y, params):
    loss = F.cross_entropy(model(x), y)
    return torch.cat([g.flatten().double() for g in torch.autograd.grad(loss, params)])


@pytest.mark.parametrize("late", [False, True])
def test_accumulated_steps(late):
    noise, plain, drawn = run(3, late=late)
    params, found = list(plain.parameters()), []
    for start in (0, 3, 7, 10):  # the seventh batch of an epoch is a step by itself: left out
        micro = drawn[start : start + 3]
        rows = [gradient(plain, x, y, params) for x, y in micro]
        found.append(solve(rows, [1.0] * 3, [len(x) for x, _ in micro]))
    truth = torch.stack(found).mean(0)
    moments = noise.moments()
    assert noise.noise.average.num_updates == 4
    assert moments.grad_sq_norm == pytest.approx(truth[0].item(), rel=1e-3)
    assert moments.tr_cov == pytest.approx(truth[1].item(), rel=1e-3)


def test_without_accumulation_the_normalisation_layer_is_measured():
    noise, plain, drawn = run(1, late=True)
    params, found = list(plain[1].parameters()), []
    for x, y in drawn:
        rows = [gradient(plain, x[i : i + 1], y[i : i + 1], params) for i in range(len(x))]
        found.append(solve(rows, [1.0] * len(x), [1.0] * len(x)))
    truth = torch.stack(found).mean(0)
    assert noise.estimate().cost == sum(len(x) for x, _ in drawn)
    assert noise.moments().tr_cov == pytest.approx(truth[1].item(), rel=1e-3)
