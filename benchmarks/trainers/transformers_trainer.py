"""The transformers Trainer, with models that use num_items_in_batch, ignore it, or never see it."""

import os
import sys
import tempfile

import torch
import transformers
from probe import Examples, Recorder, extra, on_two, say, weights

transformers.logging.set_verbosity_error()
PACKAGES = ("transformers", "accelerate", "torch")


class Plain(Examples):
    """forward without **kwargs: its own mean."""

    def forward(self, index, labels):
        return {"loss": -self.w[index[labels >= 0]].mean()}


class Ignores(Examples):
    """forward takes any keyword, and uses none: the same mean."""

    def forward(self, index, labels, **kwargs):
        return {"loss": -self.w[index[labels >= 0]].mean()}


class Divides(Examples):
    """The sum over num_items_in_batch where it is given, as the library's own models do."""

    def forward(self, index, labels, num_items_in_batch=None, **kwargs):
        counted = self.w[index[labels >= 0]]
        return {"loss": -counted.sum() / (num_items_in_batch or len(counted))}


ROWS = {
    "transformers Trainer, forward(x, labels)": Plain,
    "transformers Trainer, forward(x, labels, **kwargs)": Ignores,
    "transformers Trainer, loss / num_items_in_batch": Divides,
}


def examples(count):
    return [{"index": torch.tensor([i]), "labels": torch.tensor([0])} for i in range(count)]


def sequences(lengths):
    """Padded sequences; the tokens are numbered through."""
    rows, start, longest = [], 0, max(lengths)
    for length in lengths:
        index, labels = torch.zeros(longest, dtype=torch.long), torch.full((longest,), -100)
        index[:length], labels[:length] = torch.arange(start, start + length), 0
        rows.append({"index": index, "labels": labels})
        start += length
    return rows


def steps(kind, data, batch_size, accum_steps, *, epochs=1, clip=0.0, count=10, **more):
    model = kind(count)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: 1.0)
    with tempfile.TemporaryDirectory() as folder:
        args = transformers.TrainingArguments(
            folder, per_device_train_batch_size=batch_size, num_train_epochs=epochs,
            gradient_accumulation_steps=accum_steps, max_grad_norm=clip, use_cpu=True,
            report_to=[], save_strategy="no", disable_tqdm=True, logging_strategy="no", **more,
        )  # fmt: skip
        recorder = Recorder(model.w)
        transformers.Trainer(
            model=model, args=args, train_dataset=data, optimizers=(optimizer, scheduler)
        ).train()
    return recorder.close(), scheduler.last_epoch


def one():
    for row, kind in ROWS.items():
        found, _ = steps(kind, examples(10), 1, 4, epochs=2)
        say(row, "window", weights(found), "10 micro-batches of 1, K = 4, two epochs", *PACKAGES)
        found, _ = steps(kind, examples(10), 4, 1)
        say(row, "short", weights(found), "10 examples in batches of 4", *PACKAGES)
        found, _ = steps(kind, examples(10), 4, 3)
        say(row, "short_window", weights(found), "10 examples in batches of 4, K = 3", *PACKAGES)
        found, _ = steps(kind, sequences((2, 6)), 1, 2, count=8)
        say(row, "tokens", weights(found), "2 and 6 tokens, K = 2", *PACKAGES)
        _, count = steps(kind, examples(8), 1, 4)
        say(row, "schedule", count, "8 micro-batches, K = 4", *PACKAGES)
        found, _ = steps(kind, examples(2), 1, 2, clip=0.5)
        say(row, "clip", f"{found[0][0].norm():.2f}", "clip at 0.5, K = 2", *PACKAGES)


def two():
    for row, kind in ROWS.items():
        found, _ = steps(kind, examples(9), 2, 1, count=9)
        say(row, "workers", weights(found), "9 examples, 2 × batches of 2", *PACKAGES)
        say(row, "twice", extra(found), "9 examples, 2 × batches of 2", *PACKAGES)
        found, _ = steps(kind, sequences((2, 6)), 1, 1, count=8)
        say(row, "worker_tokens", weights(found), "2 and 6 tokens on 2 workers", *PACKAGES)


if __name__ == "__main__":
    os.environ["HF_HUB_OFFLINE"] = "1"
    if sys.argv[1:] == ["two"]:
        two()
    else:
        one()
        on_two(__file__, "two")
