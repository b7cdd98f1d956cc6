"""Which of the tests marked `in_turn` a run of the whole suite tries: others at each commit."""

import hashlib

import pytest

from coursekit.commands.commit import commit_hash

TURNS = 6  # where a mark does not say `of`
LEFT_OUT = pytest.StashKey[int]()


def leave_to_another_commit(config, items):
    """Take out what waits for its turn, in a run of the whole suite; what is quick never waits."""
    whole = getattr(config, "workerinput", {}).get("whole", is_whole(config))
    if not whole:
        return
    commit = commit_hash()
    left = [item for item in items if not (item.get_closest_marker("quick") or due(item, commit))]
    gone = set(left)
    items[:] = [item for item in items if item not in gone]
    config.hook.pytest_deselected(items=left)
    config.stash[LEFT_OUT] = len(left)


def is_whole(config):
    """Say whether somebody asked for the suite, and not for files or names of their own."""
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not config.option.keyword


def due(item, commit):
    """Say whether it is this test's turn with its thing, at one commit in `of`.

    All tests of one thing come together, since they share what is dear to make. Those of one thing
    that share nothing say `turn`: of `in_turn(of=3, turn=0)`, `1` and `2` each commit meets one.
    A test with a mark of its own in a file that has one waits for both.
    """
    return all(is_turn(mark.kwargs, item, commit) for mark in item.iter_markers("in_turn"))


def is_turn(said, item, commit):
    """Say whether it is the turn of what one mark says."""
    name, _, parameter = item.nodeid.partition("[")
    thing = said.get("thing") or parameter or name
    digest = hashlib.sha256(f"{commit} {thing}".encode()).digest()
    return digest[0] % said.get("of", TURNS) == said.get("turn", 0)
