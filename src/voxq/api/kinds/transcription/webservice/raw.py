"""Raw samples as a file: clients such as Bazarr decode a film themselves and send nothing but samples."""

from __future__ import annotations

import struct

from voxq.speech.audio import SAMPLE_RATE

_UNKNOWN = 0xFFFF_FFFF
"""Length in a WAV header that was written before the samples: they go on to the end of the file."""
_BYTES_PER_SAMPLE = 2
_FORMAT_CHUNK_BYTES = 16
_PCM = 1
_MONO = 1
_FILES = (b"RIFF", b"OggS", b"fLaC", b"ID3", b"\x1aE\xdf\xa3")
"""Beginnings of files. Samples begin like one of them once in millions of recordings."""

HEADER = struct.pack(
    "<4sI4s4sIHHIIHH4sI",
    b"RIFF",
    _UNKNOWN,
    b"WAVE",
    b"fmt ",
    _FORMAT_CHUNK_BYTES,
    _PCM,
    _MONO,
    SAMPLE_RATE,
    SAMPLE_RATE * _BYTES_PER_SAMPLE,
    _BYTES_PER_SAMPLE,
    8 * _BYTES_PER_SAMPLE,
    b"data",
    _UNKNOWN,
)
"""Header that makes a WAV file of the samples after it: signed 16 bits, little-endian, mono, 16 kHz."""


def header_for(first: bytes) -> bytes:
    """Return the header for raw samples that begin with these bytes; none for a file.

    A client that promises samples and sends a file would otherwise get the text of its noise.
    """
    is_file = first.startswith(_FILES) or first[4:8] == b"ftyp"
    return b"" if is_file else HEADER
