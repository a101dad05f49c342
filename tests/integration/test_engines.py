"""The real recogniser on real speech and on other sounds, with error rates against the spoken text."""

from __future__ import annotations

import re
from itertools import pairwise

import jiwer
import numpy as np
import pytest
from audio import NOTE, english, recording, sounds, spoken_text
from engine_calls import Options, recognition, transcribe

from voxq.engines import registry
from voxq.engines.contract import (
    AudioItem,
    ChunkError,
    EngineError,
    EngineRequest,
    Recognised,
    Recogniser,
)
from voxq.engines.recognise.faster_whisper_model import FasterWhisper
from voxq.engines.recognise.whisper_search import PROMPTS
from voxq.engines.warmup import measure
from voxq.model_store.store import ModelStore
from voxq.speech.audio import SAMPLE_RATE, Samples
from voxq.speech.transcript import Transcript

REQUEST = EngineRequest("faster-whisper", "whisper-base", threads=2)


@pytest.fixture(scope="module")
def engine() -> Recogniser:
    kind = registry.find(REQUEST.engine)
    return kind.load(REQUEST, kind.model_paths(REQUEST, ModelStore().resolve))


def recognise(engine: Recogniser, samples: Samples, options: Options) -> Recognised:
    (answer,) = transcribe(engine, [(samples, options)])
    assert isinstance(answer, Recognised)
    _check_times(answer, len(samples) / SAMPLE_RATE)
    return answer


def text_of(result: Recognised) -> str:
    return Transcript.of(result.segments, result.language, 0.0).text


def word_error_rate(said: str, heard: str) -> float:
    return jiwer.wer(*(re.sub(r"[^a-z0-9 ]", "", text.lower()) for text in (said, heard)))


def character_error_rate(said: str, heard: str) -> float:
    return jiwer.cer(*(re.sub(r"\W", "", text) for text in (said, heard)))


def _check_times(result: Recognised, seconds: float) -> None:
    for segment in result.segments:
        assert 0 <= segment.start <= segment.end <= seconds
        times = [time for word in segment.words for time in (word.start, word.end)]
        assert times == sorted(times)
        assert all(0 <= time <= seconds for time in times)
    assert all(a.start <= b.start for a, b in pairwise(result.segments))


@pytest.mark.parametrize("language", [None, "en"])
def test_english(engine: Recogniser, language: str | None) -> None:
    result = recognise(engine, english(), recognition(language))
    assert result.language == "en"
    assert word_error_rate(NOTE, text_of(result)) < 0.05


@pytest.mark.numerics
@pytest.mark.parametrize("name", ["zh_note", "zh_meeting"])
@pytest.mark.parametrize("language", [None, "zh"])
def test_chinese_is_simplified_and_punctuated(engine: Recogniser, name: str, language: str | None) -> None:
    result = recognise(engine, recording(name), recognition(language))
    text = text_of(result)
    assert result.language == "zh"
    assert character_error_rate(spoken_text(name), text) < 0.08
    assert "，" in text and text.endswith("。")


@pytest.mark.parametrize("language", [None, pytest.param("zh", marks=pytest.mark.numerics)])
@pytest.mark.parametrize("name", sounds())
def test_silence_noise_and_music_give_no_text(engine: Recogniser, name: str, language: str | None) -> None:
    result = recognise(engine, sounds()[name], recognition(language))
    assert (text_of(result), result.language) == ("", None)


@pytest.mark.numerics
@pytest.mark.parametrize(
    ("language", "hotwords"), [("zh", ("达摩院", "语音识别")), ("en", ("Jon Smyth", "Stop"))]
)
@pytest.mark.parametrize("name", ["silence", "hiss", "loud noise", "notes", "a knock"])
def test_the_prompt_is_not_returned_without_speech(
    engine: Recogniser, name: str, language: str, hotwords: tuple[str, ...]
) -> None:
    result = recognise(engine, sounds()[name], recognition(language, hotwords=hotwords))
    assert (text_of(result), result.language) == ("", None)


