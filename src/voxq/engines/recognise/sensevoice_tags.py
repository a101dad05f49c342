"""Tags in the text of SenseVoice, whatever library runs it: of the language, the speaker's emotion, and
sounds other than speech. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from voxq.engines.contract import ChunkError, Dropped, Options, Recognised
from voxq.engines.recognise.timed_words import align, segments
from voxq.locale import Message
from voxq.speech.transcript import join_texts
from voxq.speech.units import split_units

LANGUAGES = ("zh", "en", "yue", "ja", "ko")
_TAG = re.compile(r"<\|([^|]*)\|>")
_EMOTIONS = ("HAPPY", "SAD", "ANGRY", "NEUTRAL", "FEARFUL", "DISGUSTED", "SURPRISED")
_EVENTS = {
    "BGM": "music",
    "Applause": "applause",
    "Laughter": "laughter",
    "Cry": "crying",
    "Sneeze": "sneezing",
    "Breath": "breathing",
    "Cough": "coughing",
    "Sing": "singing",
    "Speech_Noise": "noise",
}


@dataclass(frozen=True, slots=True)
class Tagged:
    """A text and the content of its tags."""

    text: str
    language: str | None
    emotion: str | None
    events: tuple[str, ...]
    doubted: str = ""
    """Text of a sound that the model says contains no speech."""

    @classmethod
    def of(cls, raw: str) -> Tagged:
        """Parse a text such as "<|en|><|NEUTRAL|><|Speech|><|withitn|>Hello.".

        Unknown and meaningless tags are dropped.
        """
        tags = _TAG.findall(raw)
        text = join_texts(split_units(_TAG.sub(" ", raw)))
        is_speech = "nospeech" not in tags
        return cls(
            text if is_speech else "",
            next((tag for tag in tags if tag in LANGUAGES), None),
            next((tag.lower() for tag in tags if tag in _EMOTIONS), None),
            tuple(dict.fromkeys(_EVENTS[tag] for tag in tags if tag in _EVENTS)),
            "" if is_speech else text,
        )


def unknown_language(options: Options) -> ChunkError | None:
    """Return the reason why SenseVoice cannot recognise an item, or None."""
    language = options.get("language")
    if language in (None, *LANGUAGES):
        return None
    return ChunkError(
        "bad_language",
        Message(
            "SenseVoice supports {known}, not {language!r}.", known=", ".join(LANGUAGES), language=language
        ),
    )


def read_tagged(
    raw: str, pieces: Sequence[tuple[str, float, float]], seconds: float, options: Options
) -> Recognised:
    """Convert a text with tags of a chunk of so many seconds; `pieces` are its word parts with their times in
    seconds."""
    tagged = Tagged.of(raw)
    words = align(split_units(tagged.text), pieces)
    language = options.get("language") or tagged.language
    heard = tuple(
        replace(segment, emotion=tagged.emotion, events=tagged.events, language=language)
        for segment in segments(tagged.text, words, seconds, options.get("words", False))
    )
    dropped = (Dropped(tagged.doubted, 0.0, seconds, "no_speech"),) if tagged.doubted else ()
    return Recognised(heard, language if heard else None, dropped)
