"""Markup in texts that are to be spoken: Markdown and HTML are taken away, SSML is obeyed."""

from __future__ import annotations

import re
from typing import Literal

from voxq.speech.markup.document import (
    PLAIN,
    Delivery,
    Document,
    MarkupError,
    Part,
    Skipped,
    Utterance,
    utterances_of,
)
from voxq.speech.sentences import Break

__all__ = [
    "PLAIN",
    "Delivery",
    "Document",
    "InputType",
    "MarkupError",
    "Part",
    "Skipped",
    "Utterance",
    "document_of",
    "has_marks",
    "utterances_of",
]

InputType = Literal["auto", "text", "markdown", "ssml"]

_SSML = re.compile(
    r"\ufeff?\s*(?:<\?xml[^>]{0,200}\?>\s*)?(?:<!--.{0,1000}?-->\s*)?(?:<!DOCTYPE.{0,2000}?)?<speak[\s>/]",
    re.DOTALL,
)

_MARKS = re.compile(r"[*_`#~|<>&\[\]\\:【]|^[^\S\r\n]*(?:[-+=]|\d+[.)])", re.MULTILINE)
"""Spaces before a mark are those of its line alone: thousands of empty lines must not be looked through again
from each of them."""


def has_marks(text: str) -> bool:
    """Whether anything in a text may be taken for markup. Cheap."""
    return _MARKS.search(text) is not None


def document_of(text: str, input_type: str, language: str = "en") -> Document:
    """Parse a text; `input_type` is an InputType.

    "auto" is SSML if it begins with `<speak`, else Markdown with HTML, which plain text is, too. `language`
    is that of words whose reading SSML asks for. Raises MarkupError for bad SSML only.
    """
    if input_type == "ssml" or (input_type == "auto" and _SSML.match(text)):
        from voxq.speech.markup import ssml

        return ssml.parse(text, language)
    if input_type == "text":
        return Document((Part(text, ending=Break.PARAGRAPH),))
    if not has_marks(text):
        return Document((Part(text, ending=Break.PARAGRAPH),))
    from voxq.speech.markup import markdown

    plain, skipped = markdown.without_marks(text)
    return Document((Part(plain, ending=Break.PARAGRAPH),), skipped)
