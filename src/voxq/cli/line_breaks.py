"""Line breaks within Chinese and Japanese text and in addresses, which Rich would cut off where too long."""

from __future__ import annotations

import contextlib
import re

from rich.cells import cell_len
from rich.text import Text

_WIDE = "\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef"
_OPENING, _CLOSING = "（《「『【“", "，。、：；！？）》」』】”…"

WORD = re.compile(rf"\s*[{_OPENING}]*(?:[{_WIDE}]|[^\s{_WIDE}/]+/*|/+)[{_CLOSING}]*\s*")
"""What stays on one line: a character of such text, a word, or the part of an address up to its next slash,
each with the punctuation that belongs to it."""


def install() -> None:
    """Let Rich break lines like this. A version of Rich that works otherwise keeps its own way."""
    with contextlib.suppress(ImportError):
        from rich import _wrap

        _wrap.re_word = WORD
    Text.rstrip_end = _rstrip_end


def _rstrip_end(self: Text, size: int) -> None:
    """Remove spaces beyond a width in cells. Rich's own counts characters, and so cuts a wide one off."""
    spaces = len(self.plain) - len(self.plain.rstrip())
    if (excess := min(spaces, cell_len(self.plain) - size)) > 0:
        self.right_crop(excess)
