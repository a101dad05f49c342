"""A recording of several chunks: no more words are wrong than with faster-whisper's sequential decoder."""

from __future__ import annotations

from pathlib import Path

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
