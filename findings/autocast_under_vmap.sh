#!/usr/bin/env bash
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q torch==2.13.0 numpy==2.4.6
"$folder/env/bin/python" - <<'PY'
import torch
from torch.func import vmap
from torch.nn.functional import linear

print("torch", torch.__version__)
print("guess: under autocast a linear layer returns bfloat16, of one model or of three at once")
weight, bias, inputs = torch.randn(3, 5, 4), torch.randn(3, 5), torch.randn(3, 7, 4)
with torch.autocast("cpu", dtype=torch.bfloat16):
    alone = linear(inputs[0], weight[0], bias[0]).dtype
    stacked = vmap(linear)(inputs, weight, bias).dtype
    unbiased = vmap(linear)(inputs, weight).dtype
print(f"  one model {alone}; three by vmap {stacked}, without biases {unbiased}")
print("hit: who trains ensembles by vmap in half precision: vmap takes the layer apart above autocast,")
print("  the product is rounded, the float32 bias makes all that follows float32, and twice the memory")
as_seen = (torch.bfloat16, torch.float32, torch.bfloat16)
raise SystemExit(0 if (alone, stacked, unbiased) == as_seen else "the behaviour has changed")
PY
