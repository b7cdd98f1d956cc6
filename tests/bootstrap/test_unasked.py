"""What is left out is loaded by nobody, and missed by nobody."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

CODE = """
import sys
from coursekit.bootstrap.unasked import leave_out_unasked
leave_out_unasked()
import nbformat
nbformat.validate(nbformat.v4.new_notebook())
print("lark" in sys.modules)
"""


def test_a_command_reads_notebooks_without_the_grammars():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_nor_does_a_process_that_grades_build_them():
    code = "import sys, coursekit.classroom.marking.class_run; print('lark' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_no_schema_of_a_notebook_names_the_format_that_is_left_out():
    schemas = []
    for name in ("nbformat", "nbgrader"):
        schemas += Path(find_spec(name).origin).parent.rglob("*schema*.json")
    assert len(schemas) > 5
    for path in schemas:
        assert not re.search(r'"format"\s*:\s*"iri', path.read_text()), path
