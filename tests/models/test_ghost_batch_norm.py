import pytest
import torch
from accumulation_examples import examples, relative_error
from torch import nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.functional import cross_entropy

from coursekit.gradients.checks import refuse_batch_norm
from coursekit.models.ghost_batch_norm import GhostBatchNorm
from coursekit.models.perceptrons import mlp
from coursekit.train.accumulation import accumulate

pytestmark = pytest.mark.quick


def pair(num_features, ghost_size):
    """Ghost and plain BatchNorm with the same scale and shift."""
    g = torch.Generator().manual_seed(0)
    ghost = GhostBatchNorm(num_features, ghost_size).double()
    plain = nn.BatchNorm2d(num_features).double()
    for norm in (ghost, plain):
        g.manual_seed(1)
        with torch.no_grad():
            norm.weight.normal_(generator=g)
            norm.bias.normal_(generator=g)
    return ghost, plain


@pytest.mark.parametrize("ghost_size", [2, 4, 12])
def test_it_is_batch_norm_on_one_part_after_another(ghost_size):
    ghost, plain = pair(3, ghost_size)
    x = torch.randn(12, 3, 5, 7, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    by_parts = torch.cat([plain(part) for part in x.split(ghost_size)])
    assert torch.allclose(ghost(x), by_parts, atol=1e-12)
    assert torch.allclose(ghost.running_mean, plain.running_mean, atol=1e-12)
    assert torch.allclose(ghost.running_var, plain.running_var, atol=1e-12)
    assert ghost.num_batches_tracked == plain.num_batches_tracked
    assert torch.allclose(ghost.eval()(x), plain.eval()(x), atol=1e-12)


@pytest.mark.parametrize("shape", [(12, 3), (12, 3, 8), (12, 3, 4, 4)])
def test_every_part_is_centred_by_itself_whatever_the_shape(shape):
    x = 5 + torch.randn(shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    y = GhostBatchNorm(3, 4).double()(x)
    for part in y.split(4):
        channels = part.transpose(0, 1).flatten(1)
        assert channels.mean(dim=1).abs().max() < 1e-12
        assert torch.allclose(
            channels.var(dim=1, correction=0), torch.ones(3, dtype=torch.float64), atol=1e-3
        )


def net(make_norm):
    first, second = mlp((10, 16, 5), generator=torch.Generator().manual_seed(0))[::2]
    return nn.Sequential(first, make_norm(), nn.ReLU(), second).double()


def grad(model, batch, **settings):
    accumulate(model, cross_entropy, batch, allow_batch_norm=True, **settings)
    return torch.cat([p.grad.flatten() for p in model.parameters()])


def test_batch_norm_under_accumulation_is_ghost_norm_on_the_large_batch():
    """So with ghost norm accumulation is exact, and with BatchNorm it silently becomes ghost."""
    batch = examples(128)
    whole = grad(net(lambda: GhostBatchNorm(16, 16)), batch)
    micro = grad(net(lambda: GhostBatchNorm(16, 16)), batch, micro_batch_size=32)
    plain = grad(net(lambda: nn.BatchNorm1d(16)), batch, micro_batch_size=16)
    assert relative_error(micro, whole) < 1e-12
    assert relative_error(plain, whole) < 1e-12
    assert relative_error(grad(net(lambda: nn.BatchNorm1d(16)), batch), whole) > 0.05


def test_measurements_refuse_it_in_train_mode_alone():
    norm = GhostBatchNorm(16, 4)
    with pytest.raises(ValueError, match="batch statistics"):
        refuse_batch_norm(norm)
    refuse_batch_norm(norm.eval())


def test_a_batch_smaller_than_a_part_is_one_part():
    ghost, plain = pair(3, 16)
    x = torch.randn(6, 3, 2, 2, generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    assert torch.allclose(ghost(x), plain(x), atol=1e-12)


def test_vmap_over_stacked_weights_is_each_model_alone():
    models = [net(lambda: GhostBatchNorm(16, 4)) for _ in range(3)]
    for i, model in enumerate(models):
        model[0].bias.data += i
    params, buffers = stack_module_state(models)
    x = examples(8)[0]

    def outputs(params, buffers):
        buffers = {name: b.clone() for name, b in buffers.items()}
        return functional_call(models[0], (params, buffers), (x,)), buffers

    stacked, changed = vmap(outputs)(params, buffers)
    for i, model in enumerate(models):
        assert torch.allclose(stacked[i], model(x), atol=1e-12)
        assert torch.allclose(changed["1.running_var"][i], model[1].running_var, atol=1e-12)


def test_bad_sizes_are_named():
    norm = GhostBatchNorm(3, 4)
    with pytest.raises(ValueError, match="ghost_size 4 does not divide the batch of 6"):
        norm(torch.zeros(6, 3))
    with pytest.raises(ValueError, match=r"expected \(B, 3, ...\), got \(8, 2\)"):
        norm(torch.zeros(8, 2))
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        GhostBatchNorm(3, 1)(torch.zeros(8, 3))
    with pytest.raises(ValueError, match="ghost_size must be >= 1, got 0"):
        GhostBatchNorm(3, 0)
    assert norm.running_mean.abs().max() == 0  # what was refused left no trace
    assert "ghost_size=4" in repr(norm)
