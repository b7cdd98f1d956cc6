"""Lightning's own loop against the two equations, on the batches that it drew; clipped hard."""

import copy

import lightning
import pytest
import torch
import torch.nn.functional as F
from torch import nn
from two_equations import solve

from coursekit.integrations.lightning import NoiseScaleCallback

pytestmark = [pytest.mark.trainers, pytest.mark.filterwarnings("ignore")]


class Module(lightning.LightningModule):
    def __init__(self, manual=False):
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Linear(8, 16), nn.LayerNorm(16), nn.Tanh(), nn.Linear(16, 5))
        self.automatic_optimization = not manual
        self.drawn = []

    def training_step(self, batch, index):
        self.drawn.append(batch)
        return F.cross_entropy(self.layers(batch[0]), batch[1])

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.0)


def fit(module, *, accum, precision="32-true", clip=1e-3, **settings):
    g = torch.Generator().manual_seed(4)
    data = torch.utils.data.TensorDataset(
        torch.randn(26, 8, generator=g), torch.randint(5, (26,), generator=g)
    )
    noise = NoiseScaleCallback(every=1, decay=0.9999, **settings)
    lightning.Trainer(
        max_epochs=2,
        accumulate_grad_batches=accum,
        gradient_clip_val=clip,
        callbacks=[noise],
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        precision=precision,
    ).fit(module, torch.utils.data.DataLoader(data, batch_size=4))
    return noise


def gradient(module, x, y, params):
    loss = F.cross_entropy(module.layers(x), y)
    return torch.cat([g.flatten().double() for g in torch.autograd.grad(loss, params)])


@pytest.mark.parametrize("accum", [3, 7])
def test_accumulated_steps(accum):
    """7 batches an epoch; a last step of one batch shows no spread and is left out."""
    module = Module()
    plain = copy.deepcopy(module)
    noise = fit(module, accum=accum)
    params, found = list(plain.parameters()), []
    for start in (0, 7):
        epoch = module.drawn[start : start + 7]
        for i in range(0, 7, accum):
            micro = epoch[i : i + accum]
            if len(micro) > 1:
                rows = [gradient(plain, x, y, params) for x, y in micro]
                found.append(solve(rows, [1.0] * len(micro), [len(x) for x, _ in micro]))
    truth = torch.stack(found).mean(0)
    moments = noise.moments()
    assert noise.noise.average.num_updates == len(found)
    assert moments.grad_sq_norm == pytest.approx(truth[0].item(), rel=1e-3)
    assert moments.tr_cov == pytest.approx(truth[1].item(), rel=1e-3)
    again = NoiseScaleCallback()
    assert again.state_dict() == {}
    assert noise.state_dict()["num_updates"] == len(found)


def test_without_accumulation_the_normalisation_layer_is_measured():
    module = Module()
    plain = copy.deepcopy(module)
    noise = fit(module, accum=1)
    params, found = list(plain.layers[1].parameters()), []
    for x, y in module.drawn:
        rows = [gradient(plain, x[i : i + 1], y[i : i + 1], params) for i in range(len(x))]
        found.append(solve(rows, [1.0] * len(x), [1.0] * len(x)))
    truth = torch.stack(found).mean(0)
    assert noise.moments().tr_cov == pytest.approx(truth[1].item(), rel=1e-3)
    assert noise.moments().grad_sq_norm == pytest.approx(truth[0].item(), rel=1e-2)


def test_mixed_precision_is_near():
    one, other = (fit(Module(), accum=3, precision=p).moments() for p in ("32-true", "bf16-mixed"))
    assert other.tr_cov == pytest.approx(one.tr_cov, rel=0.03)


def test_manual_optimization_is_refused():
    with pytest.raises(ValueError, match=r"manual optimization.*micro_step\(\) and step\(\)"):
        fit(Module(manual=True), accum=1, clip=None)
