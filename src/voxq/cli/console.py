"""What commands print with: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from typing import Any

from rich.console import Console
from rich.text import Text

# Into a pipe or a file no line is cut to the width of a terminal that is not there.
out = Console(width=None if sys.stdout.isatty() else 200)
err = Console(stderr=True)


def fail(message: str) -> None:
    # Text, and not markup: a message may quote what a server or a file name says.
    err.print(Text.assemble(("error: ", "bold red"), message), soft_wrap=True)


def is_ours(error: Exception) -> bool:
    """Whether its message was written for people, by this project."""
    return type(error).__module__.startswith("voxq.")


def print_json(value: Any) -> None:
    """For scripts: plain, whatever the terminal."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
