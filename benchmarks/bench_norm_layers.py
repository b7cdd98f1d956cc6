"""How far is the noise scale of the normalisation layers from that of the whole model?

    python benchmarks/bench_norm_layers.py [--seeds 3] [--steps 600]

The character transformer of the course trains on eight micro-batches of four windows a step. From
the same backward passes `NoiseScale(examples="norms")` measures its normalisation layers, and
`NoiseScale` all its parameters. Printed: both noise scales at each third of the run, averaged over
the hundred steps before it, and their ratio.
"""

import argparse

import torch

from coursekit.data.corpus import load_corpus, next_character_loss, text_dataset
from coursekit.models.transformer import char_transformer
from coursekit.noise import NoiseScale


def run(seed: int, steps: int) -> list[tuple[float, float]]:
    """Train once; return (norm layers, whole model) at each third of the run."""
    g = torch.Generator().manual_seed(seed)
    data = text_dataset(load_corpus(), 32)
    model = char_transformer(data.num_classes, context=32, generator=g)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    settings = {"micro_batch_size": 4, "loss_factor": 1 / 8, "every": 1, "decay": 0.99}
    norms = NoiseScale(model, examples="norms", **settings)
    whole = NoiseScale(model, **settings)
    found = []
    for step in range(steps):
        index = torch.randint(len(data.train_inputs), (32,), generator=g)
        for part in index.split(4):
            logits = model(data.train_inputs[part])
            (next_character_loss(logits, data.train_targets[part]) / 8).backward()
            norms.micro_step()
            whole.micro_step()
        norms.step()
        whole.step()
        optimizer.step()
        optimizer.zero_grad()
        if (step + 1) % (steps // 3) == 0:
            found.append((norms.estimate().value, whole.estimate().value))
    return found


def main() -> None:
    """Print a line for each seed and third of the run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=600)
    options = parser.parse_args()
    torch.set_num_threads(1)
    for seed in range(options.seeds):
        for third, (norms, whole) in enumerate(run(seed, options.steps), 1):
            print(
                f"seed {seed}, {third}/3 of the run: norm layers {norms:7.1f}, whole model "
                f"{whole:7.1f} sequences, ratio {norms / whole:.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
