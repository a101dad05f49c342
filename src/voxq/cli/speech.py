"""A text spoken here and now, sentence by sentence, without a server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from voxq.engines import synthesisers
from voxq.engines.base import ChunkError, EngineError, EngineRequest
from voxq.engines.synthesis import SpeechOptions, Synthesiser, SynthesiserKind, Voice
from voxq.models.store import ModelStore
from voxq.speech.audio import Samples
from voxq.speech.scripts import language_of
from voxq.speech.sentences import Break, Sentence, split
from voxq.speech.voicing import pause_after
from voxq.speech.written import is_pronounceable, tidy


class SpeechError(Exception):
    """The text cannot be spoken; the message says why."""


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who speaks: a voice, and the synthesiser it belongs to."""

    engine: str
    voice: Voice

    @property
    def kind(self) -> SynthesiserKind:
        return synthesisers.find(self.engine)

    def load(self, store: ModelStore) -> Synthesiser:
        """Raises EngineError or ModelError."""
        request = EngineRequest(self.engine, self.engine)
        models = {role: store.resolve(name) for role, name in self.kind.roles_for(request).items()}
        return self.kind.load(request, models)


def sentences_of(text: str) -> list[Sentence]:
    """What there is to say, in order. Raises SpeechError where there is nothing."""
    sentences = [each for each in split(tidy(text)) if is_pronounceable(each.text)]
    if not sentences:
        raise SpeechError("There is nothing in this text that can be said.")
    return sentences


def choose(text: str, engine: str | None = None, voice: str | None = None) -> Speaker:
    """The speaker asked for by name, or the first that speaks the text's language. Raises EngineError."""
    engines = [engine] if engine else list(synthesisers.names())
    kinds = {name: synthesisers.find(name) for name in engines}
    if voice is not None:
        for name, kind in kinds.items():
            if voice in (known.name for known in kind.voices):
                return Speaker(name, kind.voice(voice))
        there = ", ".join(known.name for kind in kinds.values() for known in kind.voices)
        raise EngineError(f"Unknown voice {voice!r}. There are: {there}.")
    language = language_of(text)
    for name, kind in kinds.items():
        if found := kind.voice_for(language):
            return Speaker(name, found)
    if engine is None:
        raise EngineError(f"No voice here speaks the language {language!r}.")
    return Speaker(engine, kinds[engine].voices[0])


def spoken(
    synthesiser: Synthesiser, sentences: Sequence[Sentence], options: SpeechOptions
) -> Iterator[tuple[Samples, int]]:
    """(samples with the pause that follows, their rate) of each sentence when ready. Raises SpeechError."""
    for index, sentence in enumerate(sentences):
        (answer,) = synthesiser.speak([(sentence.text, options)])
        if isinstance(answer, ChunkError):
            raise SpeechError(f"Sentence {index + 1}: {answer.message}")
        is_last = index + 1 == len(sentences)
        ending = Break.CLAUSE if is_last else sentence.ending
        pause = pause_after(ending, answer.sample_rate, options.speed)
        yield np.concatenate([answer.samples, pause]), answer.sample_rate
