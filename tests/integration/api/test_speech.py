"""Speech synthesis with the real API, a worker and the embedded voice."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from api_server import ApiServer, running_api
from worker_lab import WorkerLab

TEXT = "The old lighthouse stood on the hill. Nobody had lived there for ten years, or so they said."
TTS = "/api/v1/tts"


@pytest.fixture(scope="module")
def service(valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """Start one service for all of these tests; other tests do not run at the same time."""
    directory = tmp_path_factory.mktemp("speech")
    lab = WorkerLab(directory, valkey, max_inflight=4)
    lab.client.flushall()
    limits = {
        "MAX_TEXT_CHARACTERS": "2000",
        "API_KEYS": "anna:anna-anna,bert:bert-bert",
        "MAX_RECORDINGS": "100",
    }
    try:
        with running_api(valkey, directory, **limits) as api:
            api.http.headers["Authorization"] = "Bearer anna-anna"
            lab.worker()
            yield api
    finally:
        lab.close()


def submit(service: ApiServer, text: str = TEXT, **fields: Any) -> httpx.Response:
    headers = {"Idempotency-Key": fields.pop("key")} if "key" in fields else {}
    return service.http.post(f"{TTS}/submit", json={"text": text, **fields}, headers=headers)


def spoken(service: ApiServer, text: str = TEXT, **fields: Any) -> dict[str, Any]:
    """Submit a text and return its result."""
    answer = submit(service, text, **fields)
    assert answer.status_code == 200, answer.text
    result = service.http.get(f"{TTS}/result/{answer.json()['task_id']}", params={"wait": 60}).json()
    assert result["status"] == "done", result
    return result


def decoded(data: bytes) -> tuple[np.ndarray, int]:
    with av.open(io.BytesIO(data)) as container:
        frames = list(container.decode(audio=0))
    return np.concatenate([frame.to_ndarray()[0] for frame in frames]), frames[0].sample_rate


def test_each_segment_has_the_text_that_was_read_out(service: ApiServer) -> None:
    result = spoken(service, "I live on Main St. It is near. It cost $3.50.")
    assert [segment["spoken"] for segment in result["segments"]] == [
        "I live on Main Street.",
        "It is near.",
        "It cost three dollars and fifty cents.",
    ]
    as_given = spoken(service, "It cost $3.50.", normalise=False)
    assert as_given["segments"][0]["spoken"] == "It cost $3.50."


def test_a_text_becomes_speech_that_can_be_played_and_found_again(service: ApiServer) -> None:
    result = spoken(service)
    assert result["text"] == TEXT
    assert (result["model"], result["voice"], result["language"]) == ("hibari", "heart", "en")
    assert [segment["text"] for segment in result["segments"]] == [
        "The old lighthouse stood on the hill.",
        "Nobody had lived there for ten years, or so they said.",
    ]
    short = result["audio_url"].rpartition("/")[2]
    audio = service.http.get(result["audio_url"])
    assert (audio.status_code, audio.headers["content-type"]) == (200, "audio/wav")
    samples, rate = decoded(audio.content)
    assert rate == result["sample_rate"] == 24_000
    assert len(samples) / rate == pytest.approx(result["duration"], abs=1e-3)
    part = service.http.get(result["audio_url"], headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, audio.content[100:200])
    record = service.http.get(f"{TTS}/history").json()["records"][0]
    assert (record["task_id"], record["text"], record["status"]) == (result["task_id"], TEXT, "success")
    lines = (service.storage / "logs" / "tts_history.jsonl").read_text().splitlines()
    assert any(json.loads(line)["task_id"] == result["task_id"] for line in lines)
    subtitles = service.http.get(f"{TTS}/result/{short}", params={"format": "srt"}).text
    assert subtitles.startswith("1\n00:00:00,000 --> 00:00:0")
    # It belongs to its kind and its owner.
    assert service.http.get(f"/api/v1/asr/result/{short}").status_code == 404
    other = {"Authorization": "Bearer bert-bert"}
    assert service.http.get(result["audio_url"], headers=other).status_code == 404
    assert service.http.get("/api/v1/asr/history").json()["total"] == 0
    for path in ("asr_api.log", "asr_worker.log"):
        log = service.storage / "logs" / path
        assert not log.exists() or "lighthouse" not in log.read_text(), "no text in the logs"

    removed = service.http.delete(f"{TTS}/task/{short}").json()
    assert removed["status"] == "deleted"
    assert service.http.get(result["audio_url"]).status_code == 404
    assert "lighthouse" not in (service.storage / "logs" / "tts_history.jsonl").read_text()


@pytest.mark.parametrize(
    ("format", "content_type", "rate"),
    [
        ("mp3", "audio/mpeg", 24_000),
        ("opus", "audio/ogg", 48_000),
        ("aac", "audio/aac", 44_100),
        ("flac", "audio/flac", 16_000),
        ("wav", "audio/wav", 8_000),
    ],
)
def test_formats(service: ApiServer, format: str, content_type: str, rate: int) -> None:
    result = spoken(service, "Hello there, world.", format=format, sample_rate=rate)
    audio = service.http.get(result["audio_url"])
    assert audio.headers["content-type"] == content_type
    samples, found = decoded(audio.content)
    assert (found, result["sample_rate"]) == (rate, rate)
    assert len(samples) / rate == pytest.approx(result["duration"], abs=0.15)


def test_raw_samples_and_speed(service: ApiServer) -> None:
    slow, fast = (spoken(service, format="pcm", speed=speed) for speed in (1.0, 2.0))
    audio = service.http.get(fast["audio_url"])
    assert audio.headers["content-type"] == "audio/pcm"
    assert len(audio.content) == 2 * round(fast["duration"] * fast["sample_rate"])
    assert fast["duration"] == pytest.approx(slow["duration"] / 2, rel=0.1)


def test_a_batch_creates_one_task_per_text(service: ApiServer) -> None:
    texts = [f"This is number {number}." for number in range(5)]
    answer = service.http.post(f"{TTS}/batch", json={"texts": texts, "format": "flac"}).json()
    assert answer["total"] == 5
    for text, task in zip(texts, answer["tasks"], strict=True):
        result = service.http.get(f"{TTS}/result/{task['task_id']}", params={"wait": 60}).json()
        assert (result["status"], result["text"], result["format"]) == ("done", text, "flac")
    refused = service.http.post(f"{TTS}/batch", json={"texts": ["Fine.", "..."]})
    assert (refused.status_code, refused.json()["index"]) == (422, 1)


def test_a_repeated_key_is_the_same_task(service: ApiServer) -> None:
    first, again = (submit(service, key="k1").json()["task_id"] for _ in range(2))
    assert first == again
    assert submit(service, "Another text.", key="k1").status_code == 409


def test_a_text_can_use_cached_speech(service: ApiServer) -> None:
    first = submit(service, "Once and for all.", cache=True, format="flac")
    assert (first.json()["status"], first.headers["x-voxq-cache"]) == ("queued", "miss")
    earlier = service.http.get(f"{TTS}/result/{first.json()['task_id']}", params={"wait": 60}).json()
    sound = service.http.get(earlier["audio_url"]).content

    again = submit(service, "Once and for all.", cache=True, format="flac")
    assert (again.json()["status"], again.headers["x-voxq-cache"]) == ("done", "hit")
    assert again.json()["task_id"] != earlier["task_id"]
    result = service.http.get(f"{TTS}/result/{again.json()['task_id']}").json()
    assert (result["duration"], result["segments"]) == (earlier["duration"], earlier["segments"])
    assert result["timings"]["engine"] == 0
    service.http.delete(f"{TTS}/task/{earlier['task_id']}")
    assert service.http.get(result["audio_url"]).content == sound, "it has the sound for itself"

    assert submit(service, "Once and for all.", cache=True).headers["x-voxq-cache"] == "miss", "as WAV"
    assert "x-voxq-cache" not in submit(service, "Once and for all.", format="flac").headers
    (service.storage / "recordings" / f"{result['task_id']}.flac").unlink()
    gone = submit(service, "Once and for all.", cache=True, format="flac")
    assert gone.headers["x-voxq-cache"] == "miss", "there is a record, and no sound"


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"text": ""}, 422, "unpronounceable"),
        ({"text": " \n\u200b…!?"}, 422, "unpronounceable"),
        ({"text": "a" * 2001}, 413, "too_large"),
        ({"voice": "nobody"}, 422, "voice_not_found"),
        ({"voice": "https://example.com/me.wav"}, 422, "voice_unsupported"),
        ({"voice": "UklGRiQAAABXQVZF" * 40}, 422, "voice_unsupported"),
        ({"voice": {"id": "x"}}, 422, "voice_unsupported"),
        ({"voice": "../../etc/passwd"}, 422, "voice_unsupported"),
        ({"model": "/etc"}, 404, "model_not_found"),
        ({"speed": 0.2}, 422, "invalid_option"),
        ({"speed": 5}, 422, "invalid_option"),
        ({"speed": "NaN"}, 422, "invalid_option"),
        ({"format": "exe"}, 422, "invalid_option"),
        ({"sample_rate": 12345}, 422, "invalid_option"),
        ({"priority": "now"}, 422, "invalid_option"),
        ({"callback": "http://example.com"}, 422, "invalid_option"),
        ({"language": "xx"}, 422, "invalid_option"),
        ({"text": "Привет, мир."}, 422, "voice_not_found"),
        ({"text": 5}, 422, "invalid_option"),
    ],
)
def test_impossible_requests_are_refused_at_submission(
    service: ApiServer, fields: dict[str, Any], status: int, code: str
) -> None:
    answer = service.http.post(f"{TTS}/submit", json={"text": TEXT, **fields})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    if code == "voice_not_found":
        assert "heart" in answer.json()["voices"]


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"[" * 100_000, b'{"text": "\\ud800"}', b'{"text": "\xff"}', b"x" * 200_000],
    ids=["empty", "half", "list", "null", "deep", "surrogate", "latin1", "long"],
)
def test_invalid_bodies_are_refused(service: ApiServer, body: bytes) -> None:
    answer = service.http.post(f"{TTS}/submit", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 413, 422), answer.text
    assert answer.json()["code"] in ("bad_json", "invalid_option", "too_large")


@pytest.mark.parametrize(
    "text",
    [
        "<speak>Hello &amp; <break time='9s'/>goodbye</speak>",
        "A\u202eB\u0000C \U0001f600 \ufeff done.",
        "Z" + "\u0301" * 1500,
        "1" * 1500,
        "http://example.com/?q=" + "a" * 1500,
        "!?" * 700 + "a",
        "½ ℃ № § 7",
    ],
    ids=["markup", "controls", "zalgo", "digits", "url", "marks", "signs"],
)
def test_hostile_texts_end_with_speech_or_a_clear_error(service: ApiServer, text: str) -> None:
    task_id = submit(service, text).json()["task_id"]
    result = service.http.get(f"{TTS}/result/{task_id}", params={"wait": 60}).json()
    assert result["status"] in ("done", "failed"), result
    if result["status"] == "failed":
        assert result["code"] in ("unpronounceable", "language_unavailable", "engine_error"), result


def test_a_waiting_text_has_no_audio_and_can_be_cancelled(service: ApiServer, tmp_path: Path) -> None:
    long = " ".join(f"Sentence number {number} of this long text." for number in range(50))
    task_id = submit(service, long, priority="low").json()["task_id"]
    early = service.http.get(f"{TTS}/audio/{task_id}")
    assert (early.status_code, early.json()["code"]) == (409, "not_done")
    assert service.http.delete(f"{TTS}/task/{task_id}").json()["status"] == "cancelled"
    assert service.http.get(f"{TTS}/result/{task_id}").json()["status"] == "cancelled"
    queue = service.http.get(f"{TTS}/queue/status").json()
    assert queue["workers"] == 1


def test_voices(service: ApiServer) -> None:
    voices = service.http.get(f"{TTS}/voices").json()["voices"]
    assert voices[0] == {
        "name": "heart",
        "language": "en",
        "gender": "female",
        "accent": "US",
        "model": "hibari",
        "sample": "/api/v1/tts/voices/heart/sample",
    }


def test_marks_are_not_read_out(service: ApiServer) -> None:
    result = spoken(service, "# Title\n\nText **here**.\n\n```\nx = 1\n```\n\nTom &amp; Jerry<br>ran away.")
    said = [segment["spoken"] for segment in result["segments"]]
    assert said == ["Title", "Text here.", "Tom and Jerry", "ran away."]
    assert result["skipped"] == [{"text": "x = 1", "why": "Code blocks are not read out."}]


def test_ssml_is_obeyed(service: ApiServer) -> None:
    plain = spoken(service, "One two three four. Five.")
    ssml = '<speak><prosody rate="50%">One two three four.</prosody><break time="2s"/> Five.</speak>'
    paced = spoken(service, ssml)
    (slow, last), (normal, _) = paced["segments"], plain["segments"]
    assert [slow["text"], last["text"]] == ["One two three four.", "Five."]
    assert slow["end"] == pytest.approx(2 * normal["end"], abs=0.01)
    assert last["start"] - slow["end"] == pytest.approx(2.0, abs=0.01)
    samples, rate = decoded(service.http.get(paced["audio_url"]).content)
    quiet = samples[round((slow["end"] + 0.1) * rate) : round((last["start"] - 0.1) * rate)]
    assert len(quiet) > 1.5 * rate and not quiet.any()
    assert spoken(service, ssml, input_type="text")["segments"][0]["spoken"] != "One two three four."


@pytest.mark.parametrize("path", [f"{TTS}/submit", "/v1/audio/speech"])
def test_other_ssml_is_refused_by_its_name(service: ApiServer, path: str) -> None:
    text = "<speak><audio src='x'/>Hello</speak>"
    native = path.startswith(TTS)
    answer = service.http.post(path, json={"text": text} if native else {"input": text, "model": "tts-1"})
    assert answer.status_code == (422 if native else 400)
    body = answer.json() if native else answer.json()["error"]
    assert body["code"] == "invalid_ssml" and "<audio>" in answer.text
    assert "break (time, strength)" in body["supported"]


def test_a_word_in_a_script_that_the_voice_lacks_is_left_out(service: ApiServer) -> None:
    result = spoken(service, "My friend мир sent 世界 to me.", voice="heart")
    assert result["segments"][0]["spoken"] == "My friend sent to me."
    assert [each["text"] for each in result["skipped"]] == ["мир", "世界"]
    refused = submit(service, "Привет, мир и друзья.", voice="heart")
    assert (refused.status_code, refused.json()["code"]) == (422, "language_unsupported")
    for nothing in ("...", "<speak><break/></speak>", "***"):
        refused = submit(service, nothing)
        assert (refused.status_code, refused.json()["code"]) == (422, "unpronounceable")
