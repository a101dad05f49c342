"""The texts in other languages, read from the package when one is first needed."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from voxq.locale.languages import ENGLISH
from voxq.locale.message import Message

if TYPE_CHECKING:
    from gettext import NullTranslations

DOMAIN = "voxq"
DIRECTORY = Path(__file__).parent
"""Folder with the catalogues, in the layout of gettext."""


def translated(text: str, language: str) -> str:
    """Translate a message, or a text that may be one; returns what has no translation as it is."""
    if language == ENGLISH or not text:
        return text
    catalogue = catalogue_of(language)
    if not isinstance(text, Message):
        return catalogue.gettext(text)
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


def _number_of(message: Message) -> int:
    number = message.values["number"]
    assert isinstance(number, int)
    return number


@cache
def catalogue_of(language: str) -> NullTranslations:
    """Return the texts in a language; none in a checkout that was not installed, where all stays English."""
    import gettext

    return gettext.translation(DOMAIN, DIRECTORY, [language], fallback=True)
