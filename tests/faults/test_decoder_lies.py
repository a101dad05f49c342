"""Lies of a decoder that a hostile recording has taken over: they harm only the task of that recording."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from audio import RECORDINGS
from runs import task_run_of
from task_lab import make_task

from voxq.core import strict_json
from voxq.kinds.pieces import Span
from voxq.kinds.work import Prepared
from voxq.processes.child import Child
from voxq.processes.media import pool, protocol
from voxq.processes.media.pool import ProbePool
from voxq.speech.audio import AudioError, AudioInfo
from voxq.speech.chunking import Chunking
from voxq.worker.media import media_link
from voxq.worker.media.media_link import MediaFailed, MediaLink
from voxq.worker.runs.task_run import TaskRun

SUPPORT = Path(__file__).parents[1] / "support"
Told = Callable[..., tuple[TaskRun, Any]]

CHUNKS = {"op": "chunks", "chunks": [[0, 16000]], "decoded": 1.0}
LAST = CHUNKS | {"id": "THE-ID"}
PREPARED = {"op": "prepared", "duration": 1.0, "decode_seconds": 0.1, "vad_seconds": 0.1}
TRACK = {"index": 0, "codec": "aac", "language": "en", "title": None, "channels": 1, "default": True}
SENTENCE = {"text": "Hello.", "ending": "sentence"}
LIES = {
    "far beyond": CHUNKS | {"chunks": [[0, 10**12]]},
    "beyond all numbers": CHUNKS | {"chunks": [[0, 10**400]]},
    "backwards": CHUNKS | {"chunks": [[16000, 0]]},
    "before the start": CHUNKS | {"chunks": [[-16000, 0]]},
    "overlapping": CHUNKS | {"chunks": [[0, 16000], [8000, 24000]]},
    "of a sample each": CHUNKS | {"chunks": [[n, n + 1] for n in range(1000)]},
    "divided outside of it": CHUNKS | {"rests": [8000, 24000]},
    "divided backwards": CHUNKS | {"rests": [8000, 4000]},
    "divided into samples": CHUNKS | {"rests": list(range(4000, 4100))},
    "decoded for ever": CHUNKS | {"decoded": 1e300},
    "no time at all": CHUNKS | {"decoded": float("nan")},
    "a negative duration": PREPARED | {"duration": -5.0},
    "an endless duration": PREPARED | {"duration": 1e12},
    "an infinite duration": PREPARED | {"duration": float("inf")},
    "channels that begin nowhere": PREPARED | {"channel_starts": [0, 10**12]},
    "channels that begin backwards": PREPARED | {"channel_starts": [16000, 0]},
    "no channels": PREPARED | {"channel_starts": []},
    "three channels": PREPARED | {"channel_starts": [0, 8000, 16000]},
    "last chunks far beyond": PREPARED | {"last": LAST | {"chunks": [[0, 10**12]]}},
    "last chunks that overlap": PREPARED | {"last": LAST | {"chunks": [[0, 16000], [8000, 24000]]}},
    "a thousand tracks": PREPARED | {"tracks": [TRACK] * 500},
    "a title without end": PREPARED | {"tracks": [TRACK | {"title": "x" * 1000}]},
    "a codec without end": PREPARED | {"tracks": [TRACK | {"codec": "x" * 1000}]},
    "a novel": {"op": "failed", "code": "x", "message": "x" * 10_000},
    "a code without end": {"op": "failed", "code": "x" * 1000, "message": "x"},
    "sentences of a recording": {"op": "sentences", "sentences": [SENTENCE]},
    "half a character": {"op": "failed", "code": "x", "message": "\ud800"},
    "a result of another process": {"op": "result", "batch": "1", "seconds": 1.0, "items": []},
    "nothing known": {"op": "rm -rf"},
}


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Return what the worker concludes when its decoder sends this message, word for word, about the task in
    progress."""

    def tell(lie: str, text: str = "") -> tuple[TaskRun, Any]:
        task = make_task()
        task_run = task_run_of(task, tmp_path)
        message = lie.replace("THE-ID", task.id).encode()

        def start(module: str) -> Child:
            framed = struct.pack("!i", len(message)) + message
            return Child.start("lying_child", [framed.hex()], {"PYTHONPATH": str(SUPPORT)})

        monkeypatch.setattr(media_link, "Child", type("Liar", (), {"start": staticmethod(start)}))
        link = MediaLink(timeout=20)
        request = protocol.Prepare(task.id, tmp_path / "a", tmp_path / "b", 100.0, Chunking())
        if text:
            request = protocol.Split(task.id, text)
        try:
            link.ask(task_run, request)
            heard = link.receive()
            return task_run, heard[1][-1] if heard else None
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
    _, news = told(sent(CHUNKS | {"rests": [8000]}))
    assert [(span.start, span.end, span.is_part) for span in news] == [(0, 8000, False), (8000, 16000, True)]
    _, news = told(sent(PREPARED))
    assert news.duration == 1.0
    _, news = told(sent(PREPARED | {"tracks": [TRACK, TRACK | {"index": 1}], "channel_starts": [0, 8000]}))
    assert [track.index for track in news.tracks] == [0, 1]
    assert news.channel_starts == (0, 8000)


