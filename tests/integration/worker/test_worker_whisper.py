"""A worker with the real whisper-base: recordings are recognised as text."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from audio import NOTE as ENGLISH
from audio import english, recording, sounds, spoken_text
from jiwer import cer, wer
from valkey_lab import RedisServer
from worker_lab import NOTE, WorkerLab, recording_of, wait_for

from voxq.core.outcome import Outcome
from voxq.core.task import Status
from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.encode import encode


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerLab]:
    """Start one worker for all of these tests, so that the model is loaded once."""
    root = tmp_path_factory.mktemp("whisper")
    server = RedisServer(root / "redis")
    lab = WorkerLab(root, server.url, asr_engine="faster-whisper", asr_model="whisper-base")
    lab.worker()
    yield lab
    lab.close()
    server.kill()


@pytest.fixture(scope="module")
def english_note(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("english") / "note.ogg"
    path.write_bytes(encode(english(), SAMPLE_RATE, "ogg"))
    return path


def done(lab: WorkerLab, path: Path, **options: object) -> Outcome:
    (outcome,) = lab.wait_for_ends([lab.submit(path, **options)], 120)
    assert (outcome.status, outcome.attempts, outcome.incidents) == (Status.DONE, 1, ())
    return outcome


def plain(text: str) -> str:
    """Remove everything that is not audible from a text."""
    return "".join(c if c.isalnum() or c.isspace() else "" for c in text.lower())


def test_a_chinese_note(lab: WorkerLab) -> None:
    outcome = done(lab, NOTE)
    assert outcome.language == "zh"
    assert cer(plain(spoken_text("zh_note")), plain(outcome.text)) < 0.1
    assert outcome.duration == pytest.approx(10.28, abs=0.05)
    timings = outcome.timings
    assert min(timings.decode, timings.vad, timings.engine) > 0
    assert timings.total > timings.engine
    assert timings.rtf == pytest.approx(timings.engine / outcome.duration, abs=0.001)


def test_an_english_note_with_words(lab: WorkerLab, english_note: Path) -> None:
    outcome = done(lab, english_note, words=True)
    assert outcome.language == "en"
    assert wer(plain(ENGLISH), plain(outcome.text)) < 0.1
    words = [word for segment in outcome.segments for word in segment["w"]]
    assert len(words) == pytest.approx(len(ENGLISH.split()), abs=3)
    assert all(start <= end for _, start, end in words)
    assert all(a[1] <= b[1] for a, b in itertools.pairwise(words))


def test_words_are_only_returned_on_request(lab: WorkerLab, english_note: Path) -> None:
    assert not any("w" in segment for segment in done(lab, english_note).segments)


def test_silence_is_not_given_to_the_engine(lab: WorkerLab, tmp_path: Path) -> None:
    silence = tmp_path / "silence.wav"
    silence.write_bytes(encode(np.zeros(10 * SAMPLE_RATE, np.float32), SAMPLE_RATE, "wav"))
    outcome = done(lab, silence)
    assert (outcome.text, outcome.segments, outcome.language) == ("", (), None)
    assert outcome.timings.engine == 0
    assert outcome.duration == 10


def test_without_vad_the_engine_gets_the_whole_recording(lab: WorkerLab, tmp_path: Path) -> None:
    hiss, note = tmp_path / "hiss.wav", tmp_path / "note.wav"
    pause = np.zeros(3 * SAMPLE_RATE, np.float32)
    quiet = np.random.default_rng(0).normal(0, 0.002, 3 * SAMPLE_RATE).astype(np.float32)
    hiss.write_bytes(encode(quiet, SAMPLE_RATE, "wav"))
    note.write_bytes(encode(np.concatenate([pause, recording("zh_note"), pause]), SAMPLE_RATE, "wav"))
    assert done(lab, hiss, use_vad=False).timings.engine > 0
    outcome = done(lab, note, use_vad=False)
    assert outcome.language == "zh"
    assert cer(plain(spoken_text("zh_note")), plain(outcome.text)) < 0.2


def test_each_stretch_has_its_own_language(lab: WorkerLab, tmp_path: Path) -> None:
    pause = np.zeros(4 * SAMPLE_RATE, np.float32)
    both = tmp_path / "both.wav"
    english_first = np.concatenate([pause, english(), pause, recording("zh_note")])
    both.write_bytes(encode(english_first, SAMPLE_RATE, "wav"))
    outcome = done(lab, both)
    assert outcome.language == "en", "more of it is English"
    heard = {language: [s["t"] for s in outcome.segments if s["l"] == language] for language in ("en", "zh")}
    assert wer(plain(ENGLISH), plain(" ".join(heard["en"]))) < 0.1
    assert cer(plain(spoken_text("zh_note")), plain("".join(heard["zh"]))) < 0.1


def test_music_leaves_a_trace(lab: WorkerLab, tmp_path: Path) -> None:
    song = tmp_path / "song.wav"
    song.write_bytes(encode(sounds()["notes"], SAMPLE_RATE, "wav"))
    outcome = done(lab, song, use_vad=False)
    assert (outcome.text, outcome.segments, outcome.language) == ("", (), None)
    assert outcome.dropped
    assert {each["y"] for each in outcome.dropped} == {"no_speech"}


@pytest.mark.slow
def test_a_long_recording_reports_progress(lab: WorkerLab, tmp_path: Path) -> None:
    task = lab.submit(recording_of(tmp_path / "long.wav", *["zh_meeting"] * 5))
    seen: list[tuple[int, str]] = []

    def is_over() -> bool:
        document = lab.document(task)
        if document["status"] == "processing":
            seen.append((document["progress"], document["text"]))
        return document["status"] == "done"

    wait_for(is_over, "the end of two minutes", 150)
    (outcome,) = lab.wait_for_ends([task])
    assert outcome.duration > 120
    assert cer(plain(spoken_text("zh_meeting") * 5), plain(outcome.text)) < 0.15
    told = [progress for progress, _ in seen]
    assert told == sorted(told)
    assert len({progress for progress in told if 0 < progress < 100}) >= 2  # two chunks at a time
    assert all(longer.startswith(shorter) for (_, shorter), (_, longer) in itertools.pairwise(seen))
    assert outcome.text.startswith(seen[-1][1])
    starts = [segment["s"] for segment in outcome.segments]
    assert starts == sorted(starts)
