"""fastai's Learner with its GradientAccumulation callback, which counts examples."""

import torch
from fastai.callback.training import GradientAccumulation, GradientClip
from fastai.data.core import DataLoaders
from fastai.data.load import DataLoader
from fastai.learner import Learner
from fastai.optimizer import OptimWrapper
from probe import Examples, Recorder, say, weights

ROW, PACKAGES = "fastai Learner", ("fastai", "torch")


def steps(batch_size, accum_examples=None, *, epochs=1, count=10, clip=None, drop_last=False):
    loader = DataLoader(
        [(i, i) for i in range(count)], bs=batch_size, drop_last=drop_last, num_workers=0
    )
    model = Examples(count)
    callbacks = [GradientAccumulation(accum_examples)] if accum_examples else []
    callbacks += [GradientClip(clip)] if clip else []
    learner = Learner(
        DataLoaders(loader, loader, device="cpu"), model, lambda out, _: out.mean(), lr=1.0,
        opt_func=lambda params, **more: OptimWrapper(params, torch.optim.SGD, lr=1.0),
        cbs=callbacks,
    )  # fmt: skip
    recorder = Recorder(model.w)
    with learner.no_bar(), learner.no_logging():
        learner.fit(epochs, lr=1.0)
    return recorder.close()


def one():
    found = steps(1, 4, epochs=2)
    say(ROW, "window", weights(found), "10 micro-batches of 1, n_acc = 4, two epochs", *PACKAGES)
    say(ROW, "short", weights(steps(4)), "10 examples in batches of 4", *PACKAGES)
    found = steps(4, 10)
    say(ROW, "short_window", weights(found), "10 examples in batches of 4, n_acc 10", *PACKAGES)
    found = steps(1, 2, count=2, clip=0.5)
    say(ROW, "clip", f"{found[0][0].norm():.2f}", "GradientClip(0.5), n_acc = 2", *PACKAGES)


if __name__ == "__main__":
    one()
