import numpy as np
import pytest
import torch

from coursekit.data.splits import load
from coursekit.experiments.edge import follow_edge, half_squares, weights_along
from coursekit.models.perceptrons import mlp
from coursekit.train.loop import TrainConfig, train

SIZES = (40, 8, 10)


@pytest.fixture(scope="module")
def data():
    return load("mnist1d", num_train=64)


@pytest.mark.quick
def test_half_squares_by_hand():
    outputs = torch.tensor([[1.0, 2.0], [0.0, 1.0]])
    assert half_squares(outputs, torch.tensor([0, 1])).item() == pytest.approx(0.5 * 4 / 2)


@pytest.mark.parametrize("batch_size", [None, 16])
def test_runs_are_those_of_the_plain_loop(data, batch_size):
    runs = follow_edge(
        SIZES,
        data,
        lrs=(0.1, 0.3),
        seeds=(0, 1),
        record_steps=(0, 12),
        batch_size=batch_size,
        device="cpu",
    )
    pair = (data.train_inputs, data.train_targets)
    for i, lr in enumerate((0.1, 0.3)):
        for seed in (0, 1):
            generator = torch.Generator().manual_seed(seed)
            model = mlp(SIZES, generator=generator, activation="tanh")
            config = TrainConfig(batch_size or 64, 12, lambda step, lr=lr: lr)
            train(model, data, config, rng=generator, loss_fn=half_squares)
            loss = half_squares(model(pair[0]), pair[1])
            assert runs.train_loss[i, seed, -1] == pytest.approx(loss.item(), rel=1e-4)
            params = torch.nn.utils.parameters_to_vector(model.parameters()).detach()

            def flat_loss(w, model=model):
                pieces = w.split([p.numel() for p in model.parameters()])
                shaped = {
                    name: piece.view_as(p)
                    for (name, p), piece in zip(model.named_parameters(), pieces, strict=True)
                }
                return half_squares(torch.func.functional_call(model, shaped, pair[0]), pair[1])

            hessian = torch.autograd.functional.hessian(flat_loss, params)
            exact = torch.linalg.eigvalsh(hessian)[-1].item()
            assert runs.sharpness[i, seed, -1] == pytest.approx(exact, rel=2e-3)
            assert runs.ratio[i, seed, -1] == pytest.approx(exact * lr / 2, rel=2e-3)


def test_a_run_that_diverges_is_nan_and_harms_no_other(data):
    both = follow_edge(SIZES, data, lrs=(0.1, 1e3), seeds=(0,), record_steps=(0, 100), device="cpu")
    alone = follow_edge(SIZES, data, lrs=(0.1,), seeds=(0,), record_steps=(0, 100), device="cpu")
    assert both.diverged.tolist() == [[False], [True]]
    assert np.isnan(both.sharpness[1, 0, -1])
    assert np.allclose(both.sharpness[0], alone.sharpness[0], rtol=1e-3)


@pytest.mark.quick
@pytest.mark.parametrize("steps", [(), (0,), (5, 3)])
def test_records_must_ascend(data, steps):
    with pytest.raises(ValueError, match="record_steps"):
        follow_edge(SIZES, data, lrs=(0.1,), seeds=(0,), record_steps=steps)


@pytest.mark.quick
def test_momentum_is_that_of_torch(data):
    (_, first), (_, last) = weights_along(
        SIZES, data, lrs=(0.1,), seeds=(0,), record_steps=(0, 5), momentum=0.9
    )
    model = mlp(SIZES, generator=torch.Generator().manual_seed(0), activation="tanh")
    assert torch.equal(torch.nn.utils.parameters_to_vector(model.parameters()), first[0])
    rule = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for _ in range(5):
        rule.zero_grad()
        half_squares(model(data.train_inputs), data.train_targets).backward()
        rule.step()
    expected = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
    assert (last[0] - expected).abs().max().item() < 1e-5
    with pytest.raises(ValueError, match="momentum must lie in"):
        next(weights_along(SIZES, data, lrs=(0.1,), seeds=(0,), record_steps=(1,), momentum=1.0))
