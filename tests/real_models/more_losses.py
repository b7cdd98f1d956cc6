"""Losses of the page: what is a mean of one loss per example, and what looks like one."""

import warnings

import torch
import torch.nn.functional as F
from more_models import Written
from rows import CLASSES, EACH, PAIR, N, T, case, classes, floats, pair_of, tokens
from torch import nn
from torch.func import grad, vmap
from torch.utils.checkpoint import checkpoint

from coursekit.gradients import BatchLoss


def net(out: int = CLASSES) -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, out))


def other(*shape: int) -> torch.Tensor:
    return floats(*shape).flip(0) + 0.5


def with_loss(loss, *batch, out: int = CLASSES):
    return net(out), BatchLoss(loss), batch


@case("forces: the loss holds a slope at the inputs", EACH)
def forces():
    def loss(model, batch):
        x = batch[0].detach().requires_grad_()
        energy = model(x).sum(1)
        (slope,) = torch.autograd.grad(energy.sum(), x, create_graph=True)
        return F.mse_loss(-slope, batch[1]) + F.mse_loss(energy, batch[2])

    return with_loss(loss, floats(N, 4), other(N, 4), other(N))


@case("gradient penalty", EACH)
def penalty():
    def loss(model, batch):
        x = batch[0].detach().requires_grad_()
        score = model(x).logsumexp(1)
        (slope,) = torch.autograd.grad(score.sum(), x, create_graph=True)
        return F.cross_entropy(model(batch[0]), batch[1]) + (slope.norm(dim=1) - 1).square().mean()

    return with_loss(loss, floats(N, 4), classes())


@case("slopes by torch.func inside the model", EACH)
def slopes_by_func():
    def run(m, x):
        return m.head(vmap(grad(lambda row: torch.tanh(m.body(row)).sum()))(x))

    return pair_of(Written(run, body=nn.Linear(4, 5), head=nn.Linear(4, CLASSES)))


@case("CTC")
def ctc():
    def loss(model, batch):
        scores, labels, lengths = model(batch[0]).log_softmax(-1).transpose(0, 1), *batch[1:]
        times = torch.full((len(labels),), T)
        return F.ctc_loss(scores, labels, times, lengths, zero_infinity=True)

    labels, lengths = 1 + tokens()[:, :3] % 2, 1 + tokens()[:, 0] % 3
    return with_loss(loss, floats(N, T, 4), labels, lengths)


@case("L2 penalty inside the loss", EACH)
def decay():
    def loss(model, batch):
        squares = sum(p.square().sum() for p in model.parameters())
        return F.cross_entropy(model(batch[0]), batch[1]) + 0.1 * squares

    return with_loss(loss, floats(N, 4), classes())


@case("two tasks with learned weights", EACH)
def tasks():
    def loss(model, batch):
        hidden = torch.tanh(model.body(batch[0]))
        one = F.cross_entropy(model.kind(hidden), batch[1])
        two = F.mse_loss(model.size(hidden)[:, 0], batch[2])
        return (torch.stack([one, two]) * (-model.logs).exp() + model.logs).sum()

    parts = {"body": nn.Linear(4, 5), "kind": nn.Linear(5, CLASSES), "size": nn.Linear(5, 1)}
    model = Written(None, **parts, logs=nn.Parameter(torch.tensor([0.1, -0.2])))
    return model, BatchLoss(loss), (floats(N, 4), classes(), other(N))


@case("preferences: chosen against rejected (DPO)")
def preferences():
    def loss(model, batch):
        scores = model(batch[0]).log_softmax(-1)
        chosen, rejected = (scores.gather(1, t[:, None])[:, 0] for t in batch[1:3])
        return -F.logsigmoid(chosen - rejected - batch[3]).mean()

    return with_loss(loss, floats(N, 4), classes(), (classes() + 1) % CLASSES, other(N))


@case("VAE, its noise given with the data")
def vae():
    def loss(model, batch):
        mean, log = model.encode(batch[0]).chunk(2, 1)
        there = F.mse_loss(model.decode(mean + batch[1] * (log / 2).exp()), batch[0])
        return there + (mean.square() + log.exp() - log - 1).sum(1).mean() / 2

    model = Written(None, encode=nn.Linear(4, 4), decode=nn.Linear(2, 4))
    return model, BatchLoss(loss), (floats(N, 4), other(N, 2))


