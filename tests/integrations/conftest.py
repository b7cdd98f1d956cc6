"""Tests of a trainer that is not installed are left out, unless `-m trainers` asks for them."""

import re
from importlib.util import find_spec


def pytest_ignore_collect(collection_path, config):
    name = collection_path.stem.removeprefix("test_")
    if name in ("transformers", "lightning", "accelerate") and find_spec(name) is None:
        return not re.search(r"(?<!not )trainers", config.getoption("markexpr", ""))
    return None
