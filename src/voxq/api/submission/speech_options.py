"""What a client may ask for with a text, checked: nothing else reaches a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, model_validator

from voxq.api.submission.options import invalid
from voxq.core.refusal import Refusal
from voxq.core.task import Priority
from voxq.engines import voices
from voxq.engines.base import EngineError
from voxq.engines.languages import code_of
from voxq.engines.mixtures import MOST_VOICES, MixtureError
from voxq.engines.synthesis import FASTEST, SLOWEST
from voxq.engines.voices import Speaker
from voxq.kinds.speech import SpeechOptions
from voxq.model_store import aliases
from voxq.settings.webhooks import Webhook
from voxq.speech.scripts import language_of
from voxq.speech.written import is_pronounceable

MAX_TEXTS = 500
"""In one batch."""

Format = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
SampleRate = Literal[8000, 16000, 22050, 24000, 44100, 48000]
Speed = Annotated[float, Field(ge=SLOWEST, le=FASTEST, description="2 is twice as fast, at the same pitch.")]
Language = Annotated[
    str | None,
    Field(
        description="ISO 639-1 code or English name, or auto: told by the script. Of words in Latin "
        "letters, too."
    ),
]
Normalise = Annotated[
    bool,
    Field(
        description="Write out figures and addresses before reading; false: as the voice reads them itself."
    ),
]


class Wishes(BaseModel):
    """The fields of a request; what is null is left to the service, as if it were not there."""

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if value is not None}


class HowToSpeak(Wishes):
    """What texts have in common that are spoken alike."""

    voice: Any = Field(
        None,
        description="A name from `GET /api/v1/tts/voices`; nothing: by the text's language. Kokoro's can be "
        f"mixed, up to {MOST_VOICES} of one language, with a weight if it is not 1: af_heart(2)+af_sky.",
        json_schema_extra={"type": "string", "examples": ["heart"]},
    )
    model: str | None = Field(
        None, description="A synthesiser by name or alias; nothing: the one with the voice."
    )
    language: Language = None
    speed: Speed = 1.0
    format: Format = Field("wav", description="Of the audio file.")
    sample_rate: SampleRate | None = Field(
        None, description="Of the audio file, in Hz; nothing: the voice's own. Opus knows some only."
    )
    normalise: Normalise = True
    priority: Priority = Field(
        Priority.NORMAL, description="high overtakes everything that waits; low lets everything else pass."
    )
    callback: str | None = Field(None, description="Name of a registered webhook, to be told of the end.")


class OneText(HowToSpeak):
    """A text to speak."""

    text: str = Field(description="What to say.")
    cache: bool = Field(
        False, description="true: if this key has had the same spoken before, the task is done already."
    )


class ManyTexts(HowToSpeak):
    """Texts to speak, a task each."""

    texts: list[str] = Field(min_length=1, max_length=MAX_TEXTS, description="What to say.")


def tts_options(text: str, how: HowToSpeak, speakers: Sequence[Speaker], longest: int) -> SpeechOptions:
    """The options of one text of at most `longest` characters.

    Raises Refusal ("too_large", "unpronounceable", "voice_not_found" with the voices there are,
    "voice_unsupported", "language_unsupported", "model_not_found", "invalid_option" with the field's name).
    """
    if len(text) > longest:
        raise Refusal("too_large", f"A text may have {longest} characters", max_text_characters=longest)
    if not is_pronounceable(text):
        raise Refusal("unpronounceable", "There is nothing in this text that can be said", field="text")
    there = _of_model(how.model, speakers)
    language = _language(how.language, there)
    speaker = _speaker(_voice(how.voice), language or language_of(text), there)
    _check_text(text, language, speaker, there)
    return SpeechOptions(
        text=text,
        voice=speaker.voice.name,
        model=speaker.engine,
        language=language if language != speaker.voice.language else None,
        speed=how.speed,
        format=how.format,
        sample_rate=how.sample_rate,
        normalise=how.normalise,
    )


def callback(how: HowToSpeak, webhooks: Mapping[str, Webhook]) -> str | None:
    """The registered webhook that is meant, if one is. Raises Refusal ("invalid_option")."""
    name = (how.callback or "").strip()
    if name and name not in webhooks:
        raise invalid("callback", "must be the name of a registered webhook")
    return name or None


def _of_model(wanted: str | None, speakers: Sequence[Speaker]) -> Sequence[Speaker]:
    if not (wanted or "").strip():
        return speakers
    names = list(dict.fromkeys(speaker.engine for speaker in speakers))
    name = aliases.resolve(wanted or "", names)
    if name is None:
        raise Refusal("model_not_found", "Model not found", models=names)
    return [speaker for speaker in speakers if speaker.engine == name]


def _language(wanted: str | None, speakers: Sequence[Speaker]) -> str | None:
    language = code_of(wanted or "")
    if language in ("", "auto"):
        return None
    known = _languages(speakers)
    if language not in known:
        _check_packages(None, language, speakers, "language")
        raise invalid("language", f"must be auto or one of {', '.join(known)}")
    return language


def _languages(speakers: Sequence[Speaker]) -> list[str]:
    return list(dict.fromkeys(speaker.voice.language for speaker in speakers))


def _check_packages(voice: str | None, language: str, speakers: Sequence[Speaker], option: str) -> None:
    """Raises Refusal ("language_unsupported") for what is there but for the packages of its language."""
    if says := voices.lacking(dict.fromkeys(each.engine for each in speakers), voice, language):
        raise Refusal("language_unsupported", says, field=option, languages=_languages(speakers))


def _check_text(text: str, language: str | None, speaker: Speaker, speakers: Sequence[Speaker]) -> None:
    """Raises Refusal ("language_unsupported") for a text in a script that this synthesiser cannot read."""
    own = speaker.voice.language
    written = language_of(text, latin=language or own, han="ja" if own == "ja" else "zh")
    alike = [each for each in speakers if each.engine == speaker.engine]
    if written in _languages(alike):
        return
    _check_packages(None, written, alike, "voice")
    problem = f"The voice {speaker.voice.name} does not speak the language {written}"
    raise Refusal("language_unsupported", problem, field="voice", languages=_languages(alike))


def _voice(wanted: object) -> str | None:
    """A voice is a name. A recording to be imitated, as an address or as bytes, is not that."""
    if wanted is None or wanted == "":
        return None
    if not isinstance(wanted, str):
        raise _unsupported("voice must be a name; recordings are not supported")
    return wanted.strip()


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
        problem = f"No voice here speaks the language {language}" if voice is None else "Voice not found"
        raise Refusal("voice_not_found", problem, field="voice", voices=names) from None
