"""The Trainer's own loop against the two equations, on the very batches that it drew.

The weights stand still (learning rate 0), so the oracle can go over each step again on a copy:
mean gradients by torch.autograd.grad, then |G|^2 and tr(Sigma) by hand. Clipping is at the
Trainer's default of 1.0 and bites in every step.
"""

import copy
import math

import pytest
import torch
import torch.nn.functional as F
import transformers
from torch import nn
from torchrun import on_two_workers
from trainer_examples import causal_model, sequences
from two_equations import solve

from coursekit.integrations.transformers import NoiseScaleCallback

pytestmark = [pytest.mark.trainers, pytest.mark.filterwarnings("ignore")]


class Plain(nn.Module):
    """A model of one's own: a mean loss, no num_items_in_batch."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(nn.Linear(8, 16), nn.LayerNorm(16), nn.Tanh(), nn.Linear(16, 5))

    def forward(self, x, labels=None):
        return {"loss": 40 * F.cross_entropy(self.layers(x), labels)}


class TakesAnything(Plain):
    """The same with any keyword: it is given num_items_in_batch, and ignores it."""

    def forward(self, x, labels=None, **kwargs):
        return super().forward(x, labels)


def vectors(count=26):
    g = torch.Generator().manual_seed(4)
    return [
        {"x": torch.randn(8, generator=g), "labels": torch.randint(5, (), generator=g)}
        for _ in range(count)
    ]


def train(model, data, tmp_path, *, accum, batch=4, **settings):
    """Two epochs; return the callback and the micro-batches of each step."""
    drawn = []

    def collate(items):
        drawn.append({k: torch.stack([item[k] for item in items]) for k in items[0]})
        return {k: v.clone() for k, v in drawn[-1].items()}

    args = transformers.TrainingArguments(
        str(tmp_path),
        per_device_train_batch_size=batch,
        gradient_accumulation_steps=accum,
        num_train_epochs=2,
        learning_rate=0.0,
        optim="sgd",
        report_to=[],
        save_strategy="no",
        logging_steps=1,
        disable_tqdm=True,
        use_cpu=True,
        dataloader_pin_memory=False,
    )
    assert args.max_grad_norm == 1.0
    noise = NoiseScaleCallback(every=1, decay=0.9999, **settings)
    trainer = transformers.Trainer(
        model=model,
        args=args,
        train_dataset=data,
        data_collator=collate,
        callbacks=[noise],
    )
    trainer.train()
    per_epoch = math.ceil(len(data) / batch)
    steps = []
    for start in range(0, len(drawn), per_epoch):
        epoch = drawn[start : start + per_epoch]
        steps += [epoch[i : i + accum] for i in range(0, len(epoch), accum)]
    return noise, steps, trainer


def mean_gradient(model, batch, params):
    inputs = {k: v for k, v in batch.items() if k != "num_items_in_batch"}
    loss = model(**inputs)["loss"]
    return torch.cat([g.flatten().double() for g in torch.autograd.grad(loss, params)])


def labels_of(batch):
    return (batch["labels"][:, 1:] != -100).sum().item()


@pytest.mark.parametrize("unit", ["examples", "tokens"])
def test_a_language_model_with_padding(tmp_path, unit):
    """num_items_in_batch: the loss is a mean over the tokens of the whole step."""
    model = causal_model()
    plain = copy.deepcopy(model)
    noise, steps, trainer = train(model, sequences(), tmp_path, accum=3, unit=unit)
    found, params = [], list(plain.parameters())
    for micro in (step for step in steps if len(step) > 1):
        tokens = [labels_of(batch) for batch in micro]
        sizes = tokens if unit == "tokens" else [len(batch["labels"]) for batch in micro]
        rows = [mean_gradient(plain, batch, params) for batch in micro]
        found.append(solve(rows, [n / sum(tokens) for n in tokens], sizes))
        assert torch.stack(rows).mean(0).norm() > 0.1
    truth = torch.stack(found).mean(0)
    assert noise.noise.average.num_updates == len(found) == 4  # 7 batches an epoch: 3, 3 and 1
    moments = noise.moments()
    assert moments.grad_sq_norm == pytest.approx(truth[0].item(), rel=2e-3)
    assert moments.tr_cov == pytest.approx(truth[1].item(), rel=2e-3)
    assert noise.estimate().unit == unit
    logs = [entry for entry in trainer.state.log_history if "loss" in entry]
    assert len(logs) == len(steps)
    assert not any(p._backward_hooks for p in model.parameters())


@pytest.mark.parametrize("kind", [Plain, TakesAnything])
def test_a_model_of_ones_own(tmp_path, kind):
    """Divided by the number of micro-batches, or not at all: moments are those of the mean."""
    model = kind()
    plain = copy.deepcopy(model)
    noise, steps, _ = train(model, vectors(), tmp_path, accum=2)
    params, found = list(plain.parameters()), []
    for micro in (step for step in steps if len(step) > 1):
        rows = [mean_gradient(plain, batch, params) for batch in micro]
        assert torch.stack(rows).mean(0).norm() > 1.5  # clipped at 1 in every step
        found.append(solve(rows, [1.0] * len(micro), [len(b["labels"]) for b in micro]))
    truth = torch.stack(found).mean(0)
    moments = noise.moments()
    assert moments.grad_sq_norm == pytest.approx(truth[0].item(), rel=1e-3)
    assert moments.tr_cov == pytest.approx(truth[1].item(), rel=1e-3)


def test_without_accumulation_the_normalisation_layers_are_measured(tmp_path):
    model = causal_model()
    plain = copy.deepcopy(model)
    noise, steps, _ = train(model, sequences(), tmp_path, accum=1, batch=6, unit="tokens")
    params = [p for name, p in plain.named_parameters() if "norm" in name]
    found = []
    for (batch,) in steps:
        rows, tokens = [], []
        for i in range(len(batch["labels"])):
            one = {k: v[i : i + 1] for k, v in batch.items()}
            rows.append(mean_gradient(plain, one, params))
            tokens.append(labels_of(one))
        found.append(solve(rows, tokens, tokens))
    truth = torch.stack(found).mean(0)
    moments = noise.moments()
    assert noise.noise.average.num_updates == len(steps)
    assert moments.tr_cov == pytest.approx(truth[1].item(), rel=2e-3)
    assert moments.grad_sq_norm == pytest.approx(truth[0].item(), rel=2e-2, abs=1e-6)


def test_a_loss_of_the_trainers_own_needs_its_factor(tmp_path):
    def train_smoothed(**settings):
        args = transformers.TrainingArguments(
            str(tmp_path),
            per_device_train_batch_size=4,
            gradient_accumulation_steps=2,
            max_steps=2,
            report_to=[],
            save_strategy="no",
            disable_tqdm=True,
            use_cpu=True,
        )
        noise = NoiseScaleCallback(every=1, **settings)

        def own_loss(outputs, labels, num_items_in_batch=None):
            return F.cross_entropy(outputs["logits"], labels, reduction="sum") / num_items_in_batch

        class Logits(Plain):
            def forward(self, x, labels=None):
                return {"logits": self.layers(x)}

        transformers.Trainer(
            model=Logits(),
            args=args,
            train_dataset=vectors(),
            callbacks=[noise],
            compute_loss_func=own_loss,
        ).train()
        return noise

    with pytest.raises(ValueError, match=r"does not use the model's own loss.*loss_factor"):
        train_smoothed()
    noise = train_smoothed(loss_factor=0.5)
    assert noise.noise.average.num_updates == 2


def test_before_training_and_bad_units():
    with pytest.raises(ValueError, match="no training yet"):
        NoiseScaleCallback().estimate()
    with pytest.raises(ValueError, match="unit must be"):
        NoiseScaleCallback(unit="words")


def test_two_workers_average_over_the_tokens_of_both(tmp_path):
    """num_items_in_batch counts both workers' tokens, and the loss is multiplied by two."""
    workers = on_two_workers("trainer.py", tmp_path)
    model = causal_model()
    params, found = list(model.parameters()), []
    for start in (0, 2):
        micro = [
            {k: torch.tensor(v) for k, v in batch.items()}
            for worker in workers
            for batch in worker["drawn"][start : start + 2]
        ]
        tokens = [labels_of(batch) for batch in micro]
        rows = [mean_gradient(model, batch, params) for batch in micro]
        found.append(solve(rows, tokens, tokens))
    truth = torch.stack(found).mean(0)
    for worker in workers:
        assert worker["updates"] == 2
        assert worker["moments"][0] == pytest.approx(truth[0].item(), rel=5e-3)
        assert worker["moments"][1] == pytest.approx(truth[1].item(), rel=2e-3)
