#!/usr/bin/env bash
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q distributed==2026.8.0
cat >"$folder/ask.py" <<'PY'
import itertools
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import distributed
from distributed import Client, LocalCluster


def second_time_lucky(folder):
    for number in itertools.count():
        try:
            Path(folder, str(number)).touch(exist_ok=False)
        except FileExistsError:
            continue
        if number == 0:
            raise OSError("the first time fails")
        return number


def tried_twice(executor):
    with tempfile.TemporaryDirectory() as folder:
        first = executor.submit(second_time_lucky, folder)
        assert isinstance(first.exception(), OSError)
        del first
        time.sleep(1)
        error = executor.submit(second_time_lucky, folder).exception()
        return "succeeded" if error is None else f"{type(error).__name__}: {error}", len(
            list(Path(folder).iterdir())
        )


if __name__ == "__main__":
    print("distributed", distributed.__version__)
    print("guess: an executor calls a function each time that it is submitted, as the standard")
    print("       library's do, so what failed can be tried again with the same arguments")
    with ProcessPoolExecutor(1) as pool:
        usual = tried_twice(pool)
    with (
        LocalCluster(
            n_workers=1, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster,
        Client(cluster) as client,
    ):
        theirs = tried_twice(client.get_executor())
    print(f"  ProcessPoolExecutor: the second try {usual[0]}; calls: {usual[1]}")
    print(f"  Client.get_executor(): the second try {theirs[0]}; calls: {theirs[1]}")
    print("hit: whoever retries on a cluster, draws random numbers there, or runs a function for what")
    print("  it does: equal calls are one call (get_executor(pure=False) tells them apart)")
    changed = usual != ("succeeded", 2) or theirs != ("OSError: the first time fails", 1)
    raise SystemExit("the behaviour has changed" if changed else 0)
PY
"$folder/env/bin/python" -W ignore "$folder/ask.py"
