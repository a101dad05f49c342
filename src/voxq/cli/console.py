"""Console output of commands: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from voxq.cli import line_breaks
from voxq.locale import Message, from_environment, translated
from voxq.one_line import one_line


def language() -> str:
    """Code of the language of this command."""
    return from_environment(os.environ)


def here(text: str) -> str:
    """Translate a message into the language of this command; other text stays as it is."""
    return translated(text, language()) if isinstance(text, Message) else text


class CalmConsole(Console):
    """Console that prints control characters escaped, and messages in the language of this command.

    The output often contains a client's text, which could otherwise write to the clipboard or hide a line.
    """

    def render_str(self, text: str, **how: Any) -> Text:
        return super().render_str(here(text), **how)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


def visible(text: str) -> str:
    """Escape the control characters of a text, except newlines."""
    return "\n".join(map(one_line, text.split("\n")))


line_breaks.install()

# Without a terminal, lines must not be cut to the width of a default one.
out = CalmConsole(width=None if sys.stdout.isatty() else 200)
err = CalmConsole(stderr=True)


@contextmanager
def busy(doing: str) -> Iterator[None]:
    """Tell what is being done and takes a while: with a spinner at a terminal, else as a line."""
    if err.is_terminal:
        with err.status(here(doing)):
            yield
    else:
        tell(doing)
        yield


def tell(message: str, style: str | None = None) -> None:
    """Print a line on stderr, as it is: not wrapped, so that it can be copied, and without markup."""
    err.print(message, style=style, markup=False, highlight=False, soft_wrap=True)


def fail(message: str) -> None:
    # Text and not markup, because a message may quote a server or a file name.
    err.print(Text.assemble((here(Message("error: ")), "bold red"), here(message)), soft_wrap=True)


def print_json(value: Any) -> None:
    """Print a value as plain JSON, for scripts, without styles whatever the terminal."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
