"""Each way in which pip fails has a remedy that fits, and the settings in force are shown."""

import re
import tempfile

import pytest

from coursekit.bootstrap.pip_failures import explain_failure

NONE = "ERROR: No matching distribution found for torch==2.13.0"
UNKNOWN = "SSLError(SSLCertVerificationError(1, 'CERTIFICATE_VERIFY_FAILED: self-signed'))"
PROXY = (
    "ProxyError('Cannot connect to proxy.', OSError('Tunnel connection failed: 407 Proxy Auth'))"
)
CLASH = "ERROR: Cannot install torch because these package versions have conflicting dependencies."


def said(tmp_path, *output, status=1, **settings):
    return explain_failure(
        ["pip", "install", "torch"], "2/3 torch", status, output, tmp_path / "log", settings
    )


@pytest.mark.quick
@pytest.mark.parametrize(
    ("output", "settings", "remedy"),
    [
        ([f"WARNING: Retrying after {UNKNOWN}", NONE], {}, "organisation's in PIP_CERT"),
        ([f"ERROR: Could not install packages: {PROXY}"], {}, "wants a name and a password"),
        (
            ["ERROR: HTTP error 401 while getting https://x/y.whl"],
            {},
            "wants a name and a password",
        ),
        (["ERROR: 403 Client Error: Forbidden for url: https://x"], {}, "wants a name and a passw"),
        (["WARNING: 'NewConnectionError'", NONE], {}, "needs the network: https://pypi.org"),
        ([CLASH], {"PIP_CONSTRAINT": "/c.txt"}, "PIP_CONSTRAINT (or `constraint`"),
        ([CLASH], {}, "See "),
        ([NONE], {}, r"no such package for Python 3\.\d+\.\d+ on \w+ \w+ at https://pypi.org"),
        ([NONE], {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/w"}, "at PIP_FIND_LINKS=/w, PIP_NO_IN"),
        (["FileNotFoundError: No usable temporary directory found"], {}, "Set TMPDIR"),
        (["ERROR: something else"], {}, "See "),
    ],
)
def test_the_last_line_says_what_to_do(tmp_path, output, settings, remedy):
    last = said(tmp_path, *output, **settings).splitlines()[-1]
    assert re.search(re.escape(remedy) if "\\" not in remedy else remedy, last), last
    assert last.endswith("run the same command again: it goes on where this one stopped.")


@pytest.mark.quick
def test_a_full_disk_may_be_that_of_the_temporary_folder(tmp_path, monkeypatch):
    small = tmp_path / "small"
    small.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(small))
    last = said(tmp_path, "ERROR: [Errno 28] No space left on device").splitlines()[-1]
    assert re.search(rf"{small} \(\d+\.\d GB free; TMPDIR moves it\)", last)
    assert re.search(rf"{tmp_path} \(\d+\.\d GB free\)", last)


@pytest.mark.quick
def test_what_the_system_killed_says_so(tmp_path):
    assert "memory runs out" in said(tmp_path, "Installing", status=-9).splitlines()[-1]
    assert "memory runs out" not in said(tmp_path, "Installing", status=-15).splitlines()[-1]


@pytest.mark.quick
def test_settings_are_shown_and_passwords_are_not(tmp_path):
    text = said(
        tmp_path, NONE, PIP_INDEX_URL="https://me:secret@mirror.example/simple", PIP_NO_INPUT="1",
        PIP_EXTRA_INDEX_URL="https://a:secret@x.example https://b.example", PIP_CERT="",
    )  # fmt: skip
    assert "PIP_INDEX_URL=https://...@mirror.example/simple" in text
    assert "https://...@x.example https://b.example" in text
    assert "secret" not in text
    assert "PIP_NO_INPUT" not in text
    assert "PIP_CERT" not in text
