"""Text to speech in this process, sentence by sentence, without a service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from voxq.engines import voices
from voxq.engines.contract import ChunkError, EngineError, EngineRequest, Options, Synthesiser, TextItem
from voxq.engines.voices import Speaker
from voxq.locale import Message
from voxq.model_store import aliases
from voxq.model_store.store import ModelStore
from voxq.speech.audio import Samples
from voxq.speech.markup import MarkupError, Utterance, document_of, utterances_of
from voxq.speech.scripts import language_of, language_read_in
from voxq.speech.sentences import Break
from voxq.speech.voicing import delivered, pause_after, silence


class SpeechError(Exception):
    """Raised if a text cannot be spoken; the message says why."""


def load(speaker: Speaker, store: ModelStore) -> Synthesiser:
    """Load the speaker's synthesiser. Raises SpeechError, EngineError or ModelError."""
    family = voices.family_of(speaker.model)
    if not family.requirements.are_installed:
        raise SpeechError(family.requirements.advice)
    request = EngineRequest(family.name, speaker.model)
    return family.load(request, family.model_paths(request, store.resolve))


def sentences_of(text: str, input_type: str, speaker: Speaker) -> list[Utterance]:
    """Split a text into sentences that the speaker can say, in order. Raises SpeechError if there are none,
    or for markup that is not supported."""
    language = language_read_in(text, speaker.voice.language)
    languages = voices.family_of(speaker.model).languages_here(speaker.model)
    try:
        sentences = utterances_of(document_of(text, input_type, language), languages)
    except MarkupError as error:
        raise SpeechError(Message.joined("", (str(error), "."))) from None
    if not sentences:
        raise SpeechError(Message("There is nothing in this text that can be said."))
    return sentences


def choose(
    text: str, engine: str | None = None, voice: str | None = None, language: str | None = None
) -> Speaker:
    """Choose the speaker named by `voice`, or the first for `language`, by default the language of the text.

    `engine` limits the choice, by name or alias. Raises EngineError.
    """
    there = voices.models()
    speakers = voices.speakers_of([aliases.resolve(engine, there) or engine] if engine else there)
    try:
        return voices.choose(speakers, voice, language or language_of(text))
    except EngineError:
        if engine is None or voice is not None:
            raise
        return speakers[0]  # the requested model itself reports what it cannot say


def options_of(speaker: Speaker, speed: float, language: str | None, *, normalise: bool) -> Options:
    """Options for each sentence; `language` is that of words in Latin letters, if not the voice's own."""
    foreign = language if language != speaker.voice.language else None
    return {"voice": speaker.voice.name, "speed": speed, "language": foreign, "normalise": normalise}


def spoken(
    synthesiser: Synthesiser, sentences: Sequence[Utterance], options: Options
) -> Iterator[tuple[Samples, int]]:
    """Yield (samples including the pauses around them, their rate in Hz) of each sentence once it is spoken.

    Raises SpeechError.
    """
    for index, sentence in enumerate(sentences):
        (answer,) = synthesiser.run([TextItem(sentence.text, options)])
        if isinstance(answer, ChunkError):
            raise SpeechError(
                Message("Sentence {number}: {problem}", number=index + 1, problem=answer.message)
            )
        is_last = index + 1 == len(sentences)
        ending, rate, delivery = (
            Break.CLAUSE if is_last else sentence.ending,
            answer.sample_rate,
            sentence.delivery,
        )
        sound = delivered(answer.samples, rate, delivery)
        pause = pause_after(ending, rate, options["speed"])
        after = pause if delivery.pause is None else silence(delivery.pause, rate)
        yield np.concatenate([silence(delivery.before, rate), sound, after]), rate
