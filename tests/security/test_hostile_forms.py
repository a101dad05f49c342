"""Forms that were slow to parse once: other clients would wait meanwhile."""

from __future__ import annotations

import time

import pytest

from voxq.api.submission.form import FormReader
from voxq.core.refusal import Refusal

HEAD = b'--xyz\r\nContent-Disposition: form-data; name="audio"\r\n\r\n'


@pytest.mark.parametrize("near", [b"\r\n--xyX", b"\r\n--xy", b"\r\n--", b"\r\n", b"\r", b"-"])
def test_bytes_that_resemble_a_boundary_take_no_longer_than_others(near: bytes) -> None:
    """Half a megabyte in one piece, during which no other client is served."""
    body = HEAD + near * ((512 << 10) // len(near)) + b"\r\n--xyz--\r\n"
    reader = FormReader("multipart/form-data; boundary=xyz", "audio")
    started = time.thread_time()
    reader.feed(body)
    assert time.thread_time() - started < 0.05
    assert reader.pending == len(body) - len(HEAD) - len(b"\r\n--xyz--\r\n")


@pytest.mark.parametrize("filling", [";", "; a=b", '; a="\\"', "; boundary=xyz", " "])
def test_a_long_content_type_is_refused_unread(filling: str) -> None:
    started = time.thread_time()
    with pytest.raises(Refusal, match="boundary"):
        FormReader("multipart/form-data" + filling * 100_000, "audio")
    assert time.thread_time() - started < 0.1
