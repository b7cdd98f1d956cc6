#!/usr/bin/env bash
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q torch==2.13.0 numpy==2.4.6 transformers==5.24.0
HF_HUB_OFFLINE=1 "$folder/env/bin/python" - <<'PY'
import torch
import transformers
from transformers import BertConfig, BertModel

print("torch", torch.__version__, "transformers", transformers.__version__)
print("guess: the padding row is zero, or where it is used it has a gradient")
torch.manual_seed(0)
config = BertConfig(
    vocab_size=32, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32
)
model = BertModel(config).eval()
ids = torch.full((2, 5), config.pad_token_id)
ids[:, :3] = torch.randint(1, 32, (2, 3))
row = model.embeddings.word_embeddings.weight
out = model(input_ids=ids).last_hidden_state.square().sum()
out.backward()
size, grad = row[0].norm().item(), row.grad[0].norm().item()
with torch.no_grad():
    row[0] += 0.1
moved = abs(model(input_ids=ids).last_hidden_state.square().sum() - out).item()
print(f"  length of the padding row {size:.3f}, of its gradient {grad:.3f}; moving it moves the loss")
print(f"  by {moved:.4f}")
print("hit: Hessians by differences, sharpness by perturbation: they move a weight autograd holds still")
raise SystemExit(0 if size > 0 and grad == 0 and moved > 0 else "the behaviour has changed")
PY
