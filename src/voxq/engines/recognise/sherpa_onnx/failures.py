"""Errors that sherpa-onnx keeps to itself.

Where ONNX Runtime fails with a Paraformer, a SenseVoice, a Whisper or a Moonshine, sherpa-onnx 2.0.1 catches
the exception, writes it to standard error, and leaves the result empty, as after silence. Nothing else tells
the two apart, so that standard error is read.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

_MARK = "Caught exception"
_STANDARD_ERROR = 2
_OUT_OF_MEMORY = ("out of memory", "bad_alloc", "failed to allocate", "alloc_failed")
_LONGEST = 500


class Swallowed(RuntimeError):
    """An error that sherpa-onnx has written down instead of raising it."""


@dataclass(slots=True)
class Caught:
    """What was written within `caught_in`, known at its end."""

    error: Exception | None = None


@contextmanager
def caught_in() -> Iterator[Caught]:
    """Watch standard error for an exception that is only written down.

    All of the process is watched for so long; what was written is passed on at the end. Raises OSError if
    there is no standard error.
    """
    caught = Caught()
    sys.stderr.flush()
    with tempfile.TemporaryFile() as written:
        kept = os.dup(_STANDARD_ERROR)
        try:
            os.dup2(written.fileno(), _STANDARD_ERROR)
            try:
                yield caught
            finally:
                os.dup2(kept, _STANDARD_ERROR)
                caught.error = _error_in(_pass_on(written))
        finally:
            os.close(kept)


def _pass_on(written: BinaryIO) -> str:
    written.seek(0)
    content = written.read()
    if content:
        os.write(_STANDARD_ERROR, content)
    return content.decode("utf-8", "replace")


def _error_in(text: str) -> Exception | None:
    _, mark, after = text.partition(_MARK)
    if not mark:
        return None
    message = " ".join(after.lstrip(":").split())[:_LONGEST]
    is_memory = any(word in message.lower() for word in _OUT_OF_MEMORY)
    return MemoryError(message) if is_memory else Swallowed(message)