def contrastive(model, batch):
    scores = F.normalize(model(batch[0]), dim=1) @ F.normalize(model(batch[1]), dim=1).T
    return F.cross_entropy(5 * scores, torch.arange(len(scores)))


def hardest(model, batch):
    found = model(batch[0])
    apart = torch.cdist(found, found) + 1e3 * torch.eye(len(found))
    return (1 + F.pairwise_distance(found, model(batch[1])) - apart.min(1).values).relu().mean()


def root(model, batch):
    return F.mse_loss(model(batch[0]), batch[1]).sqrt()


def in_tokens(model, batch):
    return F.cross_entropy(model(batch[0]).flatten(0, 1), batch[1].flatten())


def reentrant():
    def run(m, x):
        return m.head(checkpoint(m.body, x.requires_grad_(), use_reentrant=True))

    return pair_of(Written(run, body=nn.Linear(4, 5), head=nn.Linear(5, CLASSES)))


def scripted():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch's own, of script itself
        return pair_of(torch.jit.script(net()))


def hooked():
    model = net()
    model[0].weight.register_hook(lambda grad: 0.1 * grad)
    return pair_of(model)


class Counting(nn.Linear):
    """Warms up by a plain number that each pass raises."""

    passes = 0

    def forward(self, x):
        self.passes += 1
        return super().forward(x) * (1 + 0.1 * self.passes)


def some_padding():
    targets = tokens() % CLASSES
    targets[0, 3:] = -100
    return targets


COUPLED = "class weights, padding or batch statistics couple the examples"
MORE_REFUSED = {
    "contrastive loss (CLIP)": (
        lambda: with_loss(contrastive, floats(N, 4), other(N, 4)),
        f"{COUPLED} (so do negatives from the batch, or a root of the mean)",
    ),
    "hardest negatives of the batch": (
        lambda: with_loss(hardest, floats(N, 4), other(N, 4)),
        f"{COUPLED} (so do negatives from the batch, or a root of the mean)",
    ),
    "the root of a mean (RMSE)": (
        lambda: with_loss(root, floats(N, 4), other(N, 2), out=2),
        f"{COUPLED} (so do negatives from the batch, or a root of the mean)",
    ),
    "batch_norm of torch.nn.functional": (
        lambda: pair_of(
            Written(
                lambda m, x: m.head(F.batch_norm(x, None, None, training=True)),
                head=nn.Linear(4, CLASSES),
            )
        ),
        COUPLED,
    ),
    "a token mean with padding, without `count`": (
        lambda: with_loss(in_tokens, floats(N, T, 4), some_padding()),
        "say what the mean is over (Objective(..., count='tokens'))",
    ),
    "a reentrant checkpoint": (
        reentrant,
        "hides the weights inside it from torch.autograd.grad; checkpoint with use_reentrant=False",
    ),
    "a backward hook that changes gradients": (
        hooked,
        "changes the gradient, so it is no longer that of the loss; remove the hook",
    ),
    "a model that counts its passes": (
        lambda: pair_of(Counting(4, CLASSES)),
        "keeps a state that each pass changes (a counter, a schedule); hold it fixed",
    ),
    "noise drawn in the loss (diffusion, VAE)": (
        lambda: with_loss(
            lambda m, b: F.mse_loss(m(b[0] + torch.randn_like(b[0])), b[0]), floats(N, 4), out=4
        ),
        "the model is random; turn its dropout or noise off",
    ),
    "torch.jit.script": (
        scripted,
        "is scripted (torch.jit), so its layers can't be watched; measure the model",
    ),
    "complex parameters": (
        lambda: pair_of(
            Written(
                lambda m, x: (x.to(torch.cfloat) @ m.weight).abs(),
                weight=nn.Parameter(torch.randn(4, CLASSES, dtype=torch.cfloat)),
            )
        ),
        "keep its real and imaginary part as two real parameters",
    ),
    "a nested tensor": (
        lambda: (
            net(),
            PAIR,
            (
                torch.nested.nested_tensor(
                    [torch.randn(i + 1, 4) for i in range(N)], layout=torch.jagged
                ),
                classes(),
            ),
        ),
        "is a sparse or nested tensor; give a dense one (padded, with a mask)",
    ),
    "a class that the model has no output for": (
        lambda: (net(), PAIR, (floats(N, 4), classes() + (torch.arange(N) == 5) * 3)),
        "others could: look at the data of these",
    ),
}
