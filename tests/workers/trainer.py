"""The Trainer of transformers on two gloo workers, under torchrun; weights stand still.

Each worker writes the micro-batches that it drew and the moments that its callback found.
"""

import json
import os
import sys
from pathlib import Path

import torch
import transformers
from trainer_examples import causal_model, sequences

from coursekit.integrations.transformers import NoiseScaleCallback

ACCUM = 2


def main(folder):
    rank, drawn = int(os.environ["RANK"]), []

    def collate(items):
        batch = {k: torch.stack([item[k] for item in items]) for k in items[0]}
        drawn.append({k: v.tolist() for k, v in batch.items()})
        return batch

    args = transformers.TrainingArguments(
        folder,
        per_device_train_batch_size=4,
        gradient_accumulation_steps=ACCUM,
        num_train_epochs=1,
        learning_rate=0.0,
        optim="sgd",
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
        use_cpu=True,
        ddp_backend="gloo",
        dataloader_pin_memory=False,
    )
    noise = NoiseScaleCallback(every=1, decay=0.9999, unit="tokens")
    transformers.Trainer(
        model=causal_model(),
        args=args,
        train_dataset=sequences(32),
        data_collator=collate,
        callbacks=[noise],
    ).train()
    found = noise.moments()
    result = {
        "drawn": drawn,
        "moments": [found.grad_sq_norm, found.tr_cov],
        "updates": noise.noise.average.num_updates,
    }
    Path(folder, f"{rank}.json").write_text(json.dumps(result))
    torch.distributed.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1])