@pytest.mark.numerics
def test_the_sentence_of_the_prompt_is_recognised_if_spoken(engine: Recogniser) -> None:
    said = spoken_text("zh_prompt")
    assert said == PROMPTS["zh"]
    heard = text_of(recognise(engine, recording("zh_prompt"), recognition("zh")))
    assert character_error_rate(said, heard) <= 2 / 9


@pytest.mark.numerics
@pytest.mark.parametrize(
    ("said", "hotwords"), [("Yes. Stop. Yes.", ("Stop", "Yes")), ("Good morning.", ("Good morning",))]
)
def test_a_recording_of_hotwords_only_is_recognised(
    engine: Recogniser, said: str, hotwords: tuple[str, ...]
) -> None:
    heard = text_of(recognise(engine, english(said), recognition("en", hotwords=hotwords)))
    assert word_error_rate(said, heard) == 0


@pytest.mark.numerics
def test_a_hotword_that_is_the_beginning_of_a_sentence_adds_nothing(engine: Recogniser) -> None:
    """The hotword contains enough of the sentence that the engine checks whether it was really said."""
    options = recognition("zh", hotwords=("今天天气很好",))
    text = text_of(recognise(engine, recording("zh_note"), options))
    assert character_error_rate(spoken_text("zh_note"), text) < 0.08


@pytest.mark.numerics
def test_an_address_spelled_out_is_heard(engine: Recogniser) -> None:
    """The model doubts it, and writes a loop at first."""
    result = recognise(engine, recording("zh_address"), recognition())
    text = text_of(result)
    assert text.startswith("请访问") and "example.com" in text
    assert "xxxx" not in text


@pytest.mark.numerics
@pytest.mark.parametrize("word", ["Yes.", "Stop.", "No."])
def test_a_single_word_is_heard(engine: Recogniser, word: str) -> None:
    result = recognise(engine, english(word), recognition("en"))
    assert word_error_rate(word, text_of(result)) == 0


@pytest.mark.numerics
def test_each_language_is_written_as_it_is_spoken(engine: Recogniser) -> None:
    result = recognise(engine, recording("en_then_zh"), recognition())
    english_, chinese = spoken_text("en_then_zh").split("nine. ")
    heard = {
        language: text_of(Recognised(tuple(s for s in result.segments if s.language == language), language))
        for language in ("en", "zh")
    }
    assert word_error_rate(f"{english_}nine.", heard["en"].replace("9", "nine")) < 0.1
    assert character_error_rate(chinese, heard["zh"]) < 0.1
    assert next(segment.start for segment in result.segments if segment.language == "zh") > 4.5
    assert {segment.language for segment in result.segments} == {"en", "zh"}


@pytest.mark.numerics
def test_the_language_so_far_is_kept_over_a_short_word(engine: Recogniser) -> None:
    (answer,) = transcribe(engine, [(english("No."), recognition() | {"likely_language": "es"})])
    assert isinstance(answer, Recognised)
    assert answer.language == "es"
    note = recognise(engine, recording("zh_note"), recognition() | {"likely_language": "en"})
    assert note.language == "zh"


@pytest.mark.parametrize("name", ["loud noise", "notes", "tone"])
def test_dropped_text_is_reported(engine: Recogniser, name: str) -> None:
    result = recognise(engine, sounds()[name], recognition())
    assert result.segments == ()
    assert all(each.text and each.why == "no_speech" for each in result.dropped)
    assert result.dropped


@pytest.mark.numerics
def test_silence_after_speech_adds_no_words(engine: Recogniser) -> None:
    speech = recording("zh_note")
    long = np.concatenate([speech, np.zeros(15 * SAMPLE_RATE, np.float32)])
    text = text_of(recognise(engine, long, recognition("zh")))
    assert character_error_rate(spoken_text("zh_note"), text) < 0.08


