"""Recordings that are hard to hear, sent to a whole service: late, in the second track, cancelled, quiet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from api_server import ApiServer, running_api
from audio import english, sounds
from jiwer import wer
from media_files import Sound, muxed
from valkey_lab import RedisServer
from worker_lab import WorkerLab

from voxq.speech.audio import SAMPLE_RATE, Samples
from voxq.speech.encode import encode

CASES = Path(__file__).parents[2] / "data" / "cases"
SENTENCE = "The garden is behind the house. Please close the window before it rains."


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """Start an API and a worker with whisper-base."""
    root = tmp_path_factory.mktemp("sound")
    server = RedisServer(root / "redis")
    lab = WorkerLab(root, server.url, asr_engine="faster-whisper", asr_model="whisper-base")
    try:
        with running_api(server.url, root) as api:
            lab.worker()
            yield api
    finally:
        lab.close()
        server.kill()


def result_of(service: ApiServer, content: bytes | Path, **fields: str) -> dict[str, Any]:
    if isinstance(content, Path):
        content = content.read_bytes()
    answer = service.http.post("/api/v1/asr/submit", files={"audio": ("a", content)}, data=fields)
    assert answer.status_code == 200, answer.text
    task_id = answer.json()["task_id"]
    result = service.http.get(f"/api/v1/asr/result/{task_id}", params={"wait": 60}, timeout=90).json()
    assert result["status"] == "done", result
    return result


def plain(text: str) -> str:
    return re.sub(r"[^a-z ]", "", text.lower())


def at(level: int, samples: Samples) -> bytes:
    """WAV file of 16 bits whose peak has this level in dBFS."""
    return encode(samples / np.abs(samples).max() * np.float32(10 ** (level / 20)), SAMPLE_RATE, "wav")


def test_subtitles_of_a_video_come_when_the_words_are_heard(service: ApiServer) -> None:
    """Its sound starts five seconds after its pictures, which last longer."""
    result = result_of(service, CASES / "late_audio.mp4")
    assert result["duration"] == pytest.approx(12, abs=0.05)
    starts = [segment["start"] for segment in result["segments"]]
    ends = [segment["end"] for segment in result["segments"]]
    assert starts == pytest.approx([5.03, 6.94], abs=0.1)
    assert ends == pytest.approx([6.57, 9.51], abs=0.1)
    path = f"/api/v1/asr/result/{result['task_id']}"
    first = service.http.get(path, params={"format": "srt"}).text.splitlines()[1]
    assert re.match(r"00:00:0(4,9|5,)\d* --> 00:00:06,", first), first


def test_the_default_track_is_taken_and_another_can_be_asked_for(service: ApiServer) -> None:
    result = result_of(service, CASES / "default_second.mkv")
    assert result["text"].startswith("The garden is behind the house.")
    assert [(track["index"], track["taken"], track["default"]) for track in result["audio_tracks"]] == [
        (0, False, False),
        (1, True, True),
    ]
    other = result_of(service, CASES / "default_second.mkv", audio_track="0")
    assert other["text"] and "garden" not in other["text"]
    assert [track["taken"] for track in other["audio_tracks"]] == [True, False]


@pytest.mark.parametrize("track", ["2", "fr"])
def test_a_track_that_is_not_there_is_refused_with_those_that_are(service: ApiServer, track: str) -> None:
    content = (CASES / "default_second.mkv").read_bytes()
    answer = service.http.post(
        "/api/v1/asr/submit", files={"audio": ("a", content)}, data={"audio_track": track}
    )
    assert answer.status_code == 422
    problem = answer.json()
    assert (problem["code"], problem["field"]) == ("unknown_track", "audio_track")
    assert problem["error"] == f"There is no audio track {track}; there are: 0 (aac), 1 (aac)."
    asked = service.http.post(
        "/v1/audio/transcriptions", files={"file": ("a", content)}, data={"audio_track": track}
    )
    assert asked.status_code == 400
    assert (asked.json()["error"]["code"], asked.json()["error"]["param"]) == ("unknown_track", "audio_track")


@pytest.mark.parametrize("track", ["-1", "32", "1.5", "../0", "no such language", "und"])
def test_what_can_be_no_track_is_an_invalid_option(service: ApiServer, track: str) -> None:
    answer = service.http.post(
        "/api/v1/asr/submit", files={"audio": ("a", b"x")}, data={"audio_track": track}
    )
    assert answer.status_code == 422
    assert (answer.json()["code"], answer.json()["field"]) == ("invalid_option", "audio_track")


def test_channels_that_cancel_each_other_are_heard(service: ApiServer) -> None:
    assert (
        result_of(service, CASES / "antiphase.flac")["text"].rstrip(".") == "The garden is behind the house"
    )


def test_a_quiet_recording_is_heard(service: ApiServer) -> None:
    assert result_of(service, CASES / "quiet_54dbfs.flac")["text"].startswith("The garden is behind the")


@pytest.mark.parametrize("level", range(-6, -61, -6))
def test_a_sentence_at_any_level_is_heard(service: ApiServer, level: int) -> None:
    text = result_of(service, at(level, english(SENTENCE)))["text"]
    assert wer(plain(SENTENCE), plain(text)) == 0, text


@pytest.mark.parametrize("level", [-20, -40, -60])
def test_what_nobody_said_is_no_text_at_any_level(service: ApiServer, level: int) -> None:
    for name in ("hiss", "white noise", "clicks", "tone", "hum", "a knock"):
        assert result_of(service, at(level, sounds()[name]))["text"] == "", name


def test_dither_and_silence_are_no_text(service: ApiServer) -> None:
    dice = np.random.default_rng(0)
    dither = (dice.integers(-1, 2, 15 * SAMPLE_RATE) / 32768).astype(np.float32)
    for samples in (dither, np.zeros_like(dither)):
        assert result_of(service, encode(samples, SAMPLE_RATE, "wav"))["text"] == ""


def test_the_two_speakers_of_a_call_stay_separate(service: ApiServer) -> None:
    """The caller is 30 dB quieter, and each hears a little of the other."""
    agent, caller = english("Good morning, how can I help you today?"), english(SENTENCE) / 32
    pause = np.zeros(SAMPLE_RATE, np.float32)
    left = np.concatenate((agent, pause, 0 * caller, pause, agent))
    right = np.concatenate((0 * agent, pause, caller, pause, 0 * agent))
    sound = Sound(np.stack((left + right / 20, right + left / 20)), SAMPLE_RATE, "pcm_s16le")
    result = result_of(service, muxed("wav", sound), channels="separate")
    assert result["duration"] == pytest.approx(len(left) / SAMPLE_RATE, abs=0.01)
    said = {0: "", 1: ""}
    for segment in result["segments"]:
        said[segment["channel"]] += f" {segment['text']}"
    assert wer("good morning how can i help you today " * 2, plain(said[0]).strip()) == 0
    assert wer(plain(SENTENCE), plain(said[1]).strip()) == 0
    starts = [segment["start"] for segment in result["segments"]]
    assert starts == sorted(starts)
    assert [segment["channel"] for segment in result["segments"]][-1] == 0
    path = f"/api/v1/asr/result/{result['task_id']}"
    assert "<v Right>The garden" in service.http.get(path, params={"format": "vtt"}).text
    assert "\nRight: The garden" in service.http.get(path, params={"format": "srt"}).text
    mixed = result_of(service, muxed("wav", sound))
    assert "channel" not in mixed["segments"][0]
    assert "garden" in mixed["text"] and mixed["text"].count("help") == 2
