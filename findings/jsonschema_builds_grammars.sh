#!/usr/bin/env bash
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q jsonschema==4.26.0 rfc3987-syntax==1.1.0 lark==1.3.1
cat >"$folder/cost.py" <<'PY'
import sys
import time

if sys.argv[1] == "without":
    sys.modules["rfc3987_syntax"] = None  # as where it is not installed
began = time.process_time()
import jsonschema  # noqa: F401

print(time.process_time() - began)
PY
"$folder/env/bin/python" - "$folder/cost.py" <<'PY'
import subprocess
import sys
from importlib.metadata import version


def cost(how):
    argv = [sys.executable, "-W", "ignore", sys.argv[1], how]
    return min(float(subprocess.check_output(argv)) for _ in range(4))


print("jsonschema", version("jsonschema"), "rfc3987-syntax", version("rfc3987-syntax"))
print("guess: a format checker that nobody asks for costs next to nothing at import")
without, with_it = cost("without"), cost("with")
print(f"  import jsonschema: {without:.2f} s of processor time; where rfc3987-syntax lies beside it,")
print(f"  {with_it:.2f} s: a grammar is built for each rule of two RFCs, before any schema is seen")
print("hit: JupyterLab brings both, so whatever imports nbformat (a kernel, a grader, a command)")
print("  begins a second later")
raise SystemExit(0 if with_it > 3 * without else "the behaviour has changed")
PY