def test_the_last_chunks_come_before_the_end(tmp_path: Path) -> None:
    """In one message, for a short recording."""
    link = MediaLink(timeout=60)
    task_run = task_run_of(make_task(), tmp_path)
    recording = RECORDINGS / "zh_note.ogg"
    try:
        link.ask(
            task_run,
            protocol.Prepare(
                task_run.task.id, recording, task_run.directory.pcm, max_seconds=100, chunking=Chunking()
            ),
        )
        heard = link.receive()
    finally:
        link.kill()
    assert heard is not None
    of, (chunks, prepared) = heard
    assert of is task_run
    assert isinstance(chunks, list)
    assert [type(chunk) for chunk in chunks] == [Span]
    assert isinstance(prepared, Prepared)
    assert abs(prepared.duration - link.decoded) < 1.0
    assert link.task_run is None


def test_an_answer_about_another_task_is_ignored(told: Told) -> None:
    _, news = told(json.dumps({"id": "2025-12-01_001_abcdef", **PREPARED}))
    assert news is None


TEXT_LIES = {
    "more than was given": {"op": "sentences", "sentences": [SENTENCE | {"text": "x" * 1000}]},
    "nothing without end": {"op": "sentences", "sentences": [SENTENCE | {"text": ""}] * 601},
    "a long excuse": {
        "op": "sentences",
        "sentences": [SENTENCE | {"skipped": [{"text": "x", "why": "x" * 1000}]}],
    },
    "silence without end": {"op": "sentences", "sentences": [SENTENCE | {"delivery": {"before": 1e9}}]},
    "a pause without end": {"op": "sentences", "sentences": [SENTENCE | {"delivery": {"pause": 1e9}}]},
    "speech that stands still": {"op": "sentences", "sentences": [SENTENCE | {"delivery": {"rate": 0.0}}]},
    "sound of a text": CHUNKS,
    "sound at the end of a text": PREPARED | {"duration": 0.0, "last": LAST},
}


@pytest.mark.parametrize("lie", TEXT_LIES.values(), ids=TEXT_LIES)
def test_a_text_becomes_no_more_than_can_be_made_of_it(told: Told, lie: dict[str, Any]) -> None:
    _, news = told(sent(lie), "Hello.")
    assert isinstance(news, MediaFailed)
    assert news.is_crash


def test_sentences_of_a_text_are_believed(told: Told) -> None:
    _, news = told(sent({"op": "sentences", "sentences": [SENTENCE]}), "Hello.")
    assert [phrase.text for phrase in news] == ["Hello."]


INFO = {
    "container": "ogg",
    "codec": "opus",
    "extension": "ogg",
    "mime": "audio/ogg",
    "duration": 1.5,
    "sample_rate": 48_000,
    "channels": 1,
}
PROBED = {"op": "probed", "id": "0", "info": INFO}
PROBE_LIES = {
    "about another recording": PROBED | {"id": "1"},
    "an answer to another question": {"op": "clipped", "id": "0", "seconds": 1.0},
    "a path": PROBED | {"info": INFO | {"extension": "../x"}},
    "a type without end": PROBED | {"info": INFO | {"mime": "x" * 1000}},
    "a codec without end": PROBED | {"info": INFO | {"codec": "x" * 1000}},
    "a negative duration": PROBED | {"info": INFO | {"duration": -1.0}},
    "a novel": {"op": "failed", "id": "0", "code": "undecodable", "message": "x" * 10_000},
    "half a message": None,
}


async def probed(message: dict[str, Any] | None, monkeypatch: pytest.MonkeyPatch) -> AudioInfo:
    """Probe with a process that sends this message, or half of one."""
    body = json.dumps(message).encode()
    told = struct.pack("!i", len(body)) + body if message else struct.pack("!i", 100) + b"half"

    def start(module: str, args: object) -> Child:
        return Child.start("lying_child", [told.hex()], {"PYTHONPATH": str(SUPPORT)})

    monkeypatch.setattr(pool, "Child", type("Liar", (), {"start": staticmethod(start)}))
    ours = ProbePool(size=1, timeout_seconds=20, max_seconds=60)
    try:
        return await ours.probe(Path("upload"), "anna")
    finally:
        await ours.close()


@pytest.mark.parametrize("lie", PROBE_LIES.values(), ids=PROBE_LIES)
async def test_a_prober_that_sends_wrong_values_refuses_only_its_upload(
    lie: dict[str, Any] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The event loop, which serves all other clients, never waits for the rest of a message."""
    delays = [0.0]

    async def others() -> None:
        while True:
            begun = monotonic()
            await asyncio.sleep(0.02)
            delays.append(monotonic() - begun)

    waiting = asyncio.create_task(others())
    with pytest.raises(AudioError) as refused:
        await probed(lie, monkeypatch)
    waiting.cancel()
    assert refused.value.code == "undecodable"
    assert len(str(refused.value)) < 200
    assert max(delays) < 4


async def test_a_prober_that_sends_right_values_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (await probed(PROBED, monkeypatch)).duration == 1.5


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
