"""Checks of a text's options against the available voices. Unchecked values never reach a model.

Types and ranges have been checked before, by the reader derived from the declared options.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from voxq.api.submission import texts
from voxq.core.options import Affects
from voxq.core.refusal import Refusal, invalid
from voxq.engines import voices
from voxq.engines.contract import EngineError
from voxq.engines.languages import code_of
from voxq.engines.mixtures import MixtureError
from voxq.engines.voices import Speaker
from voxq.kinds.speech import SPEECH, SpeechOptions
from voxq.locale import Message
from voxq.model_store import aliases
from voxq.speech.markup import Document, MarkupError, document_of, ssml
from voxq.speech.scripts import foreign_words, language_of
from voxq.speech.transcript import is_spaceless
from voxq.speech.written import is_pronounceable


def for_speakers(text: str, asked: SpeechOptions, speakers: Sequence[Speaker], longest: int) -> SpeechOptions:
    """Return the options for a text of at most `longest` characters, with the names of a voice and of its
    model.

    Raises Refusal ("too_large", "invalid_ssml" with what is supported, "unpronounceable", "voice_not_found"
    with the available voices, "voice_unsupported", "language_unsupported", "model_not_found",
    "invalid_option" with the field's name).
    """
    texts.check_length(SPEECH, text, longest)
    document = _document(text, asked)
    text = document.text
    if not is_pronounceable(text):
        raise Refusal(
            "unpronounceable", Message("There is nothing in this text that can be said"), field="text"
        )
    there = _of_model(asked.model, speakers)
    language = _language(asked.language or document.language, there)
    voice = asked.voice.strip() if asked.voice else None
    speaker = _speaker(voice, language or _spoken_language(text, there), there)
    _check_text(text, language, speaker, there)
    _check_honoured(asked, speaker)
    return replace(
        asked,
        voice=speaker.voice.name,
        model=speaker.model,
        language=language if language != speaker.voice.language else None,
    )


def _check_honoured(asked: SpeechOptions, speaker: Speaker) -> None:
    """Refuse an option that the model of the voice does not honour, as far as it is known here: the worker
    knows in any case."""
    try:
        family = voices.family_of(speaker.model)
    except EngineError:
        return
    if names := family.not_honoured(asked.values(Affects.BATCH)):
        raise invalid(names[0], Message("is not honoured by the model {model}", model=speaker.model))


def _document(text: str, asked: SpeechOptions) -> Document:
    try:
        return document_of(text, asked.input_type)
    except MarkupError as error:
        raise Refusal("invalid_ssml", str(error), field="text", supported=list(ssml.SUPPORTED)) from None


def _spoken_language(text: str, speakers: Sequence[Speaker]) -> str:
    """Return the language of a text or, if no voice here reads most of it, of the words that one does."""
    language, known = language_of(text), _languages(speakers)
    if language in known:
        return language
    readable, foreign = foreign_words(text, known)
    return language_of(readable) if foreign and _is_mostly(readable, foreign) else language


def _is_mostly(readable: str, foreign: Sequence[str]) -> bool:
    """Whether at least half of a text is left without its foreign words; two characters of a script without
    spaces count as a word."""
    left_out = sum(-(-len(word) // 2) if is_spaceless(word[0]) else 1 for word in foreign)
    return is_pronounceable(readable) and len(readable.split()) >= left_out


def _of_model(wanted: str | None, speakers: Sequence[Speaker]) -> Sequence[Speaker]:
    if not (wanted or "").strip():
        return speakers
    names = list(dict.fromkeys(speaker.model for speaker in speakers))
    name = aliases.resolve(wanted or "", names)
    if name is None:
        raise Refusal("model_not_found", Message("Model not found"), models=names)
    return [speaker for speaker in speakers if speaker.model == name]


def _language(wanted: str | None, speakers: Sequence[Speaker]) -> str | None:
    language = code_of(wanted or "")
    if language in ("", "auto"):
        return None
    known = _languages(speakers)
    if language not in known:
        _check_packages(None, language, speakers, "language")
        raise invalid("language", Message("must be auto or one of {known}", known=", ".join(known)))
    return language


def _languages(speakers: Sequence[Speaker]) -> list[str]:
    return list(dict.fromkeys(speaker.voice.language for speaker in speakers))


def _check_packages(voice: str | None, language: str, speakers: Sequence[Speaker], option: str) -> None:
    """Raise Refusal ("language_unsupported") if only the packages of the voice's language are missing."""
    if says := voices.lacking(dict.fromkeys(each.model for each in speakers), voice, language):
        raise Refusal("language_unsupported", says, field=option, languages=_languages(speakers))


def _check_text(text: str, language: str | None, speaker: Speaker, speakers: Sequence[Speaker]) -> None:
    """Raise Refusal ("language_unsupported") for a text in a script that this synthesiser cannot read."""
    own = speaker.voice.language
    written = language_of(text, latin=language or own, han="ja" if own == "ja" else "zh")
    alike = [each for each in speakers if each.model == speaker.model]
    known = _languages(alike)
    if written in known or _is_mostly(*foreign_words(text, known)):
        return
    _check_packages(None, written, alike, "voice")
    problem = Message(
        "The voice {voice} does not speak the language {language}", voice=speaker.voice.name, language=written
    )
    raise Refusal("language_unsupported", problem, field="voice", languages=_languages(alike))


def _unsupported(problem: str) -> Refusal:
    return Refusal("voice_unsupported", problem, field="voice")


def _speaker(voice: str | None, language: str, speakers: Sequence[Speaker]) -> Speaker:
    try:
        return voices.choose(speakers, voice, language)
    except MixtureError as error:
        raise _unsupported(str(error)) from None
    except EngineError:
        _check_packages(voice, language, speakers, "voice")
        names = [speaker.voice.name for speaker in speakers]
        if voice is None:
            problem = Message("No voice here speaks the language {language}", language=language)
        else:
            problem = Message("Voice not found")
        raise Refusal("voice_not_found", problem, field="voice", voices=names) from None
