"""The spread of examples inside one backward pass: no accumulation, no other worker.

Oracle: a loop of one backward pass per example.
"""

import pytest
import torch
import torch.nn.functional as F
from online_examples import close_to
from torch import nn
from torch.utils.checkpoint import checkpoint

from coursekit.noise.online import NoiseScale
from coursekit.noise.scale import grad_moments

pytestmark = pytest.mark.quick


class RootMeanSquareNorm(nn.Module):
    """As Llama and its kin write it."""

    def __init__(self, width):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width) + 0.1 * torch.arange(width))

    def forward(self, x):
        return self.weight * x * torch.rsqrt(x.square().mean(-1, keepdim=True) + 1e-6)


class LanguageModel(nn.Module):
    """One block; the head is tied to the embedding, the positions are rows of the batch or not."""

    def __init__(self, positions=None):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.tokens, self.places = nn.Embedding(11, 8), nn.Embedding(6, 8)
            self.first, self.second = nn.LayerNorm(8), RootMeanSquareNorm(8)
            self.inner, self.head = nn.Linear(8, 8), nn.Linear(8, 11, bias=False)
        self.head.weight = self.tokens.weight
        self.positions = positions

    def forward(self, x):
        z = self.tokens(x)
        if self.positions:
            place = torch.arange(x.shape[1])
            z = z + self.places(place.expand_as(x) if self.positions == "rows" else place[None])
        z = z + self.inner(self.first(z)).tanh()
        return self.head(self.second(z))


def token_mean(model, x, y):
    return F.cross_entropy(model(x).flatten(0, 1), y.flatten(), ignore_index=-100)


def sequences(count=12):
    g = torch.Generator().manual_seed(1)
    return torch.randint(11, (count, 6), generator=g), torch.randint(11, (count, 6), generator=g)


def rows(model, x, y, params):
    found = []
    for one, target in zip(x, y, strict=True):
        grads = torch.autograd.grad(token_mean(model, one[None], target[None]), params)
        found.append(torch.cat([g.flatten() for g in grads]))
    return torch.stack(found)


def params_of(model, examples):
    return [
        p
        for name, p in model.named_parameters()
        if (examples == "all" or name.startswith(("first", "second")))
        and not (name.startswith("places") and not model.positions)
    ]


@pytest.mark.parametrize("micro", [12, 4])
@pytest.mark.parametrize("examples", ["norms", "all"])
def test_one_pass_is_enough(examples, micro):
    """A batch at once, or accumulated: the same per-example moments; clipped before step()."""
    model = LanguageModel("rows").double()
    x, y = sequences()
    expected = grad_moments(rows(model, x, y, params_of(model, examples)), 1)
    noise = NoiseScale(model, micro_batch_size=micro, every=2, examples=examples)
    for _ in range(3):
        for one, target in zip(x.split(micro), y.split(micro), strict=True):
            (token_mean(model, one, target) * micro / 12).backward()
            if one is not x[:micro]:
                nn.utils.clip_grad_norm_(model.parameters(), 1e9)
            noise.micro_step(loss_factor=micro / 12)
        nn.utils.clip_grad_norm_(model.parameters(), 1e-3)
        noise.step()
        model.zero_grad()
    assert noise.average.num_updates == 2
    close_to(noise.last, expected)
    noise.close()
    token_mean(model, x, y).backward()
    assert not any(m._forward_hooks for m in model.modules())


def test_layers_apart():
    model = LanguageModel().double()
    x, y = sequences()
    noise = NoiseScale(model, micro_batch_size=12, every=1, examples="norms", layers=True)
    token_mean(model, x, y).backward()
    noise.micro_step()
    noise.step()
    assert list(noise.layers()) == ["first", "second"]
    for name, average in noise._averages.layers.items():
        params = list(getattr(model, name).parameters())
        close_to(average.last, grad_moments(rows(model, x, y, params), 1))


def test_tokens_of_unequal_sequences():
    """Token means with padding: two equations, each sequence a micro-batch of n_i tokens."""
    model = LanguageModel().double()
    x, y = sequences()
    lengths = torch.tensor([0, 1, 2, 3, 4, 5, 6, 6, 5, 4, 3, 2])
    y[torch.arange(6) >= lengths[:, None]] = -100
    noise = NoiseScale(model, micro_batch_size=1, every=1, examples="norms", unit="tokens")
    loss = token_mean(model, x, y)
    loss.backward()
    noise.micro_step(counts=lengths)
    noise.step()
    kept = lengths > 0
    with noise.paused():
        grads = rows(model, x[kept], y[kept], params_of(model, "norms"))
    n = lengths[kept].double()
    share = n / n.sum()
    small, big = (share / n).sum(), (share**2 / n).sum()
    mean_sq, sum_sq = share @ grads.square().sum(1), (share @ grads).square().sum()
    tr_cov = (mean_sq - sum_sq) / (small - big)
    assert noise.last.tr_cov == pytest.approx(tr_cov.item(), rel=1e-9)
    assert noise.last.grad_sq_norm == pytest.approx((sum_sq - big * tr_cov).item(), rel=1e-9)
    assert noise.last.cost == lengths.sum()
    model.zero_grad()
    token_mean(model, x, y).backward()
    with pytest.raises(ValueError, match="12 examples were seen apart in units of tokens"):
        noise.micro_step()


