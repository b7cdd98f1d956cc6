"""ignite's create_supervised_trainer, and skorch's NeuralNet (which has no accumulation)."""

import torch
from ignite.engine import Events, create_supervised_trainer
from ignite.handlers.param_scheduler import LRScheduler as IgniteScheduler
from probe import Examples, Recorder, say, weights
from skorch import NeuralNet
from skorch.callbacks import LRScheduler
from torch.utils.data import DataLoader

ROW, PACKAGES = "ignite supervised trainer", ("pytorch-ignite", "torch")
SKORCH = "skorch NeuralNet"


def batches(loader):
    return [(index, index) for index in loader]


def mean(output, _):
    return output.mean()


def steps(micro_batches, accum_steps, *, epochs=1):
    model = Examples()
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    inner = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: 1.0)
    recorder = Recorder(model.w)
    trainer = create_supervised_trainer(
        model, optimizer, mean, gradient_accumulation_steps=accum_steps
    )
    trainer.add_event_handler(Events.ITERATION_STARTED, IgniteScheduler(inner))
    trainer.run(micro_batches, max_epochs=epochs)
    return recorder.close(), inner.last_epoch


def one():
    ones = batches(DataLoader(range(10)))
    found, _ = steps(ones, 4, epochs=2)
    say(ROW, "window", weights(found), "10 micro-batches of 1, K = 4, two epochs", *PACKAGES)
    by_four = batches(DataLoader(range(10), batch_size=4))
    say(ROW, "short", weights(steps(by_four, 1)[0]), "10 examples in batches of 4", *PACKAGES)
    found = weights(steps(by_four, 3)[0])
    say(ROW, "short_window", found, "10 examples in batches of 4, K = 3", *PACKAGES)
    ragged = [(x, x) for x in (torch.arange(2), torch.arange(2, 8))]
    say(ROW, "tokens", weights(steps(ragged, 2)[0]), "2 and 6 tokens, K = 2", *PACKAGES)
    _, count = steps(ones[:8], 4)
    say(ROW, "schedule", count, "8 micro-batches, K = 4, its LRScheduler", *PACKAGES)


class Mean(torch.nn.Module):
    def forward(self, output, _):
        return output.mean()


def skorch_steps(batch_size, count=10, **more):
    net = NeuralNet(
        Examples, criterion=Mean, optimizer=torch.optim.SGD, lr=1.0, max_epochs=1,
        batch_size=batch_size, train_split=None, verbose=0, **more,
    ).initialize()  # fmt: skip
    recorder = Recorder(net.module_.w)
    net.partial_fit(torch.arange(count), torch.zeros(count))
    return recorder.close(), net


def schedule_of_skorch():
    policy = LRScheduler(torch.optim.lr_scheduler.LambdaLR, lr_lambda=lambda n: 0.5**n)
    found, _ = skorch_steps(1, 8, callbacks=[policy])
    rates = [lr for _, lr in found]
    return 8 if rates[-1] < 1 else 1


def two_libraries():
    packages = ("skorch", "torch")
    say(SKORCH, "short", weights(skorch_steps(4)[0]), "10 examples in batches of 4", *packages)
    found = f"{schedule_of_skorch()} (one an epoch)"
    say(SKORCH, "schedule", found, "8 batches of 1, LRScheduler as it comes", *packages)


if __name__ == "__main__":
    one()
    two_libraries()
