"""One module per command, each with a function ``run(...) -> int`` that returns the exit status.

A new command is a module here, a line in ``coursekit.bootstrap.requirements.NEEDS`` (what it needs
installed) and a function in ``coursekit.cli`` (its options and help).
"""
