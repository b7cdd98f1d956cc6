"""A program is bubblewrap if it says so and ends well: numbers in an error are no version."""

import pytest

from coursekit.bootstrap import bubblewrap
from coursekit.bootstrap.bubblewrap import find_bubblewrap

GLIBC = "bwrap: /lib/libc.so.6: version GLIBC_2.34 not found (required by bwrap)"


@pytest.fixture
def on_path(tmp_path, monkeypatch):
    """Return a function that puts a program named bwrap on the PATH, and it alone."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(bubblewrap, "packaged", lambda: None)

    def put(script, folder=tmp_path):
        folder.mkdir(exist_ok=True, parents=True)
        (folder / "bwrap").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "bwrap").chmod(0o755)
        return str(folder / "bwrap")

    return put


@pytest.mark.quick
@pytest.mark.parametrize("named", ["bubblewrap 0.7.0", "bubblewrap 0.11.0-12-gabc", "bubblewrap 1"])
def test_one_that_is_new_enough_is_taken(on_path, named):
    program = on_path(f"echo 'ld.so: object libx.so.0.1 cannot be preloaded' >&2; echo {named}")
    assert find_bubblewrap() == (program, named)


@pytest.mark.quick
@pytest.mark.parametrize("named", ["bubblewrap 0.6.3", "bubblewrap 0"])
def test_one_that_is_too_old_is_named(on_path, named):
    program = on_path(f"echo 'warning 11.0' >&2; echo {named}")
    found = f"bubblewrap 0.7 or newer is needed, found '{named}' ({program})"
    assert find_bubblewrap() == (None, found)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("script", "seen"),
    [
        (f"echo '{GLIBC}' >&2; exit 1", f"does not start: {GLIBC}"),
        ("echo bubblewrap 9.0; exit 3", "does not start: bubblewrap 9.0"),
        ("exit 3", "does not start: status 3"),
        ("echo 'BWrap 3.2, wraps bands'", "BWrap 3.2, wraps bands"),
        ("exit 0", "it says nothing"),
    ],
)
def test_one_that_does_not_work_is_none(on_path, script, seen):
    program = on_path(script)
    assert find_bubblewrap() == (None, f"{program} is no bubblewrap that works: {seen}")


@pytest.mark.quick
def test_where_the_systems_does_not_work_the_packages_serves(on_path, tmp_path, monkeypatch):
    on_path(f"echo '{GLIBC}' >&2; exit 1")
    good = on_path("echo bubblewrap 0.11.0", tmp_path / "python3.11")
    monkeypatch.setattr(bubblewrap, "packaged", lambda: good)
    assert find_bubblewrap() == (good, "bubblewrap 0.11.0")
    assert find_bubblewrap(of_system=True)[0] is None  # so the set-up brings it


@pytest.mark.quick
def test_numbers_in_the_path_of_one_that_does_not_start_are_no_version(
    on_path, tmp_path, monkeypatch
):
    """A wheel for another processor, in .venv/lib/python3.11."""
    bad = tmp_path / "python3.11" / "bwrap"
    bad.parent.mkdir()
    bad.write_bytes(b"\x7fELF of another kind")
    bad.chmod(0o755)
    monkeypatch.setattr(bubblewrap, "packaged", lambda: str(bad))
    program, seen = find_bubblewrap()
    assert program is None
    assert "Exec format error" in seen
