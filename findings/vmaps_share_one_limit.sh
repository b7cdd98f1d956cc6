#!/usr/bin/env bash
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q torch==2.13.0 numpy==2.4.6
"$folder/env/bin/python" - <<'PY' 2> >(grep -v '^W' >&2)
import torch
from torch.func import vmap

print("torch", torch.__version__)
print("guess: twelve different functions, each vmapped and compiled once, are all compiled")
compiled = []


def backend(graph, examples):
    compiled.append(graph)
    return graph.forward


def functions():
    for k in range(6):
        yield lambda x, k=k: x * k + x.sin()
    for k in range(6):
        yield lambda x, k=k: (x - k).cos().sum()


def number(make_one):
    torch.compiler.reset()
    compiled.clear()
    for function in functions():
        torch.compile(make_one(function), backend=backend, dynamic=False)(torch.ones(3, 4))
    return len(compiled)


through_vmap = number(lambda function: vmap(function))
print("  compiled, of twelve:", through_vmap)
print("hit: who compiles several vmapped models in a process: from the ninth on they run as they are,")
print("  with a line in the log; vmap returns the same code each time, and the limit is one of code")
raise SystemExit(0 if through_vmap == 8 else "the behaviour has changed")
PY
