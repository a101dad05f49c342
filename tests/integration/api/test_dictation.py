"""A dictation from end to end over HTTP: a recording becomes a transcript, the transcript a clean text, and
the clean text speech, which is understood once more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from api_server import NOTE, ApiServer, running_api
from audio import english
from llm_server import MODEL, LlmServer, llm_server
from worker_lab import WorkerLab

from _error_rate import character_error_rate, word_error_rate
from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.encode import encode

ENGLISH = "Well, please bring the blue folder to the meeting. Tell Martin that the printer is broken again."
CHINESE = "今天天气很好，我们一起去公园散步。请在下午三点之前完成这份报告，然后发送到我的邮箱。"


def writes(said: str) -> str:
    """Leave out the words that only a speaker needs."""
    return said.removeprefix("Well, ").replace("散步吧", "散步")


@pytest.fixture(scope="module")
def server() -> Iterator[LlmServer]:
    with llm_server(write=writes) as server:
        yield server


@pytest.fixture(scope="module")
def api(valkey: str, server: LlmServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    root = tmp_path_factory.mktemp("dictation")
    providers = f"local={server.url}/v1|{MODEL}"
    lab = WorkerLab(
        root, valkey, asr_engine="faster-whisper", asr_model="whisper-base", llm_providers=providers
    )
    lab.client.flushall()
    try:
        with running_api(valkey, root, LLM_PROVIDERS=providers) as api:
            lab.worker()
            yield api
    finally:
        lab.close()


@pytest.mark.parametrize(
    ("sound", "voice", "language", "wanted", "measure", "allowed"),
    [
        (None, "heart", "en-US", ENGLISH.removeprefix("Well, "), word_error_rate, 0.1),
        (NOTE, "zf_xiaobei", "zh-CN", CHINESE, character_error_rate, 0.1),
    ],
    ids=["english", "chinese"],
)
def test_a_recording_is_spoken_back_as_a_clean_text(
    api: ApiServer,
    sound: bytes | None,
    voice: str,
    language: str,
    wanted: str,
    measure: Any,
    allowed: float,
) -> None:
    recording = sound or encode(english(ENGLISH), SAMPLE_RATE, "wav")
    answer = api.http.post("/api/asr/transcribe-and-optimize", files={"audio": recording})
    assert answer.status_code == 200, answer.text
    dictated = answer.json()
    assert (dictated["language"], dictated.get("optimize_error")) == (language, None)
    clean = dictated["optimized_text"]
    assert clean == writes(dictated["text"])
    assert len(clean) < len(dictated["text"])
    assert measure(wanted, clean) <= allowed, clean
    if voice not in [each["name"] for each in api.http.get("/api/v1/tts/voices").json()["voices"]]:
        pytest.skip(f"the voice {voice} is not installed: voxq models pull kokoro")
    spoken = api.http.post("/v1/audio/speech", json={"input": clean, "voice": voice, "model": "tts-1"})
    assert spoken.status_code == 200, spoken.text
    heard = api.http.post("/api/asr/transcribe", files={"audio": spoken.content}).json()
    assert (heard["success"], heard["language"]) == (True, language)
    assert measure(clean, heard["text"]) <= allowed, heard["text"]
