"""Whisper's prompts, read for the names and terms in them."""

from __future__ import annotations

import re

from voxq.kinds.hotwords import hotwords_in

_MOST_WORDS_OF_A_TERM = 3
_BETWEEN_TERMS = re.compile(r"[,;，；、\n]+")


def hotwords_of(prompt: str) -> tuple[str, ...]:
    """Return the hotwords in the parts of a prompt between commas that are as short as a name.

    A prompt in whole sentences is not a list of hotwords, and no engine here continues a text.
    """
    terms = (term for term in _BETWEEN_TERMS.split(prompt) if len(term.split()) <= _MOST_WORDS_OF_A_TERM)
    return hotwords_in(" ".join(terms))
