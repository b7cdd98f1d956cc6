"""A small character transformer on the text that ships with the course.

An example is a window of 32 characters, and its loss the mean over them: tr(Sigma) is therefore
per window, not per character.

python3 -m coursekit measure noise docs/examples/transformer.py --examples 1000
"""

import torch

from coursekit.data import ALPHABET, epoch_batches, load_corpus, next_character_loss, text_dataset
from coursekit.models import char_transformer

windows = text_dataset(load_corpus(), 32, num_train=8192)
model = char_transformer(
    len(ALPHABET), context=32, generator=torch.Generator().manual_seed(0), width=32, num_layers=2
)
loss_fn = next_character_loss
data = (windows.train_inputs, windows.train_targets)


def train_for(num_steps: int, lr: float = 1e-3) -> None:
    """Train with Adam at B=32."""
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    batches = epoch_batches(len(data[0]), 32, generator=torch.Generator().manual_seed(0))
    for _, batch in zip(range(num_steps), batches, strict=False):
        optimizer.zero_grad()
        loss_fn(model(data[0][batch]), data[1][batch]).backward()
        optimizer.step()


train_for(100)

if __name__ == "__main__":
    train_for(1000)
    print(f"loss {loss_fn(model(data[0][:256]), data[1][:256]):.3f}")
