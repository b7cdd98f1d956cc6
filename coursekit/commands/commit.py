"""Which commit is checked out."""

import subprocess

from coursekit import __version__
from coursekit.storage import ROOT, is_clone


def commit_hash() -> str:
    """Return the commit that is checked out, or what this package's version is called."""
    if is_clone():
        asked = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
        try:
            return subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
        except (OSError, subprocess.CalledProcessError):
            pass  # no git here, or a clone without its history: then the version decides
    return __version__
