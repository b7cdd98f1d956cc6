"""Keras 3 on torch: fit() with an optimizer that accumulates."""

import os

os.environ["KERAS_BACKEND"] = "torch"
import keras
import numpy as np
import torch
from probe import say, weights

ROW, PACKAGES = "Keras fit", ("keras", "torch")


class Moves(keras.callbacks.Callback):
    """Notes what each batch added to the weights."""

    def on_train_begin(self, logs=None):
        self.before, self.found = np.zeros(10), []

    def on_train_batch_end(self, batch, logs=None):
        now = self.model.get_weights()[0].flatten()
        if np.abs(now - self.before).max() > 1e-6:
            self.found.append(torch.tensor(now - self.before))
        self.before = now


def steps(batch_size, accum_steps, *, epochs=1, count=10, clip=None):
    inputs = keras.Input((1,), dtype="int32")
    table = keras.layers.Embedding(10, 1, embeddings_initializer="zeros")
    model = keras.Model(inputs, table(inputs))
    optimizer = keras.optimizers.SGD(
        1.0, gradient_accumulation_steps=accum_steps, global_clipnorm=clip
    )
    model.compile(optimizer, loss=lambda y, out: -out)
    moves = Moves()
    x = np.arange(count)[:, None]
    model.fit(
        x, x, batch_size=batch_size, epochs=epochs, shuffle=False, verbose=0, callbacks=[moves]
    )
    return moves.found, int(optimizer.iterations)


def one():
    found, _ = steps(1, 4, epochs=2)
    say(ROW, "window", weights(found), "10 micro-batches of 1, K = 4, two epochs", *PACKAGES)
    found, _ = steps(4, None)
    say(ROW, "short", weights(found), "10 examples in batches of 4", *PACKAGES)
    found, _ = steps(4, 3)
    say(ROW, "short_window", weights(found), "10 examples in batches of 4, K = 3", *PACKAGES)
    _, count = steps(1, 4, count=8)
    say(ROW, "schedule", count, "8 micro-batches, K = 4 (optimizer.iterations)", *PACKAGES)
    found, _ = steps(1, 2, count=2, clip=0.5)
    say(ROW, "clip", f"{found[0].norm():.2f}", "global_clipnorm 0.5, K = 2", *PACKAGES)


if __name__ == "__main__":
    one()
