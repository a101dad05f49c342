"""Parsing of the forms that OpenAI's SDKs send."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.api.available import AvailableModels
from voxq.api.kinds.transcription.openai.form import Format, Granularity, transcription, translation
from voxq.api.submission.form import Fields
from voxq.core.refusal import Refusal
from voxq.core.task import Priority
from voxq.kinds.hotwords import MAX_HOTWORDS, hotwords_in
from voxq.model_catalogue import ListedModel, ModelCatalogue
from voxq.model_store.store import ModelStore

OFFER = ModelCatalogue(ListedModel("noop", "noop", "noop"), [], ModelStore(Path("nowhere"), environ={}))
MODELS = AvailableModels(("noop", "whisper-base", "whisper-large-v3", "whisper-large-v3-turbo"), OFFER)


def fields(*pairs: tuple[str, str]) -> Fields:
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return Fields(values)


def test_a_file_alone_gets_json_and_high_priority() -> None:
    wanted = transcription(fields(), MODELS)
    assert (wanted.format, wanted.priority, wanted.streams, wanted.cache) == (
        Format.JSON,
        Priority.HIGH,
        False,
        True,
    )
    assert wanted.granularities == {Granularity.SEGMENT}
    assert wanted.options.model is None


@pytest.mark.parametrize("name", ["timestamp_granularities[]", "timestamp_granularities"])
@pytest.mark.parametrize("values", [("word", "segment"), ("word,segment",), ('["word", "segment"]',)])
def test_arrays_come_with_brackets_or_without_and_as_one_field(name: str, values: tuple[str, ...]) -> None:
    asked = fields(*((name, value) for value in values), ("response_format", "verbose_json"))
    wanted = transcription(asked, MODELS)
    assert wanted.granularities == {Granularity.WORD, Granularity.SEGMENT}
    assert wanted.options.words


def test_items_of_an_array_may_be_numbered() -> None:
    """PHP's http_build_query and axios number them."""
    asked = fields(
        ("timestamp_granularities[0]", "segment"),
        ("timestamp_granularities[1]", "word"),
        ("keywords[0]", "Aimee"),
        ("keywords[1]", "Shawn"),
        ("response_format", "verbose_json"),
    )
    wanted = transcription(asked, MODELS)
    assert wanted.granularities == {Granularity.WORD, Granularity.SEGMENT}
    assert wanted.options.hotwords == ("Aimee", "Shawn")


@pytest.mark.parametrize(
    "name",
    [
        *("language[]", "response_format[0]", "model[]", "temperature[x]", "timestamp_granularities[word]"),
        *("timestamp_granularities[", "timestamp_granularities[]]", "chunking_strategy[kind]", "prompt[0]"),
    ],
)
def test_no_field_is_accepted_and_then_ignored(name: str) -> None:
    with pytest.raises(Refusal, match="There is no field"):
        transcription(fields((name, "zh")), MODELS)


def test_word_times_are_computed_only_if_they_are_returned() -> None:
    assert not transcription(fields(("timestamp_granularities[]", "word")), MODELS).options.words


def test_own_options_are_accepted_beside_openais() -> None:
    own = fields(("hotwords", "Aimee"), ("use_vad", "false"), ("batch_size", "8"), ("priority", "low"))
    wanted = transcription(own, MODELS)
    assert wanted.options.hotwords == ("Aimee",)
    assert (wanted.options.use_vad, wanted.options.batch_size, wanted.priority) == (False, 8, Priority.LOW)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("Aimee, Shawn, BBQ", ("Aimee", "Shawn", "BBQ")),
        ("DALL·E, GPT-3.5; New York", ("DALL·E", "GPT-3.5", "New", "York")),
        ("今天，天气", ("今天", "天气")),
        ("This is the second part of a lecture about whales.", ()),
        ("http://example.org/x.txt, /etc/passwd, ../x", ()),
        ("<|nospeech|>, .., ", ()),
        ("", ()),
    ],
)
def test_names_in_a_prompt_are_hotwords(prompt: str, words: tuple[str, ...]) -> None:
    assert transcription(fields(("prompt", prompt)), MODELS).options.hotwords == words


@given(st.text(max_size=500))
def test_any_prompt_is_accepted_and_becomes_plain_words(prompt: str) -> None:
    words = transcription(fields(("prompt", prompt)), MODELS).options.hotwords
    assert len(words) <= MAX_HOTWORDS
    assert all(word[0].isalnum() and not set(word) & set("/\\:<>|\n") for word in words)
    assert set(words) <= set(hotwords_in(prompt))


def test_one_of_several_languages_is_detected() -> None:
    assert transcription(fields(("languages[]", "de")), MODELS).options.language == "de"
    assert (
        transcription(fields(("languages[]", "de"), ("languages[]", "fr")), MODELS).options.language is None
    )


@pytest.mark.parametrize(
    "given", ["auto", "server_vad", '{"type": "server_vad", "threshold": 0.4}', '{"type": "auto"}', ""]
)
def test_known_chunking_strategies_are_accepted(given: str) -> None:
    transcription(fields(("chunking_strategy", given)), MODELS)
    transcription(fields(("chunking_strategy[type]", given), ("chunking_strategy[threshold]", "1")), MODELS)


@pytest.mark.parametrize("given", ["none", "{", "{}", '{"type": ["a"]}', '{"a":' * 3000])
def test_other_chunking_strategies_are_refused(given: str) -> None:
    with pytest.raises(Refusal) as caught:
        transcription(fields(("chunking_strategy", given)), MODELS)
    assert caught.value.details == {"field": "chunking_strategy"}


@pytest.mark.parametrize(
    ("asked", "gets"),
    [
        ("", "whisper-large-v3"),
        ("whisper-1", "whisper-large-v3"),
        ("whisper-base", "whisper-base"),
        ("large", "whisper-large-v3"),
    ],
)
def test_a_translation_gets_a_model_that_translates(asked: str, gets: str) -> None:
    wanted = translation(fields(("model", asked)), MODELS)
    assert (wanted.options.model, wanted.options.translate) == (gets, True)


@pytest.mark.parametrize("asked", ["noop", "NOOP", "whisper-large-v3-turbo"])
def test_a_model_that_was_named_is_not_replaced(asked: str) -> None:
    with pytest.raises(Refusal) as caught:
        translation(fields(("model", asked)), MODELS)
    assert caught.value.details["models"] == ["whisper-base", "whisper-large-v3"]
