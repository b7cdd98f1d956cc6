"""`NoiseScale` on a real GPU: the same steps as on a CPU, late, scaled, compiled; by `-m gpu`."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from coursekit.noise.online import NoiseScale

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]


def model_on(device):
    torch.manual_seed(0)
    layers = nn.Linear(20, 64), nn.LayerNorm(64), nn.Tanh(), nn.Linear(64, 5)
    return nn.Sequential(*layers).to(device)


def measured(
    device, *, scaled=False, compiled=False, half=False, steps=70, set_to_none=False, **settings
):
    """Steps of three micro-batches; clipped, and zeroed, in place or not, before step()."""
    model = model_on(device)
    forward = torch.compile(model) if compiled else model
    scaler = torch.amp.GradScaler(device, init_scale=1024.0, enabled=scaled)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    noise = NoiseScale(model, micro_batch_size=8, every=1, decay=0.9999, **settings)
    g = torch.Generator().manual_seed(1)
    for _ in range(steps):
        for _ in range(3):
            x, y = torch.randn(8, 20, generator=g), torch.randint(5, (8,), generator=g)
            with torch.autocast(device, torch.bfloat16, enabled=half):
                loss = F.cross_entropy(forward(x.to(device)), y.to(device)) / 3
            scaler.scale(loss).backward()
            noise.micro_step(loss_factor=scaler.get_scale() / 3)
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), 1e-3)
        scaler.step(optimizer)
        scaler.update()
        optimizer.zero_grad(set_to_none=set_to_none)
        noise.step()
    noise.close()
    return noise


@pytest.mark.parametrize("settings", [{"read": "all"}, {"read": "ends"}, {"examples": "norms"}])
@pytest.mark.parametrize("scaled", [False, True])
def test_the_same_as_on_a_cpu(settings, scaled):
    ours = measured("cuda", scaled=scaled, layers=True, **settings)
    truth = measured("cpu", layers=True, **settings)
    for one, other in ((ours.moments(), truth.moments()), (ours.last, truth.last)):
        assert one.tr_cov == pytest.approx(other.tr_cov, rel=1e-3)
        whole = abs(other.tr_cov) / 24
        assert one.grad_sq_norm == pytest.approx(other.grad_sq_norm, abs=1e-3 * whole)
    assert ours.average.num_updates == 70
    assert ours.layers().keys() == truth.layers().keys()


def test_two_reads_are_what_a_gpu_gets_by_default():
    assert not measured("cuda", steps=2)._passes.every
    assert measured("cpu", steps=2)._passes.every


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")  # torch.compile's own
@pytest.mark.filterwarnings("ignore:TensorFloat32 tensor cores:UserWarning")  # and an advice
def test_compiled_and_half_precision():
    truth = measured("cpu", read="all").moments()
    for settings in ({"compiled": True}, {"half": True}, {"compiled": True, "half": True}):
        found = measured("cuda", read="all", **settings).moments()
        assert found.tr_cov == pytest.approx(truth.tr_cov, rel=0.03)


@pytest.mark.filterwarnings("ignore:.torch.jit:DeprecationWarning")
@pytest.mark.filterwarnings("ignore:TensorFloat32 tensor cores:UserWarning")
@pytest.mark.parametrize("settings", [{}, {"scaled": True}, {"compiled": True}, {"half": True}])
def test_a_regular_loop_has_one_hook(settings):
    """Zeroed to None, as optimizers do: it is regular, whoever computes the gradients."""
    truth = measured("cpu", read="ends", set_to_none=True, layers=True)
    found = measured("cuda", set_to_none=True, layers=True, **settings)
    assert found._passes.one.on
    rel = 0.03 if settings.keys() & {"half", "compiled"} else 1e-3
    assert found.moments().tr_cov == pytest.approx(truth.moments().tr_cov, rel=rel)
    assert found.average.num_updates == 70  # fetched by moments()
    assert not found.average.num_skipped
    assert found.layers().keys() == truth.layers().keys()
