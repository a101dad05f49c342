"""What a synthesiser is made to say before anybody asks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from voxq.engines import synthesisers, warmup
from voxq.engines.base import ChunkError, EngineError
from voxq.engines.greetings import GREETINGS
from voxq.engines.synthesis import SpeechOptions, Spoken
from voxq.speech.scripts import language_of
from voxq.speech.written import is_pronounceable


class Polyglot:
    """Writes down what it is to say, and cannot say the sentences in `mute`."""

    revision = "1"

    def __init__(self, *mute: str) -> None:
        self.said: list[tuple[str, str]] = []
        self._mute = mute

    def speak(self, sentences: Sequence[tuple[str, SpeechOptions]]) -> list[Spoken | ChunkError]:
        self.said += [(text, options.voice) for text, options in sentences]
        spoken = Spoken(np.zeros(1, np.float32), 24_000)
        return [ChunkError("x", "No.") if text in self._mute else spoken for text, _ in sentences]


@pytest.mark.parametrize("name", synthesisers.names())
def test_each_language_of_a_voice_is_warmed_up_by_its_best_voice(name: str) -> None:
    kind, synthesiser = synthesisers.find(name), Polyglot("皆さん、おはようございます。")
    warmup.measure_speech(synthesiser, kind.voices)
    languages = {voice.language for voice in kind.voices}
    assert languages <= set(GREETINGS), "each can be heard, too"
    others = languages - {"en"}
    first, rest = synthesiser.said[: len(others)], synthesiser.said[len(others) :]
    best = {each: next(voice.name for voice in kind.voices if voice.language == each) for each in others}
    assert {voice for _, voice in first} == set(best.values())
    assert all(any(greeting.startswith(text) for greeting in GREETINGS.values()) for text, _ in first)
    assert {voice for _, voice in rest} == {kind.voices[0].name}


def test_a_voice_that_cannot_say_its_first_sentence_is_of_no_use() -> None:
    with pytest.raises(EngineError, match="first sentence: No"):
        warmup.measure_speech(Polyglot(warmup.SHORT_SENTENCE), synthesisers.find("hibari").voices)


@pytest.mark.parametrize("language", GREETINGS)
def test_greetings_are_of_their_language_and_can_be_said(language: str) -> None:
    greeting = GREETINGS[language]
    assert is_pronounceable(greeting)
    assert language_of(greeting, latin=language) == language
