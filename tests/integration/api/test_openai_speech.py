"""OpenAI's own clients against the API, with the embedded voice, checked by recognition with whisper-base."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import av
import numpy as np
import pytest
from api_server import ApiServer, running_api
from npm_sdk import speech_and_text
from openai import AsyncOpenAI, OpenAI
from openai.types.audio import speech_create_params
from worker_lab import WorkerLab

from _error_rate import word_error_rate
from voxq.speech.audio import SPEECH_FORMATS, Samples

TEXT = "The old lighthouse stood on the hill. Nobody had lived there for ten years, or so they said."
ENGLISH = (
    "Please bring the blue folder to the meeting, and tell Martin that the printer is broken again. "
    "If it rains tomorrow, we will take the bus instead of walking to the station."
)
RATES = {"mp3": 24_000, "opus": 24_000, "aac": 24_000, "flac": 24_000, "wav": 24_000}
OPENAI_VOICES = [
    name for part in get_args(speech_create_params.Voice) for name in get_args(part) if isinstance(name, str)
]


@pytest.fixture(scope="module")
def service(valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    root = tmp_path_factory.mktemp("speech")
    lab = WorkerLab(root, valkey, asr_engine="faster-whisper", asr_model="whisper-base", max_inflight=4)
    lab.client.flushall()
    try:
        with running_api(valkey, root, MAX_RECORDINGS="100") as api:
            lab.worker()
            yield api
    finally:
        lab.close()


@pytest.fixture
def sdk(service: ApiServer) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{service.url}/v1", api_key="anything") as client:
        yield client


def spoken(sdk: OpenAI, text: str = TEXT, **fields: Any) -> bytes:
    return sdk.audio.speech.create(**{"input": text, "model": "hibari", "voice": "alloy"} | fields).content


def decoded(data: bytes) -> tuple[Samples, int]:
    """Return samples of shape (n,) and their rate."""
    with av.open(io.BytesIO(data)) as container:
        resampler = av.AudioResampler("fltp", "mono")
        frames = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]), frames[0].sample_rate


def pcm(data: bytes) -> Samples:
    return np.frombuffer(data, "<i2").astype(np.float32) / 32768


@pytest.mark.parametrize("format", RATES)
def test_every_format_can_be_played(sdk: OpenAI, format: Any) -> None:
    reference = pcm(spoken(sdk, response_format="pcm"))
    with sdk.audio.speech.with_streaming_response.create(
        input=TEXT, model="hibari", voice="alloy", response_format=format
    ) as answer:
        assert answer.headers["content-type"] == SPEECH_FORMATS[format]
        samples, rate = decoded(b"".join(answer.iter_bytes()))
    assert rate in (RATES[format], 48_000)
    assert len(samples) / rate == pytest.approx(len(reference) / 24_000, abs=0.15)
    loudness = [20 * np.log10(np.sqrt((each**2).mean())) for each in (samples, reference)]
    assert loudness[0] == pytest.approx(loudness[1], abs=1.5)
    assert -30 < loudness[0] < -15


def test_mp3_is_the_default_and_the_file_is_complete(sdk: OpenAI, tmp_path: Path) -> None:
    answer = sdk.audio.speech.create(input=TEXT, model="hibari", voice="alloy")
    answer.write_to_file(tmp_path / "speech.mp3")
    with av.open(tmp_path / "speech.mp3") as container:
        assert container.format.name == "mp3"


def test_speed_changes_the_duration(sdk: OpenAI) -> None:
    usual, fast = (spoken(sdk, response_format="pcm", speed=speed) for speed in (1.0, 2.0))
    assert len(fast) == pytest.approx(len(usual) / 2, rel=0.1)


def test_all_of_openais_voices_speak(sdk: OpenAI) -> None:
    assert len(OPENAI_VOICES) == 13
    for voice in OPENAI_VOICES:
        assert spoken(sdk, "Hello.", voice=voice)
    assert spoken(sdk, "Hello.", voice={"id": "heart"})


def test_spoken_texts_are_recognised(sdk: OpenAI) -> None:
    sound = spoken(sdk, ENGLISH)
    heard = sdk.audio.transcriptions.create(file=("speech.mp3", sound), model="whisper-1", language="en")
    assert word_error_rate(ENGLISH, heard.text) <= 0.05, heard.text


async def test_the_asynchronous_sdk(service: ApiServer) -> None:
    async with AsyncOpenAI(base_url=f"{service.url}/v1", api_key="anything") as sdk:
        create = sdk.audio.speech.with_streaming_response.create
        async with create(input=TEXT, model="hibari", voice="nova", response_format="pcm") as answer:
            pieces = [piece async for piece in answer.iter_bytes()]
    assert len(pcm(b"".join(pieces))) > 3 * 24_000


def test_speech_models_are_listed(sdk: OpenAI) -> None:
    assert {"whisper-base", "hibari"} <= {model.id for model in sdk.models.list()}
    assert sdk.models.list().data[0].id == "whisper-base"
    assert sdk.models.retrieve("hibari").id == "hibari"
    assert sdk.models.retrieve("tts-1").id in ("hibari", "kokoro")


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")
def test_curl(service: ApiServer, tmp_path: Path) -> None:
    request = {"model": "hibari", "input": TEXT, "voice": "alloy", "response_format": "wav"}
    command = ["curl", "-sS", "-f", "-m", "60", f"{service.url}/v1/audio/speech"]
    command += ["-H", "Authorization: Bearer anything", "-H", "Content-Type: application/json"]
    command += ["-d", json.dumps(request), "-o", "speech.wav"]
    subprocess.run(command, cwd=tmp_path, timeout=90, check=True)
    samples, rate = decoded((tmp_path / "speech.wav").read_bytes())
    assert rate == 24_000 and len(samples) > 3 * rate


def test_the_javascript_sdk(service: ApiServer, tmp_path: Path) -> None:
    """Skipped where the SDK cannot be installed."""
    told = speech_and_text(f"{service.url}/v1", ENGLISH, tmp_path)
    assert word_error_rate(ENGLISH, told["json"]["text"]) <= 0.05
    assert told["verbose"]["segments"] and told["verbose"]["language"] == "english"
    assert told["stream"][-1] == {"type": "transcript.text.done", "text": told["json"]["text"]}
    assert all(event["type"] == "transcript.text.delta" for event in told["stream"][:-1])
    assert (told["error"]["status"], told["error"]["code"]) == (404, "model_not_found")
    with av.open(tmp_path / "speech.mp3") as container:
        assert container.format.name == "mp3"
