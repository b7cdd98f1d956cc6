"""A check in a real kernel: cards where somebody looks; nbgrader's way where it grades."""

import json
import subprocess
import sys

import pytest

KERNEL = """
import json
from jupyter_client.manager import start_new_kernel
manager, client = start_new_kernel(kernel_name="python3")
outputs = []
def heard(message):
    if message["msg_type"] in ("execute_result", "display_data", "stream"):
        outputs.append((message["msg_type"], message["content"].get("data", message["content"])))
cells = [
    "from coursekit.notebook import check\\ndef batch_for_noise(a, b, c):\\n    return 0",
    "def batch_for_noise(a, b, c):\\n    return (",
    "check('u01_batch_for_noise', batch_for_noise)",
    "x = check('u01_batch_for_noise', batch_for_noise)",
]
for cell in cells:
    client.execute_interactive(cell, timeout=60, output_hook=heard)
client.stop_channels()
manager.shutdown_kernel(now=True)
print(json.dumps(outputs))
"""


@pytest.mark.parametrize(
    ("variable", "value", "kinds"),
    [
        ("COURSEKIT_SIZE", "cpu", ["execute_result", "display_data"]),
        ("NBGRADER_EXECUTION", "autograde", ["stream", "execute_result", "stream"]),
    ],
)
def test_in_a_real_kernel(variable, value, kinds, tmp_path, monkeypatch):
    """Cards where somebody looks; text and the bare number, nbgrader's way, where it grades."""
    pytest.importorskip("jupyter_client")
    for name in ("COURSEKIT_SIZE", "NBGRADER_EXECUTION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv(variable, value)
    monkeypatch.setenv("COURSEKIT_HOME", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-c", KERNEL], capture_output=True, text=True, timeout=120, check=True
    )
    outputs = json.loads(done.stdout.splitlines()[-1])  # a kernel may say how to end it before
    assert [kind for kind, _ in outputs] == kinds
    (result,) = [data for kind, data in outputs if kind == "execute_result"]
    assert result["text/plain"] == "0.0", "the points, as nbgrader reads them"
    assert ("text/html" in result) is (variable == "COURSEKIT_SIZE")
    said = str(outputs)
    assert "SyntaxError" in said
    assert "older version" in said
