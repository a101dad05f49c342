"""Lengths of Whisper's windows, which are as long as the speech and a pad, and what may be believed of a text
from a window of less than 30 s. Pure.

There are few lengths, so that the sounds of a batch share one. The length of a window depends on its own
sound only: so a sound has the same text in a batch as alone.
"""

from __future__ import annotations

WHOLE = 30.0
"""Seconds of the windows that the network was trained with."""
WINDOWS = "w2"
"""Part of the revision of a model: texts from other lengths are not mixed with these."""
_LENGTHS = (5.0, 7.0, 9.0, 11.0, 13.0, 16.0, 20.0)
_PAD = 3.0

LEAST_CERTAIN = 0.5

_TOKENS_PER_SECOND = {"en": 6.0, "zh": 8.0}
_MOST_TOKENS_PER_SECOND = 16.0
_TOKENS = 16
_MOST_TOKENS = 224
"""What the network has room for."""


def window_for(seconds: float) -> float:
    """Length of the window for a sound of `seconds`."""
    return next((length for length in _LENGTHS if length >= seconds + _PAD), WHOLE)


def most_windows(seconds: float) -> int:
    """Number of windows of this length that take no more memory at a time than one of 30 s, most of which is
    for the attention: it grows with the square of the length."""
    return max(1, int((WHOLE / seconds) ** 2))


def most_tokens(language: str, seconds: float) -> int:
    """Tokens of text and time stamps that nobody exceeds in `seconds` of speech."""
    return min(
        _MOST_TOKENS, _TOKENS + int(seconds * _TOKENS_PER_SECOND.get(language, _MOST_TOKENS_PER_SECOND))
    )
