"""A small convnet on the digits that ship with the course; trains when run, is measured as it is.

python docs/examples/convnet.py                                  trains it for a few epochs
python3 -m coursekit measure noise docs/examples/convnet.py      measures it after 50 steps
"""

import torch
from torch import nn

from coursekit.data import epoch_batches, load

torch.manual_seed(0)
digits = load("digits")
model = nn.Sequential(
    nn.Unflatten(1, (1, 8, 8)),
    nn.Conv2d(1, 16, 3, padding=1),
    nn.ReLU(),
    nn.Conv2d(16, 32, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(32 * 16, 10),
)
loss_fn = nn.CrossEntropyLoss()
data = (digits.train_inputs, digits.train_targets)


def train_for(num_steps: int, lr: float = 0.05) -> None:
    """Train with plain SGD at B=32."""
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    batches = epoch_batches(len(data[0]), 32, generator=torch.Generator().manual_seed(0))
    for _, batch in zip(range(num_steps), batches, strict=False):
        optimizer.zero_grad()
        loss_fn(model(data[0][batch]), data[1][batch]).backward()
        optimizer.step()


train_for(50)

if __name__ == "__main__":
    train_for(500)
    correct = model(digits.test_inputs).argmax(dim=1) == digits.test_targets
    print(f"test accuracy {correct.float().mean():.3f}")
