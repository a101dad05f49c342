"""Strict reading of JSON: UTF-8, finite 64-bit numbers, and text that can be encoded again.

Python's own reader accepts NaN, infinities, integers of any length and lone surrogates, escaped or as bytes.
They fail only later, when they are used or passed on: in another task's log line, or in a response to a
client.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

_LARGEST = 2**63 - 1


def loads(data: bytes) -> Any:
    """Parse `data`. Raises ValueError for anything but strict JSON, and for too deep nesting."""
    try:
        text = data.decode()
        value = _DECODER.decode(text)
        if "\\u" in text:  # only an escape can produce a lone surrogate
            json.dumps(value, ensure_ascii=False).encode()
    except RecursionError:
        raise ValueError("too deeply nested") from None
    return value


def _finite(text: str) -> float:
    number = float(text)
    return number if math.isfinite(number) else _no_number(text)


def _small(text: str) -> int:
    number = int(text)
    return number if -_LARGEST <= number <= _LARGEST else _no_number(text)


def _no_number(text: str) -> NoReturn:
    raise ValueError(f"not a number: {text[:20]}")


_DECODER = json.JSONDecoder(parse_constant=_no_number, parse_float=_finite, parse_int=_small)
"""Shared decoder, because many messages and records are read for each task."""
