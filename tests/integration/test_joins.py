"""Joins between the sentences of a text, in real speech: one voice, without clicks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from voxq.engines import registry, voices
from voxq.engines.contract import Capability, EngineRequest, Samples, Spoken, TextItem
from voxq.model_store.store import ModelStore
from voxq.processes.media.join import Joint
from voxq.processes.media.join_protocol import Begin, Sound
from voxq.speech.markup import Delivery
from voxq.speech.sentences import Break

TEXTS = (
    "The old keeper climbed the stairs every evening,",
    "and every evening the lamp was lit.",
    "Did anybody see it?",
    "Two ships did!",
)
HOWS = {
    "plain": Delivery(),
    "quick": Delivery(rate=1.4),
    "high": Delivery(pitch=3.0),
    "low and slow": Delivery(rate=0.8, pitch=-4.0),
}
NEAR_SECONDS = 0.002
"""A click is a jump; this far from a join there must be none."""


def sentences(model: str) -> list[Spoken]:
    store = ModelStore()
    if model not in registry.installed(Capability.SPEAK, store):
        pytest.skip(f"{model} is not installed")
    family = voices.family_of(model)
    request = EngineRequest(family.name, model, threads=1)
    engine = family.load(request, family.model_paths(request, store.resolve))
    voice = family.voices_for(model)[0].name
    spoken = [engine.run([TextItem(text, {"voice": voice})])[0] for text in TEXTS]
    assert all(isinstance(each, Spoken) for each in spoken), spoken
    return [each for each in spoken if isinstance(each, Spoken)]


@pytest.mark.parametrize("model", ["hibari", "kokoro"])
def test_joins_do_not_click(model: str, tmp_path: Path) -> None:
    spoken = sentences(model)
    rate = spoken[0].sample_rate
    for name, delivery in HOWS.items():
        joint = Joint(Begin("a", tmp_path / name, "pcm", rate))
        sounds = []
        for number, each in enumerate(spoken):
            path = tmp_path / f"{name}-{number}.f32"
            path.write_bytes(np.ascontiguousarray(each.samples, "<f4").tobytes())
            sounds.append(Sound(path, len(each.samples), Break.CLAUSE, delivery))
        times = joint.append(tuple(sounds), is_last=True)
        whole = np.frombuffer((tmp_path / name).read_bytes(), "<i2").astype(np.float32) / 32768
        usual = np.quantile(np.abs(np.diff(whole)), 0.99)
        worst = max(jump_at(whole, second, rate) for pair in times for second in pair)
        assert worst < 0.5 * usual, f"{name}: a jump of {worst:.4f}, where speech has {usual:.4f}"


def jump_at(samples: Samples, second: float, rate: int) -> float:
    """Greatest step from one sample to the next around a join."""
    place, near = round(second * rate), round(NEAR_SECONDS * rate)
    piece = samples[max(0, place - near) : place + near]
    return float(np.abs(np.diff(piece)).max(initial=0.0))


def test_a_text_sounds_as_loud_from_end_to_end() -> None:
    levels = [20 * np.log10(np.sqrt((each.samples**2).mean())) for each in sentences("hibari")]
    assert max(levels) - min(levels) < 3.0, levels