@pytest.mark.numerics
def test_a_quiet_recording_is_heard(engine: Recogniser) -> None:
    text = text_of(recognise(engine, recording("zh_note") * np.float32(0.01), recognition("zh")))
    assert character_error_rate(spoken_text("zh_note"), text) < 0.08


@pytest.mark.numerics
def test_noise_does_not_swallow_the_second_sentence(engine: Recogniser) -> None:
    """Greedy decoding ends after the first sentence here: without a second try the rest would be lost."""
    speech = recording("zh_note")
    noise = np.random.default_rng(0).normal(0, 1, len(speech))
    noise *= np.sqrt(np.mean(speech**2) / np.mean(noise**2) / 10**0.5)  # 5 dB below the speech
    result = recognise(engine, (speech + noise).astype(np.float32), recognition("zh"))
    assert result.segments[-1].end > 8
    assert character_error_rate(spoken_text("zh_note"), text_of(result)) < 0.35


def test_words_have_times_in_order(engine: Recogniser) -> None:
    result = recognise(engine, english(), recognition("en", words=True))
    words = [word for segment in result.segments for word in segment.words]
    assert word_error_rate(NOTE, " ".join(word.text for word in words)) < 0.05
    assert all(word.text == word.text.strip() != "" for word in words)
    assert all(a.end <= b.start for a, b in pairwise(words))


def test_chinese_words_add_up_to_the_text(engine: Recogniser) -> None:
    result = recognise(engine, recording("zh_note"), recognition("zh", words=True))
    for segment in result.segments:
        assert "".join(word.text for word in segment.words) == segment.text


@pytest.mark.numerics
def test_hotwords_change_the_spelling(engine: Recogniser) -> None:
    speech = english("Please call Jon Smyth about the contract.")
    plain = text_of(recognise(engine, speech, recognition("en")))
    helped = text_of(recognise(engine, speech, recognition("en", hotwords=("Jon Smyth",))))
    assert "Jon Smyth" not in plain
    assert "Jon Smyth" in helped


@pytest.mark.numerics
def test_a_hotword_at_the_beginning_is_recognised(engine: Recogniser) -> None:
    speech = english("Katherine and Geoff live in Leicester.")
    text = text_of(recognise(engine, speech, recognition("en", hotwords=("Catharine", "Jeff"))))
    assert text.replace(",", "").startswith("Catharine and Jeff")


@pytest.mark.parametrize(
    "hotwords",
    [("<|endoftext|>", "<|zh|><|translate|>"), ("很" * 50,) * 40, ("http://localhost/x", "/etc/passwd")],
)
def test_hostile_hotwords_are_only_words(engine: Recogniser, hotwords: tuple[str, ...]) -> None:
    result = recognise(engine, english(), recognition("en", hotwords=hotwords))
    assert word_error_rate(NOTE, text_of(result)) < 0.2


def test_a_translation_is_english_and_the_language_is_what_was_spoken(engine: Recogniser) -> None:
    answer = recognise(engine, recording("zh_note"), recognition(translate=True))
    assert text_of(answer).isascii() and len(text_of(answer).split()) > 5
    assert answer.language == "zh"


@pytest.mark.parametrize("milliseconds", [0, 1, 99])
def test_very_short_audio_gives_no_text(engine: Recogniser, milliseconds: int) -> None:
    samples = english()[16_000 : 16_000 + milliseconds * 16]
    assert recognise(engine, samples, recognition()).segments == ()


def test_each_item_of_a_batch_has_its_own_result(engine: Recogniser) -> None:
    answers = transcribe(
        engine,
        [
            (english(), recognition("en")),
            (english(), recognition("tlh")),
            (recording("zh_note"), recognition("zh", words=True)),
            (np.zeros(10, np.float32), recognition()),
        ],
    )
    first, klingon, third, empty = answers
    assert isinstance(klingon, ChunkError) and klingon.code == "bad_language"
    assert isinstance(first, Recognised) and first.language == "en" and not first.segments[0].words
    assert isinstance(third, Recognised) and third.language == "zh" and third.segments[0].words
    assert empty == Recognised((), None)


