"""Errors that sherpa-onnx only writes down."""

from __future__ import annotations

import os

import pytest

from voxq.engines.contract import ChunkError
from voxq.engines.recognise.sherpa_onnx.engine import Heard
from voxq.engines.recognise.sherpa_onnx.failures import Swallowed, caught_in

HEADER = (
    "/project/sherpa-onnx/csrc/offline-recognizer-paraformer-impl.h:DecodeStreams:187 \n\nCaught exception:"
)


def written(text: str) -> Exception | None:
    """What is found if this is written to standard error."""
    with caught_in() as caught:
        os.write(2, text.encode())
        assert caught.error is None
    return caught.error


@pytest.mark.parametrize("text", ["", "Only waves less than 30 seconds are supported", "\xff\n"])
def test_other_lines_are_no_errors(text: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert written(text) is None
    assert capfd.readouterr().err == text


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Non-zero status code returned while running MatMul node.", "engine_error"),
        ("std::bad_alloc", "out_of_memory"),
        ("Failed to allocate memory for requested buffer of size 4096", "out_of_memory"),
        ("CUDA failure 2: out of memory", "out_of_memory"),
    ],
)
def test_an_error_is_found(message: str, code: str, capfd: pytest.CaptureFixture[str]) -> None:
    text = f"before\n{HEADER}\n\n{message}\n\nReturn an empty result\n"
    error = written(text)
    assert error is not None
    assert message.split()[0] in str(error)
    assert isinstance(error, MemoryError if code == "out_of_memory" else Swallowed)
    assert ChunkError.of(error).code == code
    assert capfd.readouterr().err == text


def test_an_exception_passes_and_standard_error_is_as_before(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="mine"), caught_in():
        os.write(2, b"within\n")
        raise ValueError("mine")
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "within\nafter\n"


def test_nothing_heard_is_neither_text_nor_a_tag() -> None:
    assert Heard(" ").is_nothing
    assert Heard("", tags=("", "", "")).is_nothing
    assert not Heard("", tags=("<|zh|>", "", "")).is_nothing
    assert not Heard("a").is_nothing
