"""More models of the page, written out here: what a library of theirs would do, in a few lines."""

import torch
import torch.nn.functional as F
from rows import CLASSES, EACH, PAIR, SOME, N, T, case, classes, floats, padding, pair_of
from torch import nn
from torch.nn.utils import parametrizations


class Written(nn.Module):
    """A model whose forward pass is a function of its layers and the inputs."""

    def __init__(self, run, **parts) -> None:
        super().__init__()
        for name, part in parts.items():
            setattr(self, name, part)
        self.run = run

    def forward(self, *inputs):
        return self.run(self, *inputs)


def images(model: nn.Module, *shape: int):
    return model, PAIR, (floats(N, *shape), classes())


def sequences(model: nn.Module, width: int = 4):
    return model, PAIR, (floats(N, T, width), classes())


def weight(*shape: int, scale: float = 0.5) -> nn.Parameter:
    return nn.Parameter(scale * torch.randn(*shape))


@case("encoder and decoder with cross-attention (torch's Transformer)", SOME)
def transformer():
    def run(m, x):
        causal = nn.Transformer.generate_square_subsequent_mask(T - 1).to(x)
        return m.head(m.both(x, x[:, 1:].flip(1), tgt_mask=causal).mean(1))

    both = nn.Transformer(4, 2, 1, 1, 4, 0.0, batch_first=True)
    return sequences(Written(run, both=both, head=nn.Linear(4, CLASSES)))


@case("relative positions that share the key's weights (DeBERTa)", SOME)
def deberta():
    def run(m, x):
        places = (torch.arange(T)[:, None] - torch.arange(T)).clamp(-3, 3) + 3
        index = places.expand(len(x), T, T)
        query, key, table = m.query(x), m.key(x), m.table.weight
        content = torch.gather(query @ m.key(table).T, 2, index)
        position = torch.gather(key @ m.query(table).T, 2, index).transpose(1, 2)
        scores = (query @ key.transpose(1, 2) + content + position) / 3
        return m.head(scores.softmax(-1) @ x).mean(1)

    layers = {"query": nn.Linear(4, 4), "key": nn.Linear(4, 4), "head": nn.Linear(4, CLASSES)}
    return sequences(Written(run, table=nn.Embedding(7, 4), **layers))


@case("selective state space in a loop (Mamba)", SOME)
def mamba():
    def run(m, x):
        x = F.silu(m.conv(x.transpose(1, 2))[..., :T].transpose(1, 2))
        rate, state, out = F.softplus(m.rate(x)), torch.zeros(len(x), 4, 2).to(x), []
        for t in range(T):
            new = rate[:, t, :, None] * m.into(x)[:, t, None] * x[:, t, :, None]
            state = torch.exp(-m.decay.exp() * rate[:, t, :, None]) * state + new
            out.append((state * m.out(x)[:, t, None]).sum(-1) + m.skip * x[:, t])
        return m.head(torch.stack(out, 1).mean(1))

    layers = {"rate": nn.Linear(4, 4), "into": nn.Linear(4, 2), "out": nn.Linear(4, 2)}
    layers |= {"conv": nn.Conv1d(4, 4, 3, groups=4, padding=2), "head": nn.Linear(4, CLASSES)}
    return sequences(Written(run, decay=weight(4, 2), skip=weight(4), **layers))


@case("windows as rows, a table of relative places (Swin)", SOME)
def swin():
    def run(m, x):
        rows = x.view(len(x), 2, 2, 2, 2, 4).permute(0, 1, 3, 2, 4, 5).reshape(-1, 4, 4)
        query, key, value = m.all(rows).chunk(3, -1)
        bias = m.table[(torch.arange(4)[:, None] - torch.arange(4)).flatten() + 3].view(4, 4)
        mixed = (query @ key.transpose(1, 2) / 2 + bias).softmax(-1) @ value
        return m.head(mixed.reshape(len(x), -1, 4).mean(1))

    return images(
        Written(run, all=nn.Linear(4, 12), table=weight(7, 1), head=nn.Linear(4, CLASSES)), 4, 4, 4
    )


