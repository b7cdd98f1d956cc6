#!/usr/bin/env bash
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q torch==2.13.0 numpy==2.4.6 transformers==5.24.0
HF_HUB_OFFLINE=1 "$folder/env/bin/python" - <<'PY'
import torch
import transformers
from transformers import GPT2Config, GPT2LMHeadModel

print("torch", torch.__version__, "transformers", transformers.__version__)
print("guess: model.double() computes its loss in float64")
torch.manual_seed(0)
config = GPT2Config(vocab_size=64, n_positions=16, n_embd=32, n_layer=1, n_head=2)
model = GPT2LMHeadModel(config).eval().double()
ids = torch.randint(0, 64, (4, 16))
out = model(input_ids=ids, labels=ids)
by_hand = torch.nn.functional.cross_entropy(
    out.logits[:, :-1].reshape(-1, 64), ids[:, 1:].reshape(-1)
)
print(f"  logits {out.logits.dtype}, loss {out.loss.dtype}; by hand {by_hand.dtype}")
print(f"  difference of the two losses: {abs(out.loss.double() - by_hand).item():.1e}")
print("hit: checks against float64, central differences with small steps, tests at 1e-10")
raise SystemExit(0 if out.loss.dtype == torch.float32 else "the behaviour has changed")
PY
