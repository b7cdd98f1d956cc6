"""Run a script and leave at once: threads of torch may abort a process at its end."""

import os
import runpy
import sys

script, sys.argv = sys.argv[1], sys.argv[1:]
runpy.run_path(script, run_name="__main__")
sys.stdout.flush()
sys.stderr.flush()
os._exit(0)