def test_clear_speech_needs_no_window_of_30_seconds(engine: Recogniser) -> None:
    assert isinstance(engine, FasterWhisper)
    before = engine.second_looks
    recognise(engine, english(), recognition("en", words=True))
    recognise(engine, recording("zh_note"), recognition())
    assert engine.second_looks == before


def test_two_languages_need_no_window_of_30_seconds(engine: Recogniser) -> None:
    assert isinstance(engine, FasterWhisper)
    before = engine.second_looks
    result = recognise(engine, recording("en_then_zh"), recognition(words=True))
    assert engine.second_looks == before
    assert [segment.language for segment in result.segments] == ["en", "en", "zh"]
    assert all(segment.words for segment in result.segments)


def test_a_sentence_said_quickly_is_heard_to_its_end(engine: Recogniser) -> None:
    """The limit of tokens, of which CTranslate2 counts double, once ended such a text too early."""
    said = (
        "They kept flour, beans and dried fish in the cellar, and the children learned to read at the kitchen"
        " table while the wind shook the doors."
    )
    heard = text_of(recognise(engine, english(said), recognition("en")))
    assert heard.endswith("the doors.")


def test_whether_anybody_speaks_is_decided_in_a_window_of_30_seconds(engine: Recogniser) -> None:
    assert isinstance(engine, FasterWhisper)
    before = engine.second_looks
    recognise(engine, sounds()["white noise"], recognition())
    assert engine.second_looks == before + 1


def test_a_short_window_gives_the_same_text_and_times(engine: Recogniser) -> None:
    assert isinstance(engine, FasterWhisper)
    options = recognition(words=True)
    short = recognise(engine, english(), options)
    whole = engine.in_whole_windows(AudioItem(english(), options))
    assert isinstance(whole, Recognised)
    assert word_error_rate(text_of(whole), text_of(short)) == 0
    assert short.language == whole.language == "en"
    words = [[word for segment in each.segments for word in segment.words] for each in (short, whole)]
    apart = [abs(a.start - b.start) for a, b in zip(*words, strict=True)]
    assert np.percentile(apart, 90) <= 0.1 and np.max(apart) <= 0.6


def test_a_batch_gives_the_texts_of_single_calls(engine: Recogniser) -> None:
    """Check a batch of other lengths, languages, prompts and tasks, with sounds that nobody speaks in."""
    note, chinese = english(), recording("zh_note")
    items = [
        (note[: 4 * SAMPLE_RATE], recognition()),
        (note[4 * SAMPLE_RATE : 8 * SAMPLE_RATE], recognition("en", hotwords=("Martin",), words=True)),
        (chinese[: 4 * SAMPLE_RATE], recognition("zh")),
        (chinese[: 4 * SAMPLE_RATE], recognition("zh", translate=True)),
        (sounds()["white noise"][: 4 * SAMPLE_RATE], recognition()),
        (chinese, recognition(words=True)),
        (note, recognition()),
        (english("Good morning."), recognition("en")),
    ]
    together = transcribe(engine, items)
    assert [transcribe(engine, [item])[0] for item in items] == list(together)


def test_the_same_audio_gives_the_same_text(engine: Recogniser) -> None:
    noisy = (english() + np.random.default_rng(1).normal(0, 0.1, len(english()))).astype(np.float32)
    assert recognise(engine, noisy, recognition()) == recognise(engine, noisy, recognition())


def test_the_warm_up_measures_a_cost(engine: Recogniser) -> None:
    # a machine that is busy for a moment gives useless measurements
    costs = (measure(engine) for _ in range(3))
    assert any(0 < cost.predict(6.0) < 30 for cost in costs)


def test_a_gpu_that_is_not_there_is_an_error() -> None:
    kind = registry.find("faster-whisper")
    request = EngineRequest("faster-whisper", "whisper-base", device="cuda:15")
    with pytest.raises(EngineError, match="no GPU 15"):
        kind.load(request, kind.model_paths(request, ModelStore().resolve))
