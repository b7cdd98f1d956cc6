"""What libraries load although nobody asks for it, left out of a command's process.

Standard library only, and it parses on Python 3.8.
"""

import sys


def leave_out_unasked() -> None:
    """Keep jsonschema, and so nbformat, from building 38 grammars that no notebook asks for.

    They check addresses in any script (IRIs, RFC 3987), and take 1.4 s of CPU at the import. No
    schema of nbformat or nbgrader names that format, and jsonschema works without the package.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
