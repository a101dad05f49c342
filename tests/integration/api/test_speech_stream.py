"""Streaming of speech during synthesis: real API processes, a real worker, and a voice that can be held
back."""

from __future__ import annotations

import contextlib
import io
import json
import time
from collections.abc import Callable, Iterator
from itertools import cycle
from pathlib import Path

import av
import httpx
import numpy as np
import psutil
import pytest
from api_server import ApiServer, running_api
from counting_voice import LETTER_SECONDS, RATE
from worker_lab import WorkerLab, wait_for

from voxq.core.task import Task
from voxq.queue.keys import EVENTS_CHANNEL
from voxq.speech.audio import SPEECH_FORMATS

READY = "This is said at once. It is heard while the rest is not yet made."
HELD = f"{READY} And this was gated."
READY_SECONDS = (len(READY) - 1) * LETTER_SECONDS + 0.6
HEADER = 64
"""Bytes of a file that contain its length if it is known."""


class Place:
    """Two API processes and a worker with one storage."""

    def __init__(self, lab: WorkerLab, apis: list[ApiServer]) -> None:
        self.lab = lab
        self.apis = apis
        self._turns = cycle(apis)

    def listen(self, task: Task) -> contextlib.AbstractContextManager[httpx.Response]:
        """Request the stream from the next process in turn."""
        return next(self._turns).http.stream("GET", f"/api/v1/tts/audio/{task.id}", params={"stream": "true"})

    def file_of(self, task: Task) -> bytes:
        return self.lab.parts.blobs.path(task.file).read_bytes()


