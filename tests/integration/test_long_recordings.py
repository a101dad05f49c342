"""A recording of several chunks: no more words are wrong than with faster-whisper's sequential decoder."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import jiwer
import numpy as np
import pytest
from audio import english
from faster_whisper import WhisperModel

from _error_rate import word_error_rate
from voxq.engines import registry
from voxq.engines.contract import AudioItem, EngineRequest, Recognised, Samples
from voxq.model_store.store import ModelStore
from voxq.processes.media.cutting import cutting_for
from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.spans import Span
from voxq.speech.transcript import join_texts

STORY = (Path(__file__).parents[2] / "scripts" / "demo_story.txt").read_text("utf-8")
PARAGRAPHS = [" ".join(paragraph.split()) for paragraph in STORY.split("\n\n")[:3]]
REQUEST = EngineRequest("faster-whisper", "whisper-base", threads=2)
WORSE = 0.003


def joined(paragraphs: list[str]) -> Samples:
    """Speech with half a second of pause between paragraphs."""
    pause = np.zeros(SAMPLE_RATE // 2, np.float32)
    return np.concatenate([part for each in paragraphs for part in (english(each), pause)])


def chunks_of(samples: Samples) -> list[Span]:
    family = registry.find(REQUEST.engine)
    cutting = cutting_for(family.traits_for(REQUEST).chunking, use_vad=True)
    return cutting.push(samples) + cutting.flush()


def ours(samples: Samples) -> str:
    family = registry.find(REQUEST.engine)
    engine = family.load(REQUEST, family.model_paths(REQUEST, ModelStore().resolve))
    answers = engine.run([AudioItem(samples[c.start : c.end], {}) for c in chunks_of(samples)])
    assert all(isinstance(answer, Recognised) for answer in answers)
    return join_texts(s.text for answer in answers if isinstance(answer, Recognised) for s in answer.segments)


def sequential(samples: Samples) -> str:
    model = WhisperModel(str(ModelStore().resolve("whisper-base")), "cpu", compute_type="int8", cpu_threads=2)
    segments, _ = model.transcribe(samples, beam_size=1)
    return "".join(segment.text for segment in segments)


@pytest.mark.numerics
def test_chunks_cost_no_words() -> None:
    samples = joined(PARAGRAPHS)
    assert len(chunks_of(samples)) >= 5
    said = " ".join(PARAGRAPHS)
    assert word_error_rate(said, ours(samples)) <= word_error_rate(said, sequential(samples)) + WORSE


def test_chunks_end_where_nobody_speaks() -> None:
    samples = joined(PARAGRAPHS)
    chunks = chunks_of(samples)
    loud = np.abs(samples).max() / 50
    for chunk in chunks:
        around = samples[max(0, chunk.end - SAMPLE_RATE // 50) : chunk.end + SAMPLE_RATE // 50]
        assert np.abs(around).max() < loud


def without_rests(text: str, below: float) -> Samples:
    """Speech without a pause between its sentences, in white noise so many decibels below it."""
    parts: list[Samples] = []
    for sentence in re.split(r"(?<=[.!?])\s+", text):
        spoken = english(sentence)
        heard = np.flatnonzero(np.abs(spoken) > np.abs(spoken).max() / 50)
        parts.append(spoken[heard[0] : heard[-1] + 1])
    speech = np.concatenate(parts)
    noise = np.random.default_rng(3).normal(0, 1, len(speech)).astype(np.float32)
    mixed = speech + noise * np.sqrt(np.mean(speech**2)) / np.float32(10 ** (below / 20))
    return (mixed / np.abs(mixed).max()).astype(np.float32)


def words_of(text: str) -> str:
    return " ".join(re.findall(r"[a-z]+", text.lower().replace("'", "")))


@pytest.mark.numerics
def test_no_word_is_lost_or_doubled_where_speech_never_rests() -> None:
    said = " ".join(PARAGRAPHS)
    samples = without_rests(said, 10.0)
    chunks = chunks_of(samples)
    assert len(chunks) >= 4
    assert all(one.end == other.start for one, other in pairwise(chunks)), "every cut is within speech"
    compared = jiwer.process_words(words_of(said), words_of(ours(samples)))
    assert compared.deletions + compared.insertions <= 2
