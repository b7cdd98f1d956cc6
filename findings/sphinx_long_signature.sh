#!/usr/bin/env bash
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q sphinx==9.0.4 docutils==0.22.4
FOLDER="$folder" "$folder/env/bin/python" - <<'PY'
import os
import re
from pathlib import Path

import sphinx
from sphinx.application import Sphinx

print("sphinx", sphinx.__version__)
print("guess: maximum_signature_line_length breaks a long signature into lines of valid HTML")
source = Path(os.environ["FOLDER"], "source")
source.mkdir()
source.joinpath("conf.py").write_text("maximum_signature_line_length = 20\n")
source.joinpath("index.rst").write_text(
    "Title\n=====\n\n.. py:function:: fit(batch_sizes, steps, examples)\n\n   Text.\n"
)
out = source.parent / "out"
Sphinx(source, source, out, out / "trees", "html", status=None, warning=None).build()
page = out.joinpath("index.html").read_text()
lists = re.findall(r"<dl>.*?</dl>", page, re.DOTALL)
terms = [part.count("<dt") for part in lists]
inside = bool(re.search(r"<dt[^>]*>(?:(?!</dt>).)*<dl>", page, re.DOTALL))
print(f"  lists in signatures: {len(lists)}, terms in them: {terms}, a list inside a term: {inside}")
print("hit: axe-core calls each one serious (definition-list); screen readers announce empty lists")
same = len(lists) == 1 and terms == [0] and inside
raise SystemExit(0 if same else "the behaviour has changed")
PY