@pytest.fixture(scope="module")
def place(valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Start one service for all of these tests; other tests do not run at the same time."""
    directory = tmp_path_factory.mktemp("streamed")
    lab = WorkerLab(directory, valkey, max_inflight=2)
    lab.client.flushall()
    settings = {"API_KEYS": "anna:anna-anna", "MAX_RECORDINGS": "1000"}
    with contextlib.ExitStack() as stack:
        stack.callback(lab.close)
        apis = [stack.enter_context(running_api(valkey, directory, **settings)) for _ in range(2)]
        for api in apis:
            api.http.headers["Authorization"] = "Bearer anna-anna"
        lab.worker()
        yield Place(lab, apis)


@pytest.fixture(autouse=True)
def gate(place: Place) -> Iterator[Callable[[], None]]:
    """Open the gate: it is closed at first, and open in the end, so that nothing is left waiting."""
    place.lab.close_gate()
    yield place.lab.open_gate
    place.lab.open_gate()


def seconds_of(heard: bytes, format: str) -> float:
    """Return the seconds that can be decoded from a part of a file."""
    if format == "pcm":
        return len(heard) / 2 / RATE
    seconds = 0.0
    with contextlib.suppress(av.FFmpegError), av.open(io.BytesIO(heard)) as container:
        for frame in container.decode(audio=0):
            seconds += frame.samples / frame.sample_rate
    return seconds


def decoded(data: bytes, format: str) -> np.ndarray:
    if format == "pcm":
        return np.frombuffer(data, "<i2")
    with av.open(io.BytesIO(data)) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


@pytest.mark.parametrize("format", SPEECH_FORMATS)
def test_sentences_are_streamed_before_the_last_one_is_spoken(
    place: Place, gate: Callable[[], None], format: str
) -> None:
    task = place.lab.submit_text(HELD, format=format)
    with place.listen(task) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == SPEECH_FORMATS[format]
        assert answer.headers["transfer-encoding"] == "chunked"
        assert "content-length" not in answer.headers
        pieces = answer.iter_raw()
        heard = b""
        while seconds_of(heard, format) < READY_SECONDS - 0.25:  # the codec may hold these back
            heard += next(pieces)
        assert place.lab.document(task)["status"] == "processing"
        if format == "wav":
            assert heard[4:8] == heard[40:44] == b"\xff" * 4
        gate()
        heard += b"".join(pieces)
    place.lab.wait_for_ends([task])
    file = place.file_of(task)
    assert heard[HEADER:] == file[HEADER:]
    assert np.array_equal(decoded(heard, format), decoded(file, format))
    whole = place.apis[0].http.get(f"/api/v1/tts/audio/{task.short_id}", params={"stream": "true"})
    assert whole.content == file, "afterwards it is a file like any other"
    assert int(whole.headers["content-length"]) == len(file)


def test_an_event_follows_whenever_more_can_be_played(place: Place, gate: Callable[[], None]) -> None:
    """An event follows the bytes, although the engine has nothing else to report yet."""
    lab = place.lab
    with lab.client.pubsub(ignore_subscribe_messages=True) as subscription:
        subscription.subscribe(EVENTS_CHANNEL)
        task = lab.submit_text(HELD, format="pcm")
        deadline = time.monotonic() + 30
        heard = 0
        while heard < READY_SECONDS * RATE * 2:
            assert time.monotonic() < deadline
            message = subscription.get_message(timeout=1.0)
            if message and json.loads(message["data"])["task_id"] == task.id:
                file = lab.parts.work.speech(task.id, task.run)
                heard = file.stat().st_size if file else 0
    gate()
    lab.wait_for_ends([task])


def test_killed_processes_cause_no_gap_in_the_stream(place: Place, gate: Callable[[], None]) -> None:
    """First the joining process dies, then the worker; another worker writes the file from the start."""
    lab = place.lab
    task = lab.submit_text(HELD, format="mp3")
    with place.listen(task) as answer:
        pieces = answer.iter_raw()
        heard = next(pieces)
        dying = lab.workers[-1]
        dying.helper("joiner").kill()
        wait_for(lambda: "code=encoder_crashed" in dying.log or len(dying.helpers("joiner")) == 1, "its heir")
        dying.kill()
        gate()
        lab.let_claims_expire()
        lab.worker(2)
        heard += b"".join(pieces)
    (outcome,) = lab.wait_for_ends([task])
    assert outcome.status == "done"
    assert heard == place.file_of(task)
    undisturbed = lab.submit_text(HELD, format="mp3")
    lab.wait_for_ends([undisturbed])
    assert place.file_of(undisturbed) == heard


@pytest.mark.parametrize("how", ["it fails", "it is cancelled"])
def test_a_failed_stream_has_no_regular_end(place: Place, gate: Callable[[], None], how: str) -> None:
    lab = place.lab
    text = f"{READY} And this was gated foreign."
    task = lab.submit_text(text, format="opus")
    with place.listen(task) as answer:
        pieces = answer.iter_raw()
        assert next(pieces)
        if how == "it is cancelled":
            assert lab.parts.control("tts", lab.client).cancel(task.id)
        gate()
        with pytest.raises(httpx.RemoteProtocolError):
            for _ in pieces:
                pass
    with place.listen(task) as answer:
        answer.read()
        status, code = (409, "cancelled") if how == "it is cancelled" else (500, "language_unavailable")
        assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_failure_before_the_first_byte_is_an_error_response(place: Place, gate: Callable[[], None]) -> None:
    task = place.lab.submit_text("This was gated foreign.")
    with contextlib.ExitStack() as stack:
        gate()
        answer = stack.enter_context(place.listen(task))
        answer.read()
    assert (answer.status_code, answer.json()["code"]) == (500, "language_unavailable")
    unknown = place.apis[0].http.get("/api/v1/tts/audio/abc123", params={"stream": "true"})
    assert unknown.status_code == 404


def test_a_listener_that_disconnects_leaves_nothing_behind(place: Place, gate: Callable[[], None]) -> None:
    """The client disconnects before the first byte, or in the middle."""
    lab = place.lab
    task = lab.submit_text(f"This was gated. {READY}", format="flac")
    with pytest.raises(httpx.ReadTimeout):
        place.apis[0].http.get(f"/api/v1/tts/audio/{task.id}", params={"stream": "true"}, timeout=0.5)
    gate()
    (outcome,) = lab.wait_for_ends([task])
    assert outcome.status == "done"

    lab.close_gate()
    task = lab.submit_text(HELD, format="flac")
    listeners = [api.http.stream("GET", f"/api/v1/tts/audio/{task.id}?stream=true") for api in place.apis * 3]
    for listener in listeners:
        with listener as answer:
            next(answer.iter_raw())
            assert place.lab.parts.work.speech(task.id, 1) is not None
    for api in place.apis:
        wait_for(lambda api=api: not _speech_files(api), "the end of its readers", 20)
    gate()
    (outcome,) = lab.wait_for_ends([task])
    assert outcome.status == "done"
    assert outcome.attempts == 1


def test_a_waiting_listener_sends_no_commands_to_redis(place: Place, gate: Callable[[], None]) -> None:
    """The stream is woken by events and does not poll Redis."""
    task = place.lab.submit_text(HELD)
    with place.listen(task) as answer, place.listen(task) as other:
        next(answer.iter_raw())
        next(other.iter_raw())
        listened = min(_scripts_per_second(place) for _ in range(3))  # the first includes the start
    alone = min(_scripts_per_second(place) for _ in range(2))
    assert listened < alone + 2, "two listeners that look once a second would be more"


def _scripts_per_second(place: Place) -> float:
    began = time.monotonic()
    before = place.lab.client.info("commandstats")["cmdstat_evalsha"]["calls"]
    time.sleep(3)
    after = place.lab.client.info("commandstats")["cmdstat_evalsha"]["calls"]
    return (after - before) / (time.monotonic() - began)


def _speech_files(api: ApiServer) -> list[str]:
    files = psutil.Process(api.process.pid).open_files()
    return [Path(file.path).name for file in files if "speech-" in file.path or "/recordings/" in file.path]
