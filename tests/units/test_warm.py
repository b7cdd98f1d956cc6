"""The processes that units are run in: forked, and yet like any other Python."""

import os
import signal
import subprocess
import time

SAYS = """
import os, sys, torch
print(os.getcwd(), os.environ["SAID"], sys.argv, sys.stdin.read(), "coursekit" in sys.modules)
sys.exit(7)
"""


def test_a_warm_process_has_its_own_folder_environment_input_and_ending(warm, tmp_path):
    (tmp_path / "says.py").write_text(SAYS)
    done = subprocess.run(
        [*warm.python, "-m", "says", "a b"],
        cwd=tmp_path,
        env={**os.environ, "SAID": "yes"},
        input="typed",
        capture_output=True,
        text=True,
    )
    said = f"{tmp_path} yes ['{tmp_path / 'says.py'}', 'a b'] typed False\n"
    assert (done.returncode, done.stdout, done.stderr) == (7, said, "")
    (tmp_path / "says.py").write_text("1 / 0")
    done = subprocess.run(
        [*warm.python, "-m", "says"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert done.stderr.endswith("ZeroDivisionError: division by zero\n")


def test_a_warm_process_ends_with_the_one_that_waits_for_it(warm, tmp_path):
    code = "import os, time\nopen('pid', 'w').write(f'{os.getpid()} ')\ntime.sleep(60)"
    (tmp_path / "waits.py").write_text(code)
    for number in (signal.SIGKILL, signal.SIGTERM):
        (tmp_path / "pid").unlink(missing_ok=True)
        waiting = subprocess.Popen([*warm.python, "-m", "waits"], cwd=tmp_path)
        until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().endswith(" "))
        pid = int((tmp_path / "pid").read_text())
        waiting.send_signal(number)
        waiting.wait()
        until(lambda pid=pid: not alive(pid))


def test_what_is_loaded_beforehand_is_none_of_ours(warm, tmp_path):
    code = "import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    (tmp_path / "loaded.py").write_text(code)
    done = subprocess.run(
        [*warm.python, "-m", "loaded"], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    )
    loaded = set(done.stdout.split())
    assert {"torch", "scipy", "numpy"} <= loaded
    assert not loaded & {"coursekit", "matplotlib", "ipywidgets", "anywidget", "nbformat"}


def until(condition):
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
