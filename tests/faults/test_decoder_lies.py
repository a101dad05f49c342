"""Lies of a decoder that a hostile recording has taken over: they harm only the task of that recording."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from runs import task_run_of
from task_lab import make_task

from voxq.core import strict_json
from voxq.processes.child import Child
from voxq.processes.media import protocol
from voxq.speech.chunking import Chunking
from voxq.worker.media import media_link
from voxq.worker.media.media_link import MediaFailed, MediaLink
from voxq.worker.runs.task_run import TaskRun

SUPPORT = Path(__file__).parents[1] / "support"
Told = Callable[[str], tuple[TaskRun, Any]]

CHUNKS = {"op": "chunks", "chunks": [[0, 16000]], "decoded": 1.0}
PREPARED = {"op": "prepared", "duration": 1.0, "decode_seconds": 0.1, "vad_seconds": 0.1}
TRACK = {"index": 0, "codec": "aac", "language": "en", "title": None, "channels": 1, "default": True}
LIES = {
    "far beyond": CHUNKS | {"chunks": [[0, 10**12]]},
    "beyond all numbers": CHUNKS | {"chunks": [[0, 10**400]]},
    "backwards": CHUNKS | {"chunks": [[16000, 0]]},
    "before the start": CHUNKS | {"chunks": [[-16000, 0]]},
    "overlapping": CHUNKS | {"chunks": [[0, 16000], [8000, 24000]]},
    "of a sample each": CHUNKS | {"chunks": [[n, n + 1] for n in range(1000)]},
    "decoded for ever": CHUNKS | {"decoded": 1e300},
    "no time at all": CHUNKS | {"decoded": float("nan")},
    "a negative duration": PREPARED | {"duration": -5.0},
    "an endless duration": PREPARED | {"duration": 1e12},
    "an infinite duration": PREPARED | {"duration": float("inf")},
    "channels that begin nowhere": PREPARED | {"channel_starts": [0, 10**12]},
    "channels that begin backwards": PREPARED | {"channel_starts": [16000, 0]},
    "no channels": PREPARED | {"channel_starts": []},
    "a thousand tracks": PREPARED | {"tracks": [TRACK] * 500},
    "a title without end": PREPARED | {"tracks": [TRACK | {"title": "x" * 1000}]},
    "a codec without end": PREPARED | {"tracks": [TRACK | {"codec": "x" * 1000}]},
    "a novel": {"op": "failed", "code": "x", "message": "x" * 100_000},
    "half a character": {"op": "failed", "code": "x", "message": "\ud800"},
    "a result of another process": {"op": "result", "batch": "1", "seconds": 1.0, "items": []},
    "nothing known": {"op": "rm -rf"},
}


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Return what the worker concludes when its decoder sends this message, word for word, about the task in
    progress."""

    def tell(lie: str) -> tuple[TaskRun, Any]:
        task = make_task()
        task_run = task_run_of(task, tmp_path)
        message = lie.replace("THE-ID", task.id).encode()

        def start(module: str) -> Child:
            framed = struct.pack("!i", len(message)) + message
            return Child.start("lying_child", [framed.hex()], {"PYTHONPATH": str(SUPPORT)})

        monkeypatch.setattr(media_link, "Child", type("Liar", (), {"start": staticmethod(start)}))
        link = MediaLink(timeout=20)
        request = protocol.Prepare(task.id, tmp_path / "a", tmp_path / "b", 100.0, Chunking())
        try:
            link.ask(task_run, request)
            heard = link.receive()
            assert heard is not None
            return task_run, heard[1]
        finally:
            link.kill()

    return tell


def sent(message: dict[str, Any]) -> str:
    return json.dumps({"id": "THE-ID", **message})


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
def test_a_decoder_that_sends_wrong_values_fails_only_its_own_task(told: Told, lie: dict[str, Any]) -> None:
    _, news = told(sent(lie)[:60_000])  # an argument has a limited length
    assert isinstance(news, MediaFailed)
    assert (news.code, news.is_crash) == ("decoder_crashed", True)
    assert len(news.message) < 200


def test_a_decoder_that_sends_right_values_is_believed(told: Told) -> None:
    _, news = told(sent(CHUNKS))
    assert [(span.start, span.end) for span in news] == [(0, 16000)]
    _, news = told(sent(PREPARED))
    assert news.duration == 1.0
    _, news = told(sent(PREPARED | {"tracks": [TRACK, TRACK | {"index": 1}], "channel_starts": [0, 8000]}))
    assert [track.index for track in news.tracks] == [0, 1]
    assert news.channel_starts == (0, 8000)


@pytest.mark.parametrize(
    "text",
    [
        *("NaN", "-Infinity", "1e999", '"\\ud800"', '{"a": ["\\udfff"]}', "1" * 30, "[" * 10**5, "", "\xff"),
        *('"\xed\xa0\x80"', '\0"\0a\0"'),  # a surrogate as bytes, and UTF-16
    ],
)
def test_json_that_could_not_be_serialised_again_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        strict_json.loads(text.encode("latin-1"))


def test_json_that_can_be_serialised_again_is_read() -> None:
    value = {"a": [1, -1.5, 2**63 - 1, "\U0001f600", "\x01", None, True], "日": {}}
    assert strict_json.loads(json.dumps(value).encode()) == value