@case("depthwise and pointwise convolutions (MobileNet)")
def mobilenet():
    first = [nn.Conv2d(2, 4, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(4), nn.ReLU6()]
    second = [nn.Conv2d(4, 4, 3, groups=4, padding=1), nn.BatchNorm2d(4), nn.ReLU6()]
    last = [nn.Conv2d(4, 6, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, CLASSES)]
    model = nn.Sequential(*first, *second, *last)
    model(2 * floats(N, 2, 8, 8))  # running statistics that are not 0 and 1
    return images(model.eval(), 2, 8, 8)


@case("squeeze and excitation (EfficientNet)")
def efficientnet():
    def run(m, x):
        x = m.conv(x)
        gate = m.up(F.silu(m.down(x.mean((2, 3), keepdim=True)))).sigmoid()
        return m.head(F.silu(x * gate).mean((2, 3)))

    parts = {"conv": nn.Conv2d(2, 4, 3), "down": nn.Conv2d(4, 2, 1), "up": nn.Conv2d(2, 4, 1)}
    return images(Written(run, **parts, head=nn.Linear(4, CLASSES)), 2, 6, 6)


@case("U-Net: skips, GroupNorm, transposed convolution, a class per pixel", SOME)
def unet():
    def run(m, x):
        down = F.silu(m.norm(m.down(x)))
        up = m.up(F.silu(m.inner(F.avg_pool2d(down, 2))))
        return m.out(torch.cat([up, down], 1))

    parts = {"down": nn.Conv2d(1, 4, 3, padding=1), "norm": nn.GroupNorm(2, 4)}
    parts |= {"inner": nn.Conv2d(4, 4, 3, padding=1), "up": nn.ConvTranspose2d(4, 4, 2, stride=2)}
    pixels = classes()[:, None, None].expand(N, 4, 4).contiguous()
    model = Written(run, **parts, out=nn.Conv2d(8, CLASSES, 1))
    return model, PAIR, (floats(N, 1, 4, 4), pixels)


@case("graph network, an adjacency per example")
def graph():
    def run(m, links, x):
        return m.second(links @ torch.tanh(links @ m.first(x))).mean(1)

    model = Written(run, first=nn.Linear(3, 4), second=nn.Linear(4, CLASSES))
    return model, PAIR, ((floats(N, T, T) > 0).float(), floats(N, T, 3), classes())


case("3-D convolution", SOME)(
    lambda: images(
        nn.Sequential(nn.Conv3d(1, 3, 2), nn.Tanh(), nn.Flatten(), nn.Linear(24, CLASSES)),
        *(1, 3, 3, 3),
    )
)
case("dilated convolution, circular padding")(
    lambda: images(
        nn.Sequential(
            nn.Conv1d(2, 4, 3, dilation=2, padding=2, padding_mode="circular"),
            nn.Tanh(),
            nn.Flatten(),
            nn.Linear(24, CLASSES),
        ),
        *(2, 6),
    )
)
case("LSTM of two layers, both directions", SOME)(
    lambda: sequences(
        Written(
            lambda m, x: m.head(m.cells(x)[0].mean(1)),
            cells=nn.LSTM(4, 2, 2, bidirectional=True, batch_first=True),
            head=nn.Linear(4, CLASSES),
        )
    )
)
case("orthogonal weights by parametrization", SOME)(
    lambda: pair_of(
        nn.Sequential(parametrizations.orthogonal(nn.Linear(4, 4)), nn.Tanh(), nn.Linear(4, 3))
    )
)
case("spectral norm in eval mode", SOME)(
    lambda: pair_of(
        nn.Sequential(
            parametrizations.spectral_norm(nn.Linear(4, 5)), nn.Tanh(), nn.Linear(5, 3)
        ).eval()
    )
)


class Merged(nn.Module):
    """A frozen layer with a change of rank two, merged at each pass; its length learned (DoRA)."""

    def __init__(self, base: nn.Linear, *, length: bool) -> None:
        super().__init__()
        self.base = base.requires_grad_(False)
        self.down, self.up = weight(2, base.in_features), weight(base.out_features, 2)
        self.length = weight(base.out_features, 1) if length else None

    def forward(self, x):
        merged = self.base.weight + self.up @ self.down
        if self.length is not None:
            merged = self.length * merged / merged.norm(dim=1, keepdim=True)
        return F.linear(x, merged, self.base.bias)


for name, length in (("LoRA, merged at each pass", False), ("DoRA", True)):
    case(name, SOME)(
        lambda length=length: pair_of(
            nn.Sequential(Merged(nn.Linear(4, 5), length=length), nn.Tanh(), nn.Linear(5, 3))
        )
    )


@case("autoencoder, the same weights transposed", EACH)
def autoencoder():
    def run(m, x):
        return F.linear(torch.tanh(m.first(x)), m.first.weight.T, m.shift)

    return pair_of(Written(run, first=nn.Linear(4, 5), shift=weight(4)))


@case("weights that another network gives per example")
def hypernetwork():
    def run(m, x):
        made = m.maker(x[:, 4:]).view(len(x), 5, 4)
        return m.head(torch.bmm(made, x[:, :4, None])[..., 0].tanh())

    model = Written(run, maker=nn.Linear(3, 20), head=nn.Linear(5, CLASSES))
    return model, PAIR, (floats(N, 7), classes())


@case("filter in Fourier space, complex inside", SOME)
def fourier():
    def run(m, x):
        return m.head(torch.fft.irfft(torch.fft.rfft(x) * torch.view_as_complex(m.filter), n=T))

    model = Written(run, first=weight(1), filter=weight(4, 2), head=nn.Linear(T, CLASSES))
    return model, PAIR, (floats(N, T), classes())


@case("one layer applied six times (a fixed-step ODE)")
def ode():
    def run(m, x):
        for _ in range(6):
            x = x + 0.3 * torch.tanh(m.slope(x))
        return m.head(x)

    return pair_of(Written(run, slope=nn.Linear(4, 4), head=nn.Linear(4, CLASSES)))


@case("BatchNorm in eval mode inside a model that trains")
def frozen_norm():
    model = nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Tanh(), nn.Linear(5, CLASSES))
    model(floats(N, 4))
    model.train()[1].eval()
    return pair_of(model)


@case("masked means over sets")
def sets():
    def run(m, x, kept):
        return m.head((torch.tanh(m.each(x)) * kept[..., None]).sum(1) / kept.sum(1)[:, None])

    model = Written(run, each=nn.Linear(4, 5), head=nn.Linear(5, CLASSES))
    return model, PAIR, (floats(N, T, 4), padding(), classes())
