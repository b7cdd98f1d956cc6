"""Curvature along steps: quadratics where all is known, dense Hessians, and enumerated batches."""

import itertools
import math

import pytest
import torch
import torch.nn.functional as F
from dense_curvature import dense_hessian, small_data, small_net
from torch import nn

from coursekit.curvature import batch_sharpness, critical_sharpness
from coursekit.gradients import BatchLoss, minibatch_gradient


class Bowl(nn.Module):
    """L(w) = 1/2 w'Aw, the same for every example."""

    def __init__(self, start, curvatures) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor(start, dtype=torch.float64))
        self.a = torch.tensor(curvatures, dtype=torch.float64)

    def forward(self, x):
        return (0.5 * self.a * self.w.square()).sum() + 0 * x


BOWL_LOSS = BatchLoss(lambda model, batch: model(batch).mean())
ONES = torch.ones(4, dtype=torch.float64)


@pytest.mark.quick
@pytest.mark.parametrize("start", [None, 1e-6, 1e4])
@pytest.mark.parametrize("weights", [[1.0, 0.0], [3.0, 1.0], [1e-3, 2.0]])
def test_on_a_quadratic_it_is_the_curvature_along_the_gradient(weights, start):
    model = Bowl(weights, [5.0, 1.0])
    g = model.a * model.w.detach()
    truth = (g @ (model.a * g) / (g @ g)).item()
    found = critical_sharpness(model, BOWL_LOSS, ONES, start=start, rel_tol=1e-3)
    assert found.low <= truth <= found.high
    assert found.high / found.low < 1.0011
    assert found.value == pytest.approx(2 / found.step)
    assert torch.equal(model.w.detach(), torch.tensor(weights, dtype=torch.float64))


def test_another_update_and_about_ten_passes():
    model = Bowl([3.0, 1.0], [5.0, 1.0])
    g = model.a * model.w.detach()
    update = g.sign()  # what sign descent subtracts
    truth = (update @ (model.a * update) / (g @ update)).item()
    found = critical_sharpness(model, BOWL_LOSS, ONES, update=update)
    assert found.low <= truth <= found.high
    assert found.num_passes <= 11
    again = critical_sharpness(model, BOWL_LOSS, ONES, update=update, start=found.step)
    assert again.low <= truth <= again.high
    assert again.num_passes <= found.num_passes + 2
    assert found.cost == pytest.approx(1 + (found.num_passes - 1) / 3)


def test_no_answer_where_there_is_none():
    model = Bowl([3.0, 1.0], [5.0, 1.0])
    uphill = critical_sharpness(model, BOWL_LOSS, ONES, update=-torch.ones(2))
    assert math.isnan(uphill.value)
    assert "does not fall" in uphill.reason
    flat = critical_sharpness(Bowl([0.0, 0.0], [5.0, 1.0]), BOWL_LOSS, ONES)
    assert math.isnan(flat.value)
    down = critical_sharpness(
        nn.Linear(1, 1), BatchLoss(lambda m, b: m(b).mean()), torch.ones(4, 1)
    )
    assert math.isnan(down.value)
    assert "not risen" in down.reason
    with pytest.raises(ValueError, match=r"shape \(2,\)"):
        critical_sharpness(model, BOWL_LOSS, ONES, update=torch.ones(3))
    with pytest.raises(ValueError, match="rel_tol"):
        critical_sharpness(model, BOWL_LOSS, ONES, rel_tol=0)


def test_it_needs_no_second_derivative():
    class Once(torch.autograd.Function):
        @staticmethod
        def forward(ctx, w):
            ctx.save_for_backward(w)
            return w.square()

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, g):
            return 2 * ctx.saved_tensors[0] * g

    model = Bowl([3.0, 1.0], [5.0, 1.0])
    loss = BatchLoss(lambda m, b: (0.5 * m.a * Once.apply(m.w)).sum() + 0 * b.mean())
    truth = critical_sharpness(model, BOWL_LOSS, ONES).value
    assert critical_sharpness(model, loss, ONES).value == pytest.approx(truth)
    with pytest.raises(ValueError, match="Once"):
        batch_sharpness(model, loss, ONES, batch_size=2)


def batches_by_hand(model, inputs, targets, batch_size):
    """g'Hg and g'g of every batch there is."""
    bent, squares = [], []
    for chosen in itertools.combinations(range(len(inputs)), batch_size):
        x, y = inputs[list(chosen)], targets[list(chosen)]
        g = minibatch_gradient(model, F.cross_entropy, x, y)
        bent.append((g @ dense_hessian(model, F.cross_entropy, x, y) @ g).item())
        squares.append((g @ g).item())
    return sum(bent) / sum(squares), bent, squares


def test_batch_sharpness_meets_the_mean_over_all_batches():
    model, (inputs, targets) = small_net(), small_data(6)
    truth = batches_by_hand(model, inputs, targets, 2)[0]
    found = batch_sharpness(
        model, F.cross_entropy, (inputs, targets), batch_size=2, num_batches=600, lr=0.1
    )
    assert abs(found.value - truth) < 4 * found.stderr
    assert found.stderr < 0.1 * truth
    assert found.ratio == pytest.approx(found.value * 0.05)
    whole = batches_by_hand(model, inputs, targets, 6)[0]
    assert abs(found.value - whole) > 8 * found.stderr  # the curvature of the whole loss


def test_batches_are_taken_as_they_come():
    model, (inputs, targets) = small_net(), small_data(11)
    batches = [(inputs[:4], targets[:4]), (inputs[4:8], targets[4:8]), (inputs[8:], targets[8:])]
    found = batch_sharpness(model, F.cross_entropy, batches, num_batches=3)
    parts = [batches_by_hand(model, *batch, len(batch[0])) for batch in batches]
    truth = sum(p[1][0] for p in parts) / sum(p[2][0] for p in parts)
    assert found.value == pytest.approx(truth, rel=1e-9)
    assert (found.batch_size, found.num_batches) == (4, 3)
    assert found.cost == pytest.approx(2.9)


def test_the_whole_set_as_a_batch_is_the_curvature_along_its_gradient():
    model, data = small_net(), small_data()
    g = minibatch_gradient(model, F.cross_entropy, *data)
    truth = (g @ dense_hessian(model, F.cross_entropy, *data) @ g / (g @ g)).item()
    found = batch_sharpness(model, F.cross_entropy, data, batch_size=len(data[0]), num_batches=2)
    assert found.value == pytest.approx(truth, rel=1e-9)
    assert found.stderr < 1e-9
    critical = critical_sharpness(model, F.cross_entropy, data)
    assert critical.value == pytest.approx(truth, rel=0.5)  # the loss is no quadratic


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"batch_size": None}, "between 1 and the 11"),
        ({"batch_size": 12}, "between 1 and the 11"),
        ({"batch_size": 2, "num_batches": 1}, "num_batches"),
        ({"batch_size": 2, "lr": 0.0}, "lr must"),
    ],
)
def test_impossible_settings(settings, said):
    with pytest.raises(ValueError, match=said):
        batch_sharpness(small_net(), F.cross_entropy, small_data(), **settings)
