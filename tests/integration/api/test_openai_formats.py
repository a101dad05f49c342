"""OpenAI's own SDK against the API and a worker with whisper-base: every format, checked by the SDK's
types."""

from __future__ import annotations

import io
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_server import NOTE, ApiServer, running_api
from openai import AsyncOpenAI, BadRequestError, NotFoundError, OpenAI
from openai.types.audio import (
    Transcription,
    TranscriptionTextDeltaEvent,
    TranscriptionTextDoneEvent,
    TranscriptionVerbose,
    Translation,
    TranslationVerbose,
)
from worker_lab import MEETING, WorkerLab

FILE = ("note.ogg", NOTE)


@pytest.fixture(scope="module")
def service(valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    root = tmp_path_factory.mktemp("openai")
    lab = WorkerLab(root, valkey, asr_engine="faster-whisper", asr_model="whisper-base")
    lab.client.flushall()
    try:
        with running_api(valkey, root) as api:
            lab.worker()
            yield api
    finally:
        lab.close()


@pytest.fixture
def sdk(service: ApiServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{service.url}/v1", api_key="anything") as client:
        yield client


def transcribed(sdk: OpenAI, response_format: Any, **fields: Any) -> bytes:
    """Return the raw body."""
    create = sdk.audio.transcriptions.with_raw_response.create
    return create(file=FILE, model="whisper-1", response_format=response_format, **fields).content


def test_json(sdk: OpenAI) -> None:
    answer = sdk.audio.transcriptions.create(file=FILE, model="whisper-1")
    assert isinstance(answer, Transcription)
    assert len(answer.text) > 10
    strict = Transcription.model_validate_json(transcribed(sdk, "json"), strict=True)
    assert strict.text == answer.text
    assert strict.usage is not None and strict.usage.type == "duration"
    assert 9 < strict.usage.seconds < 11


def test_text_and_subtitles_are_plain_bodies(sdk: OpenAI) -> None:
    whole = sdk.audio.transcriptions.create(file=FILE, model="whisper-1").text
    text = sdk.audio.transcriptions.create(file=FILE, model="whisper-1", response_format="text")
    assert text == f"{whole}\n"
    srt = sdk.audio.transcriptions.create(file=FILE, model="whisper-1", response_format="srt")
    assert re.match(r"1\n00:00:0\d,\d{3} --> 00:00:\d\d,\d{3}\n\S", srt)
    vtt = sdk.audio.transcriptions.create(file=FILE, model="whisper-1", response_format="vtt")
    assert re.match(r"WEBVTT\n\n00:00:0\d\.\d{3} --> 00:00:\d\d\.\d{3}\n\S", vtt)


@pytest.mark.parametrize(
    ("granularities", "has_segments", "has_words"),
    [
        (None, True, False),
        (["segment"], True, False),
        (["word"], False, True),
        (["word", "segment"], True, True),
    ],
)
def test_verbose_json(
    sdk: OpenAI, granularities: list[Any] | None, has_segments: bool, has_words: bool
) -> None:
    fields = {"timestamp_granularities": granularities} if granularities else {}
    raw = transcribed(sdk, "verbose_json", **fields)
    answer = TranscriptionVerbose.model_validate_json(raw, strict=True)
    assert answer.language == "chinese"
    assert 9 < answer.duration < 11
    assert (answer.segments is not None, answer.words is not None) == (has_segments, has_words)
    for parts in filter(None, (answer.segments, answer.words)):
        times = [time for part in parts for time in (part.start, part.end)]
        assert times == sorted(times) and 0 <= times[0] < times[-1] <= answer.duration
    for segment in answer.segments or ():
        assert segment.text in answer.text
        assert 0 < segment.compression_ratio < 2.4


def test_a_translation_is_english(sdk: OpenAI) -> None:
    create = sdk.audio.translations.with_raw_response.create
    plain = create(file=FILE, model="whisper-1")
    answer = Translation.model_validate_json(plain.content, strict=True)
    assert answer.text.isascii() and len(answer.text.split()) > 5
    raw = create(file=FILE, model="whisper-base", response_format="verbose_json")
    assert raw.headers["x-voxq-cache"] == "hit", "only the format differs"
    verbose = TranslationVerbose.model_validate_json(raw.content, strict=True)
    assert (verbose.text, verbose.language) == (answer.text, "english")
    assert verbose.segments
    assert raw.http_response.json()["task"] == "translate"


def test_a_stream_sends_pieces_of_the_text_and_then_all_of_it(sdk: OpenAI) -> None:
    options: Any = {"batch_size": 8, "cache": False}
    stream = sdk.audio.transcriptions.create(
        file=MEETING, model="whisper-1", stream=True, extra_body=options, language="zh"
    )
    events = list(stream)
    deltas = [event for event in events if isinstance(event, TranscriptionTextDeltaEvent)]
    assert [event.type for event in events] == ["transcript.text.delta"] * len(deltas) + [
        "transcript.text.done"
    ]
    done = events[-1]
    assert isinstance(done, TranscriptionTextDoneEvent)
    assert len(deltas) > 1, "the meeting has several chunks"
    assert "".join(event.delta for event in deltas) == done.text


def test_a_finished_result_is_streamed_at_once_as_valid_events(service: ApiServer, sdk: OpenAI) -> None:
    transcribed(sdk, "json")
    answer = service.http.post("/v1/audio/transcriptions", files={"file": FILE}, data={"stream": "true"})
    assert answer.headers["x-voxq-cache"] == "hit"
    *data, done = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
    assert done == "[DONE]"
    TranscriptionTextDeltaEvent.model_validate_json(data[0], strict=True)
    TranscriptionTextDoneEvent.model_validate_json(data[1], strict=True)


def test_an_upload_without_a_name_is_detected_by_its_content(sdk: OpenAI) -> None:
    assert sdk.audio.transcriptions.create(file=io.BytesIO(NOTE), model="whisper-1").text


async def test_the_asynchronous_sdk(service: ApiServer) -> None:
    async with AsyncOpenAI(base_url=f"{service.url}/v1", api_key="anything") as sdk:
        assert (await sdk.audio.transcriptions.create(file=FILE, model="whisper-base")).text
        stream = await sdk.audio.transcriptions.create(file=FILE, model="whisper-base", stream=True)
        assert [event.type async for event in stream][-1] == "transcript.text.done"


def test_curl_with_the_file_first_and_fields_of_every_kind(service: ApiServer, tmp_path: Path) -> None:
    (tmp_path / "note").write_bytes(NOTE)
    fields = (
        "file=@note;type=application/octet-stream",
        "model=whisper-1",
        "timestamp_granularities=word",
        "timestamp_granularities[]=segment",
        'chunking_strategy={"type": "server_vad", "threshold": 0.5}',
        "temperature=0.2",
        "include[]=logprobs",
        "languages[]=zh",
        "keywords[]=天气",
        "response_format=verbose_json",
    )
    command = ["curl", "-sS", "-m", "60", f"{service.url}/v1/audio/transcriptions"]
    for field in fields:
        command += ["-F", field]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=90, check=True)
    answer = TranscriptionVerbose.model_validate_json(done.stdout, strict=True)
    assert answer.segments and answer.words


def test_models_are_listed(sdk: OpenAI) -> None:
    models = sdk.models.list()
    assert models.object == "list"
    assert models.data[0].id == "whisper-base"
    assert sdk.models.retrieve("whisper-1").id == "whisper-base"
    assert sdk.models.retrieve("Systran/faster-whisper-base").id == "whisper-base"
    with pytest.raises(NotFoundError, match=r"There are: whisper-base.*, hibari"):
        sdk.models.retrieve("no/such/model")


def test_an_invalid_recording_is_a_client_error(sdk: OpenAI) -> None:
    with pytest.raises(BadRequestError) as caught:
        sdk.audio.transcriptions.create(file=("x.wav", b"no sound at all"), model="whisper-1")
    assert (caught.value.code, caught.value.param) == ("undecodable", "file")
    assert "not a supported format" in caught.value.message
    assert caught.value.request_id
