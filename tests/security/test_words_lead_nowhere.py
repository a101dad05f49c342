"""Clients' strings that are addresses or paths: nothing is fetched, opened or run because of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import cycle
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_server import NOTE, tone
from attack import Listener, OpenedFiles, addresses, listener
from attacked import Attacked
from hypothesis import given
from hypothesis import strategies as st

from voxq.core.task import is_short_id, is_task_id
from voxq.storage.blobs.files import FileBlobs

NATIVE = (
    *("language", "model", "batch_size", "hotwords", "priority", "cache", "callback", "timestamps"),
    *("use_vad", "use_punc", "use_itn", "audio_track", "channels"),
    # Endpoints that other services have and this one must not have.
    *("url", "audio_url", "file_url", "file_path", "webhook", "output", "config", "__proto__", "audio[]"),
)
OPENAI = (
    *("model", "language", "prompt", "response_format", "temperature", "timestamp_granularities[]", "stream"),
    *(
        "chunking_strategy",
        "keywords[]",
        "languages[]",
        "known_speaker_references[]",
        "include[]",
        "hotwords",
    ),
)
SPOKEN = (
    *("text", "voice", "model", "language", "speed", "format", "sample_rate", "normalise", "priority"),
    *("callback", "ref_audio", "ref_text", "voice_url", "file"),
)
SPEECH = ("input", "voice", "model", "instructions", "response_format", "speed", "stream_format", "language")
HEADERS = (
    *("Host", "Referer", "Origin", "X-Forwarded-For", "X-Forwarded-Host", "X-Original-URL", "X-Rewrite-URL"),
    *("Forwarded", "Range", "If-Range", "Last-Event-ID", "Idempotency-Key", "Accept", "X-Request-ID"),
)


@pytest.fixture
def bait(tmp_path: Path) -> Path:
    path = tmp_path / "bait.wav"
    path.write_bytes(tone(1))
    return path


@pytest.fixture
def port() -> Iterator[Listener]:
    with listener() as ours:
        yield ours


def test_the_trap_would_be_detected(port: Listener, bait: Path) -> None:
    """A reader of the addresses or paths would be noticed."""
    with OpenedFiles(bait.parent) as opened:
        bait.read_bytes()
        assert opened.names() == {bait.name}
    with pytest.raises(httpx.HTTPError):
        httpx.get(addresses(port.port, bait)[0], trust_env=False, timeout=5)
    assert port.heard[0].startswith(b"GET /x.wav")


def test_no_client_string_is_fetched_opened_or_run(
    service: Attacked, anna: httpx.Client, port: Listener, bait: Path
) -> None:
    words = addresses(port.port, bait)
    accepted: set[tuple[str, str]] = set()
    with OpenedFiles(bait.parent) as opened:
        for answer in _asked_with(anna, words):
            assert answer.status_code < 500, answer.text
            if answer.status_code == 200 and answer.request.method == "POST":
                accepted |= set(_tasks(answer))
        assert len(accepted) > 20, "enough of it is taken to be followed, if anything were"
        for kind, task_id in accepted:
            result = anna.get(f"/api/v1/{kind}/result/{task_id}", params={"wait": 60}).json()
            assert result["status"] == "done" or result["code"], result
        assert opened.names() == set()
    assert port.heard == []


def _asked_with(client: httpx.Client, words: list[str]) -> Iterator[httpx.Response]:
    """Return each field of each family with each of the strings, or with some of them in turn if there are
    many."""
    turns = cycle(words)
    for word in words:
        yield _form(client, "/api/v1/asr/submit", "audio", {}, filename=word)
        yield client.post("/api/v1/tts/submit", json={"text": f"Go to {word}."})
        yield client.post("/api/v1/tts/submit", json={"text": "Hello.", "voice": word})
        yield client.post("/api/v1/tts/submit", json={"text": "Hello.", "callback": word})
        yield _form(client, "/api/v1/asr/submit", "audio", {"hotwords": word})
        yield _form(client, "/api/v1/asr/submit", "audio", {"callback": word})
        yield _form(client, "/api/v1/asr/submit", "audio", {"model": word})
        yield _form(client, "/v1/audio/transcriptions", "file", {"prompt": word})
        for place in ("asr/result", "asr/audio", "asr/events", "tts/audio", "tts/result"):
            yield client.get(f"/api/v1/{place}/{_quoted(word)}")
        yield client.post(f"/api/v1/asr/retry/{_quoted(word)}")
        yield client.delete(f"/api/v1/tts/task/{_quoted(word)}")
        yield client.get(f"/v1/models/{_quoted(word)}")
        yield client.get(f"/api/v1/tts/voices/{_quoted(word)}/sample")
        yield client.get(f"/api/v1/tts/audio/{_quoted(word)}", params={"stream": word})
        yield client.get("/api/v1/asr/history", params={"status": word})
    for name in NATIVE:
        yield _form(client, "/api/v1/asr/submit", "audio", {name: next(turns)})
    for name in OPENAI:
        yield _form(client, "/v1/audio/transcriptions", "file", {name: next(turns)})
    for name in SPOKEN:
        yield client.post("/api/v1/tts/submit", json={"text": "Hello.", name: next(turns)})
        yield client.post("/api/v1/tts/batch", json={"texts": ["Hello."], name: next(turns)})
        yield client.post("/api/v1/tts/submit", json={"text": "Hello.", name: {"id": next(turns)}})
    for name in SPEECH:
        body = {"input": "Hello.", "voice": "heart", "model": "hibari", name: next(turns)}
        yield client.post("/v1/audio/speech", json=body)
    for name in HEADERS:
        header = {name: next(turns).replace("\0", "")}
        yield client.get("/api/v1/asr/history", headers=header)
        yield client.post("/api/v1/tts/submit", json={"text": "Hello."}, headers=header)


def _form(
    client: httpx.Client, path: str, file: str, fields: Mapping[str, str], filename: str = "note"
) -> httpx.Response:
    return client.post(path, files={file: (filename, NOTE)}, data=fields)


def _tasks(answer: httpx.Response) -> Iterator[tuple[str, str]]:
    """Return kind and id of the accepted tasks."""
    path = answer.request.url.path
    kind = "tts" if "/tts/" in path else "asr"
    if path.startswith("/v1/"):
        if "audio/speech" not in path:
            yield kind, answer.headers["x-voxq-task"]
        return
    told: dict[str, Any] = answer.json()
    yield from ((kind, task["task_id"]) for task in told.get("tasks", [told]))


def _quoted(word: str) -> str:
    return "".join(f"%{byte:02x}" for byte in word.encode())


IDS = st.one_of(
    st.text(max_size=40),
    st.from_regex(r"[0-9a-z_./%\-\n]{0,30}"),
    st.from_regex(r"20\d\d-1[0-2]-[0-3]\d_\d{3,9}_[a-z0-9]{5,13}(\n|\x00|/\.\.|\.json)?"),
)


@given(IDS)
def test_accepted_ids_are_plain_names(text: str) -> None:
    """Ids become file names and Redis keys."""
    if is_task_id(text) or is_short_id(text):
        assert text.isascii()
        assert text.replace("-", "").replace("_", "").isalnum()
        assert text.lower() == text


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> FileBlobs:
    directory = tmp_path_factory.mktemp("storage")
    return FileBlobs(directory / "recordings", directory / "incoming")


@given(st.text(max_size=60) | IDS.map(lambda text: f"{text}.wav") | IDS.map(lambda text: f"../{text}.ogg"))
def test_no_name_leaves_the_directory_of_recordings(recordings: FileBlobs, text: str) -> None:
    home = recordings.path("2025-12-01_001_abc123abc123.wav").parent
    try:
        path = recordings.path(text)
    except ValueError:
        return
    assert path.parent == home
    assert path.name == text
