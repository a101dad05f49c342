"""Coverage of all fields of OpenAI's SDK: each is documented, and accepted or refused with a clear error."""

from __future__ import annotations

import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from openai.types import AudioModel, AudioResponseFormat
from openai.types.audio import (
    SpeechCreateParams,
    SpeechModel,
    TranslationCreateParams,
    transcription_create_params,
)

from voxq.api.available import AvailableModels
from voxq.api.kinds.speech.openai import documentation as speech_documentation
from voxq.api.kinds.speech.openai import form as speech_form
from voxq.api.kinds.speech.openai.form import SPOKEN
from voxq.api.kinds.transcription.openai import documentation, form
from voxq.api.submission.form import Fields
from voxq.core.refusal import Refusal
from voxq.engines import voices
from voxq.model_catalogue import ListedModel, ModelCatalogue
from voxq.model_store.store import ModelStore

OFFER = ModelCatalogue(
    ListedModel("whisper-base", "faster-whisper", "whisper-base"), [], ModelStore(Path("nowhere"), environ={})
)
MODELS = AvailableModels(("whisper-base",), OFFER)
SPEAKERS = voices.speakers_of(["hibari", "kokoro"])

TRANSCRIPTION: Mapping[str, Mapping[str, bool]] = {
    # Field name as sent -> values, and whether they are accepted.
    "model": {"whisper-1": True},
    "language": {"de": True, "german": True, "de-AT": True, "klingon": False},
    "languages[]": {"de": True},
    "prompt": {"Aimee, Shawn": True},
    "keywords[]": {"Aimee": True},
    "temperature": {"0.5": True, "7": False},
    "stream": {"true": True, "false": True},
    "include[]": {"logprobs": True},
    "timestamp_granularities[]": {"word": True, "segment": True},
    "chunking_strategy": {"auto": True, "other": False},
    "chunking_strategy[type]": {"server_vad": True},
    "chunking_strategy[threshold]": {"0.5": True},
    "chunking_strategy[prefix_padding_ms]": {"300": True},
    "chunking_strategy[silence_duration_ms]": {"200": True},
    "known_speaker_names[]": {"Anna": False},
    "known_speaker_references[]": {"data:audio/wav;base64,AAAA": False},
    "response_format": dict.fromkeys(get_args(AudioResponseFormat), True),
}
SPEECH: Mapping[str, tuple[Any, ...]] = {
    "input": ("Hello.",),
    "model": get_args(SpeechModel),
    "voice": ("alloy", {"id": "heart"}),
    "instructions": ("Speak like a pirate.",),
    "response_format": ("mp3", "opus", "aac", "flac", "wav", "pcm"),
    "speed": (0.25, 1, 4.0),
    "stream_format": ("sse", "audio"),
}
NOT_MODELS = {"gpt-4o-transcribe-diarize"}
"""Models of the SDK that separate speakers, which VoxQ does not."""


def plain(sent: str) -> str:
    """Name of a field without the brackets of arrays and objects."""
    return sent.partition("[")[0]


def fields_of(*kinds: type) -> set[str]:
    return {name for kind in kinds for name in get_type_hints(kind)}


def described(route: Mapping[str, Any]) -> set[str]:
    [content] = route["openapi_extra"]["requestBody"]["content"].values()
    return set(content["schema"]["properties"])


def test_every_field_of_a_transcription_is_known() -> None:
    kinds = typing.get_args(transcription_create_params.TranscriptionCreateParams)
    known = fields_of(*kinds) - {"file"}
    assert known == set(map(plain, TRANSCRIPTION))
    assert known <= set(map(plain, described(documentation.TRANSCRIPTION)))
    vad = fields_of(transcription_create_params.ChunkingStrategyVadConfig)
    assert {f"chunking_strategy[{name}]" for name in vad} <= set(TRANSCRIPTION)
    assert fields_of(TranslationCreateParams) <= described(documentation.TRANSLATION)


@pytest.mark.parametrize(
    ("field", "value", "is_accepted"),
    [(field, value, ok) for field, values in TRANSCRIPTION.items() for value, ok in values.items()],
)
def test_a_field_of_a_transcription_is_accepted_or_refused_by_name(
    field: str, value: str, is_accepted: bool
) -> None:
    fields = Fields({field: [value]})
    if is_accepted:
        form.transcription(fields, MODELS)
        return
    with pytest.raises(Refusal) as caught:
        form.transcription(fields, MODELS)
    assert caught.value.details["field"] == plain(field)


def test_every_field_of_speech_is_known_and_accepted() -> None:
    assert fields_of(SpeechCreateParams) == set(SPEECH) <= described(speech_documentation.SPEECH)
    hints = get_type_hints(SpeechCreateParams)
    for field in ("response_format", "stream_format"):
        assert set(get_args(hints[field])) == set(SPEECH[field])
    for field, values in SPEECH.items():
        for value in values:
            asked = SPOKEN.values({"input": "Hello.", field: value})
            speech_form.wanted(asked, SPEAKERS, 100)


@pytest.mark.parametrize("name", sorted(set(get_args(AudioModel)) - NOT_MODELS))
def test_openais_recognisers_mean_the_default(name: str) -> None:
    assert MODELS.choose(name) == "whisper-base"
