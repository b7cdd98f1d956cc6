"""Which of the tests marked `in_turn` a run of the whole suite tries: another third each commit."""

import hashlib

import pytest

from coursekit.commands.commit import commit_hash

TURNS = 3
LEFT_OUT = pytest.StashKey[int]()


def leave_to_another_commit(config, items):
    """Take out two thirds of what is tried in turn, in a run of the whole suite."""
    whole = getattr(config, "workerinput", {}).get("whole", is_whole(config))
    if not whole:
        return
    commit = commit_hash()
    left = [item for item in items if item.get_closest_marker("in_turn") and not due(item, commit)]
    gone = set(left)
    items[:] = [item for item in items if item not in gone]
    config.hook.pytest_deselected(items=left)
    config.stash[LEFT_OUT] = len(left)


def is_whole(config):
    """Say whether somebody asked for the suite, and not for files or names of their own."""
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.option.keyword


def due(item, commit):
    """Say whether it is this test's turn with its thing.

    All tests of one thing come together, since they share what is dear to make; those that share
    nothing say `in_turn(turn=1)`, `in_turn(turn=2)`, so that each commit meets one of them.
    """
    thing = item.nodeid[item.nodeid.index("[") :]
    digest = hashlib.sha256(f"{commit} {thing}".encode()).digest()
    turn = item.get_closest_marker("in_turn").kwargs.get("turn", 0)
    return digest[0] % TURNS == turn
