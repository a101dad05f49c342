"""The routes of whisper-asr-webservice, asked as Bazarr asks them, with whisper-base behind them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from api_server import NOTE, RECORDINGS, ApiServer, running_api
from bazarr import Bazarr, samples_of
from worker_lab import WorkerLab

CHINESE = samples_of(RECORDINGS / "zh_note.ogg")
MIXED = RECORDINGS / "en_then_zh.ogg"
"""English, and from the eighth second on Chinese."""
CUE = re.compile(r"\d+\n\d\d:\d\d:\d\d,\d{3} --> \d\d:\d\d:\d\d,\d{3}\n\S")
_SECOND = 32_000
"""Bytes of raw samples in a second."""


@pytest.fixture(scope="module")
def service(valkey: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    root = tmp_path_factory.mktemp("webservice")
    lab = WorkerLab(root, valkey, asr_engine="faster-whisper", asr_model="whisper-base", asr_language="zh")
    lab.client.flushall()
    try:
        with running_api(valkey, root, ASR_LANGUAGE="zh") as api:
            lab.worker()
            yield api
    finally:
        lab.close()


@pytest.fixture
def bazarr(service: ApiServer) -> Bazarr:
    return Bazarr(service.url, "/films/A Film (2024)/A Film 100% ok?.mkv")


def asked(service: ApiServer, path: str, **query: str) -> httpx.Response:
    return service.http.post(path, params=query, files={"audio_file": ("note.ogg", NOTE)})


def recordings(service: ApiServer) -> set[Path]:
    return set((service.storage / "recordings").iterdir())


def test_bazarr_gets_subtitles(bazarr: Bazarr, service: ApiServer) -> None:
    answer = bazarr.subtitles(CHINESE, "zh")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    cues = answer.content.decode("utf-8").split("\n\n")
    assert cues and all(CUE.match(cue) for cue in cues)
    text = asked(service, "/asr", language="zh").text
    assert len(text) > 10
    assert Bazarr(service.url).subtitles(CHINESE, "zh").headers["x-voxq-cache"] == "hit"
    assert service.parts_left() == []


def test_bazarr_gets_a_translation(bazarr: Bazarr) -> None:
    answer = bazarr.subtitles(CHINESE, "zh", "translate")
    assert answer.status_code == 200
    assert CUE.match(answer.text) and answer.text.isascii()


def test_bazarr_learns_the_language_whatever_the_operator_has_set(bazarr: Bazarr) -> None:
    sound = samples_of(MIXED)[: 7 * _SECOND]
    found = bazarr.detect_language(sound).json()
    assert found == {"detected_language": "english", "language_code": "en", "confidence": 1.0}
    found = bazarr.detect_language(CHINESE).json()
    assert (found["detected_language"], found["language_code"]) == ("chinese", "zh")
    assert Bazarr(bazarr.endpoint).detect_language(CHINESE).json() == found


def test_the_language_of_another_part(bazarr: Bazarr) -> None:
    sound = samples_of(MIXED)
    seconds = len(sound) / _SECOND
    late = {"detect_lang_offset": str(seconds - 5), "detect_lang_length": "5"}
    assert bazarr.detect_language(sound, **late).json()["language_code"] == "zh"
    assert bazarr.detect_language(sound, detect_lang_length="6").json()["language_code"] == "en"


def test_only_what_is_listened_to_is_kept(service: ApiServer, bazarr: Bazarr) -> None:
    before = recordings(service)
    bazarr.detect_language(CHINESE * 4)
    [kept] = recordings(service) - before
    assert kept.stat().st_size == pytest.approx(30 * _SECOND, rel=0.01)
    assert service.parts_left() == []


def test_silence_has_no_language_and_no_subtitles(bazarr: Bazarr) -> None:
    silence = bytes(10 * _SECOND)
    found = bazarr.detect_language(silence).json()
    assert found == {"detected_language": "unknown", "language_code": "und", "confidence": 0.0}
    answer = bazarr.subtitles(silence, "en")
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_file_is_recognised_with_and_without_encode(service: ApiServer) -> None:
    text = asked(service, "/asr").text
    assert len(text) > 10
    assert asked(service, "/asr", encode="false").text == text, "a file is read as one"
    assert asked(service, "/detect-language").json()["language_code"] == "zh"


def test_every_output(service: ApiServer) -> None:
    outputs = {name: asked(service, "/asr", output=name) for name in ("txt", "vtt", "srt", "tsv", "json")}
    assert all(answer.status_code == 200 for answer in outputs.values())
    for name, answer in outputs.items():
        assert answer.headers["content-disposition"] == f'attachment; filename="transcript.{name}"'
    lines = outputs["txt"].text.splitlines()
    assert outputs["vtt"].text.startswith("WEBVTT\n\n")
    assert CUE.match(outputs["srt"].text)
    title, *rows = outputs["tsv"].text.splitlines()
    assert title == "start\tend\ttext"
    starts, ends, texts = zip(*(row.split("\t") for row in rows), strict=True)
    assert list(texts) == lines
    assert all(int(start) < int(end) <= 11_000 for start, end in zip(starts, ends, strict=True))
    shape = outputs["json"].json()
    assert shape["language"] == "zh"
    assert [segment["text"].strip() for segment in shape["segments"]] == lines
    assert "words" not in shape["segments"][0]


def test_words_lie_within_their_segments(service: ApiServer) -> None:
    shape = asked(service, "/asr", output="json", word_timestamps="true", language="zh").json()
    for segment in shape["segments"]:
        words = segment["words"]
        assert words
        assert segment["start"] - 0.01 <= words[0]["start"] <= words[-1]["end"] <= segment["end"] + 0.01
