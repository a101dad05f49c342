"""What commands print with: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from voxq.logging import one_line


class CalmConsole(Console):
    """Shows control characters and does not obey them: what is printed is often a client's text, which could
    write to the clipboard of the person who looks at it, or hide a line."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


def visible(text: str) -> str:
    """The text with its control characters escaped, but for the ends of its lines."""
    return "\n".join(map(one_line, text.split("\n")))


# Into a pipe or a file no line is cut to the width of a terminal that is not there.
out = CalmConsole(width=None if sys.stdout.isatty() else 200)
err = CalmConsole(stderr=True)


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
