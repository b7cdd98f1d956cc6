"""From a bare Python to a running command: standard library only, and it parses on Python 3.8.

``start`` picks the interpreter, ``requirements`` says what a command needs, ``environment`` makes
or finishes ``.venv``, ``installer`` runs pip in it.
"""
