"""JSON as this service writes it: UTF-8, finite numbers of 64 bits, and text that can be written again.

Python's own reader takes NaN, infinities, integers of any length and lone surrogates, escaped or as bytes,
which blow up only where somebody reckons with them or passes them on: in another task's log line, or in an
answer to a client.
"""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

_LARGEST = 2**63 - 1


def loads(data: bytes) -> Any:
    """The value. Raises ValueError for whatever is not such JSON, however deeply nested."""
    try:
        text = data.decode()
        value = _DECODER.decode(text)
        if "\\u" in text:  # only an escape can bring in half a character
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
"""Made once: messages and records are read many times for each task."""
