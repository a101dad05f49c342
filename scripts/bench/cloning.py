"""Cloned voices, of every engine whose environment and weights are installed: how alike they are to the
recording (GE2E), characters that whisper-base gets wrong, first sound, and the real-time factor.

For comparison: the recorded voices saying the same (the best that can be), and Kokoro's default voice, which
clones nobody. The recorded voices are those of hibari and Kokoro: all of them are synthetic.
CLONING_BENCH_DEVICE is the device of engines that know it, "cuda:0" with a GPU.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import mean, median

import numpy as np
from _figures import Figure

from voxq.engines import registry
from voxq.engines.contract import (
    SAMPLE_RATE,
    AudioItem,
    Capability,
    Embedding,
    EngineFamily,
    EngineRequest,
    Recognised,
    Samples,
    Spoken,
    TextItem,
)
from voxq.engines.speak.cloning.cloner import resampled
from voxq.model_store.store import ModelStore
from voxq.processes.child import Child
from voxq.processes.model.protocol import (
    CODEC,
    MODEL_PROCESS_MODULE,
    STANDALONE,
    Finished,
    KeptSpeech,
    Load,
    Loaded,
    ReferenceRef,
    Reply,
    Run,
    SentenceRef,
)
from voxq.speech.verification import verify
from voxq.voiceprints.comparing import similarity

_PATIENCE = 300.0
_REFERENCE = (
    "The old keeper climbed the stairs every evening and lit the lamp before the ships came home.",
    "We agreed to meet on Wednesday at three, and nobody thought of the weather in the mountains.",
)
_SENTENCES = (
    "Good morning, please read this sentence aloud.",
    "The river was quiet, and seven boats lay at the table of the harbour.",
)
_KOKORO = ("af_bella", "am_adam")
_DEFAULT = "af_heart"

Speak = Callable[[str], tuple[Samples, float]]
"""A sentence as sound (16 kHz), and the seconds that it took."""


@dataclass(frozen=True, slots=True)
class _Person:
    """A recorded voice, and how it speaks itself."""

    name: str
    recording: Samples
    speak: Speak


def measure(say: Callable[[str], None]) -> list[Figure]:
    score = _Scores()
    store = ModelStore()
    people = list(_people(store))
    figures: list[Figure] = []
    for person in people:
        say(f"the recorded voice {person.name}")
        score.add("the recorded voices", person, person.speak)
    if others := [person for person in people if person.name == _DEFAULT]:
        for person in people:
            if person.name != _DEFAULT:
                score.add("no clone", person, others[0].speak)
    for model, family in registry.installed(Capability.SPEAK, store).items():
        traits = family.traits_for(EngineRequest(family.name, model))
        if traits.clones != "samples" or "en" not in traits.cloned_languages:
            continue
        with _cloner(family, model, store) as clone:
            for person in people:
                say(f"{model} as {person.name}")
                score.add(model, person, partial(clone, person.recording))
    for name in score.names:
        figures += score.figures(name)
    return figures


class _Scores:
    """What was measured, by engine."""

    def __init__(self) -> None:
        request = EngineRequest("faster-whisper", "whisper-base", threads=2)
        family = registry.find("faster-whisper")
        self._recogniser = family.load(request, family.model_paths(request, ModelStore().resolve))
        self._embedder = registry.find("ge2e").load(EngineRequest("ge2e", "ge2e"), {})
        self._found: dict[str, list[tuple[float, float, float, float]]] = {}

    @property
    def names(self) -> Sequence[str]:
        return tuple(self._found)

    def add(self, name: str, person: _Person, speak: Speak) -> None:
        """Speak the sentences: similarity to the recording, CER, seconds, seconds of sound of each."""
        wanted = self._vector(person.recording)
        for sentence in _SENTENCES:
            sound, seconds = speak(sentence)
            length = len(sound) / SAMPLE_RATE
            cer = verify(sentence, self._text(sound), length).cer
            alike = similarity(wanted, self._vector(sound))
            self._found.setdefault(name, []).append((alike, cer, seconds, length))

    def figures(self, name: str) -> list[Figure]:
        alike, cer, seconds, lengths = zip(*self._found[name], strict=True)
        note = f"{len(alike)} sentences"
        return [
            Figure(
                f"{name}: similarity", round(mean(alike), 3), "", spread=(min(alike), max(alike)), note=note
            ),
            Figure(f"{name}: characters wrong", round(100 * mean(cer), 2), "%"),
            Figure(f"{name}: first sound", round(median(seconds), 3), "s", note="of a sentence alone"),
            Figure(f"{name}: real-time factor", round(sum(seconds) / sum(lengths), 4), ""),
        ]

    def _vector(self, sound: Samples) -> tuple[float, ...]:
        (answer,) = self._embedder.run([AudioItem(sound)])
        return answer.vector if isinstance(answer, Embedding) else tuple([0.0] * 256)

    def _text(self, sound: Samples) -> str:
        (answer,) = self._recogniser.run([AudioItem(sound, {"language": "en"})])
        assert isinstance(answer, Recognised), answer
        return " ".join(segment.text for segment in answer.segments)


def _people(store: ModelStore) -> Iterator[_Person]:
    for name, voices in (("hibari", ("heart",)), ("kokoro", (_DEFAULT, *_KOKORO))):
        family = registry.find(name)
        if name not in registry.installed(Capability.SPEAK, store):
            continue
        request = EngineRequest(name, name, threads=2)
        engine = family.load(request, family.model_paths(request, store.resolve))

        def speak(voice: str, text: str, engine: object = engine) -> tuple[Samples, float]:
            begun = time.perf_counter()
            (answer,) = engine.run([TextItem(text, {"voice": voice})])  # type: ignore[attr-defined]
            assert isinstance(answer, Spoken), answer
            taken = time.perf_counter() - begun
            return resampled(answer.samples, answer.sample_rate, SAMPLE_RATE), taken

        for voice in voices:
            recording = np.concatenate([speak(voice, text)[0] for text in _REFERENCE])
            yield _Person(voice, recording, partial(speak, voice))


@contextmanager
def _cloner(
    family: EngineFamily, model: str, store: ModelStore
) -> Iterator[Callable[[Samples, str], tuple[Samples, float]]]:
    """Load a model in a model process of its own environment."""
    request = EngineRequest(
        family.name, model, device=family.device_for(os.environ.get("CLONING_BENCH_DEVICE", "cpu")), threads=2
    )
    interpreter = registry.interpreter_of(family.name)
    program = (str(interpreter), "-I", str(STANDALONE)) if interpreter else None
    child = Child.start(MODEL_PROCESS_MODULE, program=program)
    try:
        child.send(CODEC.encode(Load(request, family.model_paths(request, store.resolve))))
        loaded = _receive(child)
        if not isinstance(loaded, Loaded):
            raise RuntimeError(f"{model} cannot be loaded: {loaded}")
        with tempfile.TemporaryDirectory(prefix="voxq-bench-") as own:
            yield partial(_speak, child, Path(own))
    finally:
        child.kill()


def _speak(child: Child, own: Path, recording: Samples, text: str) -> tuple[Samples, float]:
    pcm, sound = own / "reference.f32", own / "sound.f32"
    pcm.write_bytes(np.ascontiguousarray(recording, "<f4").tobytes())
    reference = ReferenceRef(pcm, SAMPLE_RATE, " ".join(_REFERENCE))
    options = {"language": "en", "seed": 1}
    child.send(CODEC.encode(Run("b", (SentenceRef(text, options, sound, reference),))))
    while not isinstance(finished := _receive(child), Finished):
        pass
    (kept,) = finished.items
    if not isinstance(kept, KeptSpeech):
        raise RuntimeError(f"{text!r} was not spoken: {kept}")
    return resampled(np.fromfile(sound, "<f4"), kept.sample_rate, SAMPLE_RATE), finished.seconds


def _receive(child: Child) -> Reply:
    if not child.poll(_PATIENCE):
        raise RuntimeError("the model process says nothing")
    return CODEC.decode_reply(child.receive())


if __name__ == "__main__":
    from run import main

    sys.exit(main([Path(__file__).stem, *sys.argv[1:]]))