class Checkpointed(LanguageModel):
    def __init__(self, reentrant):
        super().__init__("rows")
        self.reentrant = reentrant

    def block(self, z):
        return z + self.inner(self.first(z)).tanh()

    def forward(self, x):
        z = self.tokens(x) + self.places(torch.arange(x.shape[1]).expand_as(x))
        if self.reentrant is not None:
            z = checkpoint(self.block, z, use_reentrant=self.reentrant)
        else:
            z = self.block(z)
        return self.head(self.second(z))


@pytest.mark.parametrize("examples", ["norms", "all"])
@pytest.mark.parametrize("reentrant", [True, False])
def test_checkpointed_layers(reentrant, examples):
    """Computed twice, counted once."""
    model, plain = Checkpointed(reentrant).double(), Checkpointed(None).double()
    x, y = sequences()
    noise = NoiseScale(model, micro_batch_size=12, every=1, examples=examples)
    for _ in range(2):
        token_mean(model, x, y).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1e-3)
        noise.micro_step()
        noise.step()
        model.zero_grad()
    close_to(noise.last, grad_moments(rows(plain, x, y, params_of(plain, examples)), 1))


@pytest.mark.parametrize("examples", ["norms", "all"])
def test_a_layer_whose_call_is_shared(examples):
    """Positions of leading dimension 1: no norm layer is concerned; all layers are refused."""
    model = LanguageModel("shared").double()
    x, y = sequences()
    noise = NoiseScale(model, micro_batch_size=12, every=1, examples=examples)
    token_mean(model, x, y).backward()
    if examples == "all":
        with pytest.raises(ValueError, match="a row is not an example everywhere"):
            noise.micro_step()
        return
    noise.micro_step()
    noise.step()
    close_to(noise.last, grad_moments(rows(model, x, y, params_of(model, "norms")), 1))


class Elsewhere(nn.Module):
    """Uses a layer's weight outside of its call as well."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.norm, self.head = nn.LayerNorm(4), nn.Linear(4, 3)

    def forward(self, x):
        return self.head(self.norm(x) * self.norm.weight)


@pytest.mark.parametrize("model", [Elsewhere(), nn.Sequential(nn.Bilinear(4, 4, 3))])
def test_rows_that_are_not_the_gradient_are_refused(model):
    noise = NoiseScale(model, micro_batch_size=8, every=1, examples="all")
    x = torch.randn(8, 4, generator=torch.Generator().manual_seed(0))
    y = model[0](x, x) if isinstance(model, nn.Sequential) else model(x)
    y.square().sum(1).mean().backward()
    with pytest.raises(ValueError, match=r"do not add up|no layer from one tensor"):
        noise.micro_step()


def test_a_model_whose_hooks_do_not_run_is_refused():
    """As in a compiled model: its layers are computed, and nobody is called."""
    model = LanguageModel()
    noise = NoiseScale(model, micro_batch_size=12, every=1, examples="norms")
    x, y = sequences()
    for module in (model.first, model.second):
        module._forward_hooks.clear()
    token_mean(model, x, y).backward()
    with pytest.raises(ValueError, match=r"no call of a layer was seen.*compile"):
        noise.micro_step()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"examples": "some"}, "examples must be 'norms', 'all' or None"),
        ({"params": nn.Linear(2, 2)}, "no normalisation layer with weights"),
        ({"params": [nn.Parameter(torch.ones(2))]}, "pass the model"),
    ],
)
def test_settings_are_checked(arguments, said):
    settings = {"params": LanguageModel(), "examples": "norms", **arguments}
    with pytest.raises(ValueError, match=said):
        NoiseScale(settings.pop("params"), micro_batch_size=8, **settings)


def test_dropout_convolutions_and_half_precision_run():
    """Generic layers under autocast: near the float32 answer."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.GroupNorm(2, 4), nn.ReLU(), nn.Flatten(), nn.Linear(64, 3)
    )
    x = torch.randn(10, 2, 6, 6, generator=torch.Generator().manual_seed(1))
    found = []
    for half in (False, True):
        noise = NoiseScale(model, micro_batch_size=10, every=1, examples="all")
        with torch.autocast("cpu", torch.bfloat16, enabled=half):
            loss = model(x).float().square().sum(1).mean()
        loss.backward()
        noise.micro_step()
        noise.step()
        found.append(noise.last.tr_cov)
        noise.close()
        model.zero_grad()
    one_by_one = []
    for example in x:
        loss = model(example[None]).square().sum(1).mean()
        one_by_one.append(
            torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(model.parameters()))])
        )
    truth = grad_moments(torch.stack(one_by_one), 1).tr_cov
    assert found[0] == pytest.approx(truth, rel=1e-4)
    assert found[1] == pytest.approx(truth, rel=0.05)
