"""Real models: norms, products and moments against one float64 backward pass per example."""

import copy

import pytest
import torch
from rows import EACH, LAYERS, SOME
from zoo import CASES, REFUSED

from coursekit.gradients import per_example_dots, per_example_norms
from coursekit.noise import model_moments

pytestmark = pytest.mark.in_turn(of=3)


def one_row_each(batch, i):
    if isinstance(batch, dict):
        return {name: one_row_each(value, i) for name, value in batch.items()}
    if isinstance(batch, tuple):
        return tuple(one_row_each(value, i) for value in batch)
    row = batch[i : i + 1]
    return row.double() if row.is_floating_point() else row


def rows_by_loop(model, loss, batch, count):
    """The gradient of every example, in float64, by plain backward passes."""
    model = copy.deepcopy(getattr(model, "_orig_mod", model)).double()
    params = [p for p in model.parameters() if p.requires_grad]
    loss = loss if callable(getattr(loss, "fn", None)) else None
    assert loss is not None
    rows = []
    for i in range(count):
        value = loss.fn(model, one_row_each(batch, i))
        grads = torch.autograd.grad(value, params, allow_unused=True)
        parts = [
            torch.zeros_like(p) if g is None else g for p, g in zip(params, grads, strict=True)
        ]
        rows.append(torch.cat([part.flatten() for part in parts]))
    return torch.stack(rows).double()


@pytest.fixture(scope="module", params=sorted(CASES))
def measured(request):
    """A case, its model, loss and data, and the true gradients."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model, loss, data = CASES[request.param].build()
    count = 8
    truth_loss = loss
    if "autocast" in request.param:  # the truth is what autocast rounds
        truth_loss = type(loss)(lambda m, batch: m(**batch).loss)
    return request.param, model, loss, data, rows_by_loop(model, truth_loss, data, count)


@pytest.mark.parametrize("chunk_size", [None, 3, 1])
def test_norms_do_not_depend_on_the_chunk(measured, chunk_size):
    name, model, loss, data, rows = measured
    case = CASES[name]
    found = per_example_norms(model, loss, data, chunk_size=chunk_size)
    truth = rows.square().sum(1)
    assert (found.sq_norms - truth).abs().max() < case.error * truth.max()
    error = (found.mean_grad.double() - rows.mean(0)).norm()
    assert error < max(case.error, 1e-6) * rows.mean(0).norm() + case.error * truth.max().sqrt()
    params = [n for n, p in model.named_parameters() if p.requires_grad]
    ways = {LAYERS: not found.fallbacks, EACH: len(found.fallbacks) == len(params)}
    ways[SOME] = bool(found.fallbacks) and not ways[EACH]
    if case.way in ways and chunk_size is None:
        assert ways[case.way], found.fallbacks


def test_moments_and_products(measured):
    name, model, loss, data, rows = measured
    case = CASES[name]
    direction = torch.randn(rows.shape[1], generator=torch.Generator().manual_seed(4)).double()
    dots = per_example_dots(model, loss, data, direction.float())
    truth = rows @ direction
    assert (dots - truth).abs().max() < 10 * case.error * truth.abs().max()
    moments = model_moments(model, loss, data)
    centred = rows - rows.mean(0)
    tr_cov = centred.square().sum().item() / (len(rows) - 1)
    grad_sq_norm = rows.mean(0).square().sum().item() - tr_cov / len(rows)
    assert moments.tr_cov == pytest.approx(tr_cov, rel=2 * case.error)
    assert moments.grad_sq_norm == pytest.approx(grad_sq_norm, abs=2 * case.error * tr_cov)
    left_out = [(rows.sum(0) - row) / (len(rows) - 1) for row in rows]
    spreads = [
        (torch.cat([rows[:i], rows[i + 1 :]]) - left_out[i]).square().sum() / (len(rows) - 2)
        for i in range(len(rows))
    ]
    jackknife = torch.stack(spreads).var(correction=0).item() * (len(rows) - 1)
    assert moments.tr_cov_stderr == pytest.approx(jackknife**0.5, rel=1e-3 + 3 * case.error)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_what_has_no_gradient_of_its_own_is_refused(name):
    build, sentence = REFUSED[name]
    torch.manual_seed(0)
    model, loss, data = build()
    for measure in (per_example_norms, model_moments):
        with pytest.raises(ValueError) as refusal:  # noqa: PT011
            measure(model, loss, data)
        assert sentence in str(refusal.value)
