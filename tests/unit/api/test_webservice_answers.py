"""Parts of whisper-asr-webservice's routes: raw samples, the choice of a model, and answers."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import numpy as np
import pytest

from voxq.api.available import AvailableModels
from voxq.api.kinds.transcription.webservice import query, raw
from voxq.api.kinds.transcription.webservice.answers import answer, detected
from voxq.api.kinds.transcription.webservice.query import AsrQuery, Job, Output
from voxq.core.refusal import Refusal
from voxq.model_catalogue import ModelCatalogue
from voxq.settings import Settings
from voxq.speech.decode import decode_blocks
from voxq.speech.probe import probe
from voxq.speech.transcript import Segment, Transcript, Word


@pytest.mark.parametrize("task", ["translate", "Translate", " TRANSLATE"])
def test_words_are_read_in_any_case(task: str) -> None:
    assert AsrQuery.model_validate({"task": task, "output": "SRT"}) == AsrQuery(
        task=Job.TRANSLATE, output=Output.SRT
    )


def test_a_blank_parameter_counts_as_absent() -> None:
    blanks = dict.fromkeys(("task", "output", "min_speakers", "word_timestamps", "language"), " ")
    assert AsrQuery.model_validate(blanks) == AsrQuery()


def models(*names: str) -> AvailableModels:
    return AvailableModels(names, ModelCatalogue.of(Settings()))


def transcript(*segments: Segment, language: str | None = "en") -> Transcript:
    return Transcript.of(segments, language, 10.0, ())


def test_samples_with_the_header_are_a_recording(tmp_path: Path) -> None:
    sound = (np.sin(np.arange(16_000) / 20) * 9000).astype("<i2")
    path = tmp_path / "samples"
    path.write_bytes(raw.header_for(sound.tobytes()[:64]) + sound.tobytes() + b"\x01")
    info = probe(path, 100)
    assert (info.extension, info.sample_rate, info.channels) == ("wav", 16_000, 1)
    assert info.duration == pytest.approx(1.0, abs=0.001)
    assert sum(map(len, decode_blocks(path, 100))) == len(sound)


@pytest.mark.parametrize(
    "first", [b"RIFF\0\0\0\0WAVE", b"OggS\0", b"fLaC", b"ID3\4", b"\x1aE\xdf\xa3", b"\0\0\0\x20ftypisom"]
)
def test_a_file_gets_no_header(first: bytes) -> None:
    assert raw.header_for(first) == b""


@pytest.mark.parametrize("first", [b"", b"\0", bytes(64), b"\x01\x02" * 32])
def test_samples_get_a_header(first: bytes) -> None:
    assert raw.header_for(first) == raw.HEADER


def test_the_header_can_be_read_by_others(tmp_path: Path) -> None:
    path = tmp_path / "samples.wav"
    path.write_bytes(raw.HEADER + bytes(3200))
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 16_000)


def test_a_model_that_knows_the_language_is_chosen() -> None:
    there = models("sv-words", "paraformer-zh", "whisper-base")
    assert query.transcription(AsrQuery(language="zh"), models("paraformer-zh", "whisper-base")).model is None
    chosen = query.transcription(AsrQuery(language="german"), there)
    assert chosen.language == "de"
    assert "de" in there.languages_of(chosen.model or there.default)
    with pytest.raises(Refusal, match="supports no other"):
        query.transcription(AsrQuery(language="de"), models("paraformer-zh"))


def test_a_model_that_translates_or_detects_is_chosen() -> None:
    there = models("paraformer-zh", "whisper-base")
    translation = query.transcription(AsrQuery(task=Job.TRANSLATE, language="zh"), there)
    assert (translation.model, translation.translate) == ("whisper-base", True)
    detection = query.detection(there)
    assert (detection.model, detection.detect) == ("whisper-base", True)
    for ask in (
        lambda: query.detection(models("paraformer-zh")),
        lambda: query.transcription(AsrQuery(task=Job.TRANSLATE), models("paraformer-zh")),
    ):
        with pytest.raises(Refusal) as caught:
            ask()
        assert caught.value.code == "unsupported_value"


def test_words_are_asked_for_only_where_they_are_shown() -> None:
    there = models("whisper-base")
    for output in Output:
        asked = AsrQuery(word_timestamps=True, output=output)
        assert query.transcription(asked, there).words is (output is Output.JSON)


def test_the_confidence_is_the_share_of_the_speech() -> None:
    mixed = transcript(Segment("Hello.", 0.0, 3.0, language="en"), Segment("你好。", 3.0, 4.0, language="zh"))
    assert detected(mixed).model_dump() == {
        "detected_language": "english",
        "language_code": "en",
        "confidence": 0.75,
    }
    assert detected(transcript(language=None)).language_code == "und"


def test_a_tab_or_a_line_break_does_not_break_the_table() -> None:
    spoken = transcript(Segment(" One\ttwo\nthree", 0.5, 1.25))
    table = answer(spoken, Output.TSV, task="transcribe", headers={}).body
    assert table == b"start\tend\ttext\n500\t1250\tOne two three\n"


def test_json_has_the_shape_of_whispers() -> None:
    spoken = transcript(Segment("Hello.", 0.5, 1.25, (Word("Hello.", 0.5, 1.25),)))
    shape = json.loads(bytes(answer(spoken, Output.JSON, task="translate", headers={}).body))
    assert shape.items() >= {"language": "en", "text": "Hello.", "task": "translate"}.items()
    [segment] = shape["segments"]
    assert segment["words"] == [{"word": "Hello.", "start": 0.5, "end": 1.25}]
    assert {"id", "start", "end", "text", "avg_logprob", "no_speech_prob", "tokens"} <= segment.keys()
