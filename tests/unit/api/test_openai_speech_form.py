"""Choice of voice for speech requests of OpenAI's clients."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.api.kinds.speech.openai import voices
from voxq.api.kinds.speech.openai.events import usage
from voxq.api.kinds.speech.openai.form import SPOKEN, Wanted, wanted
from voxq.core.refusal import Refusal
from voxq.core.task import Priority
from voxq.engines.voices import Speaker, speakers_of

HIBARI, KOKORO = speakers_of(["hibari"]), speakers_of(["kokoro"])
BOTH = (*HIBARI, *KOKORO)
TEXTS = {"en": "Hello there.", "zh": "今天天气很好。", "ja": "こんにちは。", "fr": "Bonjour.", "es": "Hola."}


def asked(speakers: tuple[Speaker, ...] = BOTH, **fields: object) -> Wanted:
    return wanted(SPOKEN.values({"input": "Hello there.", **fields}), speakers, 1000)


def test_a_text_alone_gets_mp3_and_high_priority() -> None:
    plain = asked()
    assert (plain.options.format, plain.options.sample_rate, plain.options.speed) == ("mp3", None, 1.0)
    assert (plain.priority, plain.cache, plain.as_events) == (Priority.HIGH, True, False)
    assert plain.options.voice == "af_heart", "the best of the best model"


def test_null_counts_as_not_given() -> None:
    optional = SPOKEN.names - {"input"}
    assert asked(**dict.fromkeys(optional)) == asked()


@pytest.mark.parametrize("language", ["zh", "Chinese", "zh-CN", "zh_Hant_TW"])
def test_a_language_has_several_names(language: str) -> None:
    options = asked(input="2026", voice="nova", language=language).options
    assert options.voice in {each.voice.name for each in KOKORO if each.voice.language == "zh"}


def test_raw_samples_are_what_openais_clients_play() -> None:
    assert asked(response_format="pcm").options.sample_rate == 24_000
    assert asked(response_format="pcm", sample_rate=8000).options.sample_rate == 8000


@given(st.sampled_from(voices.NAMES), st.sampled_from(sorted(TEXTS)))
def test_openais_voices_speak_the_language_of_the_text(name: str, language: str) -> None:
    said = asked(input=TEXTS[language], voice=name, language=language).options
    speaker = next(each for each in BOTH if each.voice.name == said.voice)
    assert speaker.voice.language == language
    assert speaker.model == said.model == "kokoro"
    of_language = [each.voice for each in KOKORO if each.voice.language == language]
    alike = {voice.gender for voice in of_language} == {"female", "male"}
    assert not alike or speaker.voice.gender == voices.gender_of(name)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_with_many_voices_openais_names_get_different_ones(language: str) -> None:
    chosen = {asked(input=TEXTS[language], voice=name).options.voice for name in voices.NAMES}
    assert len(chosen) == min(len(voices.NAMES), sum(each.voice.language == language for each in KOKORO))


@given(st.sampled_from(voices.NAMES))
def test_a_single_voice_stands_for_all_names(name: str) -> None:
    assert asked(HIBARI, voice=name).options.voice == "heart"


@pytest.mark.parametrize(
    ("model", "voice", "speaks"),
    [
        ("tts-1", None, ("kokoro", "af_heart")),
        ("tts-1", "", ("kokoro", "af_heart")),
        ("gpt-4o-mini-tts", "nova", ("kokoro", "af_nova")),
        ("TTS-1-HD", "Nova", ("kokoro", "af_nova")),
        ("tts-1", "heart", ("hibari", "heart")),
        ("hibari", "nova", ("hibari", "heart")),
        ("kokoro", "bf_emma", ("kokoro", "bf_emma")),
        ("tts-1", {"id": "am_puck"}, ("kokoro", "am_puck")),
        ("tts-1", {"id": "echo"}, ("kokoro", "am_echo")),
        ("kokoro", "af_heart+AF_Sky", ("kokoro", "af_heart(0.5)+af_sky(0.5)")),
        ("speaches-ai/Kokoro-82M-v1.0-ONNX", "AF_Sky", ("kokoro", "af_sky")),
    ],
)
def test_model_and_voice(model: str, voice: object, speaks: tuple[str, str]) -> None:
    options = asked(model=model, voice=voice).options
    assert (options.model, options.voice) == speaks


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"model": "kokoro", "voice": "heart"}, "voice_not_found", "voice"),
        ({"model": "whisper-1"}, "model_not_found", None),
        ({"input": "..."}, "unpronounceable", "input"),
        ({"input": "a" * 1001}, "too_large", None),
        ({"voice": ["alloy"]}, "voice_unsupported", "voice"),
        ({"voice": "af_heart+zf_xiaobei"}, "voice_unsupported", "voice"),
        ({"voice": "af_heart+nobody"}, "voice_not_found", "voice"),
        ({"model": "hibari", "voice": "af_heart+af_sky"}, "voice_not_found", "voice"),
        ({"voice": {"id": "alloy", "b": 1}}, "voice_unsupported", "voice"),
        ({"model": "hibari", "input": "你好", "voice": "alloy"}, "voice_not_found", "voice"),
    ],
)
def test_refusals_use_openais_field_names(fields: dict[str, object], code: str, field: str | None) -> None:
    with pytest.raises(Refusal) as caught:
        asked(**fields)
    assert (caught.value.code, caught.value.details.get("field")) == (code, field)


anything = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.dictionaries(st.text(), st.text())
)


@given(st.dictionaries(st.sampled_from(sorted(SPOKEN.names)), anything))
def test_any_request_is_accepted_or_refused(fields: dict[str, object]) -> None:
    try:
        asked = SPOKEN.values({"input": "Hello.", **fields})
        options = wanted(asked, BOTH, 1000).options
    except Refusal:
        return
    assert Speaker(str(options.model), next(s.voice for s in BOTH if s.voice.name == options.voice)) in BOTH


@given(st.text(), st.floats(0, 1e6))
def test_usage_adds_up(text: str, seconds: float) -> None:
    told = usage(text, seconds)
    assert told["input_tokens"] + told["output_tokens"] == told["total_tokens"]
    assert min(told.values()) >= 0
