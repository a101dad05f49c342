"""The texts in other languages, read from the package when one is first needed."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from voxq.locale.forms import Forms
from voxq.locale.languages import ENGLISH, LANGUAGES
from voxq.locale.message import Message

if TYPE_CHECKING:
    from gettext import NullTranslations

DOMAIN = "voxq"
DIRECTORY = Path(__file__).parent
"""Folder with the catalogues, in the layout of gettext."""


def translated(text: str, language: str) -> str:
    """Translate a message, or a text that may have been one; returns what has no translation as it is."""
    if language == ENGLISH or not text:
        return text
    text = recognised(text)
    if not isinstance(text, Message):
        return text
    catalogue = catalogue_of(language)
    if text.plural is None:
        template = catalogue.gettext(text.template)
    else:
        template = catalogue.ngettext(text.template, text.plural, _number_of(text))
    if not text.values:
        return template
    values = {
        name: translated(value, language) if isinstance(value, Message) else value
        for name, value in text.values.items()
    }
    return template.format_map(values)


def recognised(text: str) -> str:
    """Return the message that a plain text was made as, see `Forms`; other text stays what it is."""
    return text if isinstance(text, Message) else _forms().recognised(text) or text


def _number_of(message: Message) -> int:
    number = message.values["number"]
    assert isinstance(number, int)
    return number


@cache
def catalogue_of(language: str) -> NullTranslations:
    """Return the texts in a language; none in a checkout that was not installed, where all stays English."""
    import gettext

    return gettext.translation(DOMAIN, DIRECTORY, [language], fallback=True)


@cache
def _forms() -> Forms:
    return Forms(each for language in LANGUAGES for each in _templates_in(language))


def _templates_in(language: str) -> Iterator[tuple[str, str | None]]:
    """Yield the templates of a catalogue, with their plurals: gettext looks them up, and lists none.

    The format of the file is described in the manual of GNU gettext (10.3).
    """
    import gettext

    file = gettext.find(DOMAIN, DIRECTORY, [language])
    if file is None:
        return
    content = Path(file).read_bytes()
    order = "<" if content.startswith(b"\xde\x12\x04\x95") else ">"
    count, table = struct.unpack_from(f"{order}2I", content, 8)
    for number in range(count):
        length, start = struct.unpack_from(f"{order}2I", content, table + 8 * number)
        one, _, many = content[start : start + length].decode().partition("\0")
        if one:
            yield one, many or None
