"""Options that clients may set, and values that are refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.api.available import AvailableModels
from voxq.api.kinds.transcription import options
from voxq.api.submission import idempotency
from voxq.core.refusal import Refusal
from voxq.core.request_reader import RequestReader
from voxq.core.task import Priority
from voxq.engines.languages import LANGUAGES, name_of
from voxq.kinds.hotwords import MAX_HOTWORD_LENGTH, MAX_HOTWORDS
from voxq.kinds.transcription import TranscriptionOptions
from voxq.model_catalogue import ListedModel, ModelCatalogue
from voxq.model_store.store import ModelStore

SWITCHES = ("use_vad", "use_punc", "use_itn")
FIELDS = ("model", "language", "batch_size", "hotwords", "priority", "timestamps", *SWITCHES)
NAMES = ("whisper-base", "sensevoice", "paraformer-zh", "ours")
OURS = ListedModel("ours", "funasr", "/models/ours")
MODELS = AvailableModels(
    NAMES, ModelCatalogue(ListedModel("whisper-base", "faster-whisper", "whisper-base"), [OURS], ModelStore())
)


READER = RequestReader(TranscriptionOptions)


def asked(**fields: str) -> TranscriptionOptions:
    return options.for_models(READER.form(fields).options, MODELS)


def test_without_options_the_defaults_apply() -> None:
    empty = dict.fromkeys(FIELDS, " ")
    assert asked() == asked(**empty) == TranscriptionOptions()
    assert READER.form({}) == READER.form(empty)
    assert READER.form({}).submission.priority is Priority.NORMAL


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=60)))
def test_any_options_are_safe_or_refused_by_name(fields: dict[str, str]) -> None:
    try:
        made = asked(**fields)
    except Refusal as refusal:
        if refusal.code == "model_not_found":
            assert refusal.details["models"] == list(NAMES)
            assert refusal.details["model"].isprintable()
        else:
            assert refusal.code == "invalid_option"
            assert refusal.details["field"] in fields
        return
    assert made.model in {None, *NAMES}
    assert made.language is None or made.language in LANGUAGES
    assert made.batch_size is None or 1 <= made.batch_size <= 3600
    for word in made.hotwords:
        assert not re.search(r"[/\\:\s\x00-\x1f<>|$`\"*?{}]", word)
        assert not word.startswith(("-", "."))


@given(st.lists(st.from_regex(r"[a-zA-Z0-9苏州東京é]{1,10}", fullmatch=True), max_size=MAX_HOTWORDS))
def test_hotwords_keep_their_order_and_number(words: list[str]) -> None:
    for separator in (",", "，", "\n", " ", "; ", "、"):
        made = asked(hotwords=separator.join(words))
        assert made.hotwords == tuple(words)


@pytest.mark.parametrize(
    "word", ["VoxQ", "O'Brien", "Jean-Luc", "Node.js", "3.5", "苏州", "हिन्दी", "ñandú", "don’t"]
)
def test_words_of_all_scripts_are_hotwords(word: str) -> None:
    assert asked(hotwords=word).hotwords == (word,)


@pytest.mark.parametrize(
    "word",
    [
        "/etc/passwd",
        "..",
        ".hidden",
        "-rf",
        "notes.txt",
        "NOTES.TXT",
        "http://host/words",
        "C:\\words",
        "a/b",
        "<s>",
        "a_b",
        "x" * (MAX_HOTWORD_LENGTH + 1),
        " ".join(["word"] * (MAX_HOTWORDS + 1)),
        "nul\x00",
        "\u202egnp",
    ],
)
def test_hotwords_with_other_characters_are_refused(word: str) -> None:
    with pytest.raises(Refusal, match="hotwords"):
        asked(hotwords=word)


@pytest.mark.parametrize("size", ["0", "3601", "-1", "1.5", "1e3", "١", "9" * 5000, "0x10"])
def test_batch_sizes_out_of_range(size: str) -> None:
    with pytest.raises(Refusal, match="batch_size"):
        asked(batch_size=size)


def test_idempotency_keys() -> None:
    assert idempotency.checked(None) is None
    assert idempotency.checked("8e03978e-40d5-43dd-bc93-6894a57f9324")
    for wrong in ("", "a b", "a\n", "é", "x" * (idempotency.MAX_IDEMPOTENCY_KEY_LENGTH + 1)):
        with pytest.raises(Refusal, match="Idempotency-Key"):
            idempotency.checked(wrong)


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("whisper-1", "whisper-base"),
        ("SenseVoice-Small", "sensevoice"),
        (" paraformer\n", "paraformer-zh"),
        ("ours", "ours"),
        ("  ", None),
    ],
)
def test_a_model_is_kept_under_its_own_name(wanted: str, name: str | None) -> None:
    assert asked(model=wanted).model == name


@pytest.mark.parametrize("wanted", ["whisper-small", "tts-1", "fun-asr-nano", "/etc/passwd", "x" * 16_000])
def test_an_unknown_model_is_refused_with_the_known_ones(wanted: str) -> None:
    with pytest.raises(Refusal) as refused:
        asked(model=wanted)
    assert refused.value.code == "model_not_found"
    assert refused.value.details == {"model": wanted[:100], "models": list(NAMES)}


def test_control_characters_are_not_repeated_in_errors() -> None:
    with pytest.raises(Refusal) as refused:
        asked(model="苏州\n\x1b[31m\u202egpj\x00")
    assert refused.value.details["model"] == r"苏州\n\x1b[31m\u202egpj\x00"


@pytest.mark.parametrize(
    ("model", "known"),
    [("", LANGUAGES), ("sensevoice", ("zh", "yue", "en", "ja", "ko")), ("paraformer-zh", ("zh", "en"))],
)
def test_an_unsupported_language_is_refused_with_the_supported_ones(
    model: str, known: tuple[str, ...]
) -> None:
    for language in LANGUAGES:
        if language in known:
            assert asked(model=model, language=language.upper()).language == language
            continue
        with pytest.raises(Refusal, match="language must be auto or one of") as refused:
            asked(model=model, language=language)
        assert all(code in refused.value.message for code in (*known, model))
    assert asked(model=model, language="auto").language is None


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("Chinese", "zh"),
        ("mandarin", "zh"),
        ("zho", "zh"),
        ("chi", "zh"),
        ("eng-US", "en"),
        ("und", None),
        ("zh-CN", "zh"),
        ("en_US", "en"),
        ("zh-yue", "yue"),
        ("nb-NO", "no"),
    ],
)
def test_a_language_has_several_names(given: str, meant: str) -> None:
    assert asked(language=given).language == meant


@pytest.mark.parametrize(
    ("language", "script"),
    [
        *((each, "traditional") for each in ("zh-TW", "zh_hk", "zh-Hant", "zho-Hant-MO", "zh-Hant-CN")),
        *((each, "simplified") for each in ("zh-CN", "ZH-SG", "zh-Hans", "zh-Hans-HK")),
        *((each, None) for each in ("zh", "chinese", "", "auto", "en-TW", "yue-HK", "ja")),
    ],
)
def test_a_language_with_a_region_names_a_script(language: str, script: str | None) -> None:
    """People of Taiwan who asked for zh-TW got simplified characters."""
    assert asked(language=language).chinese_script == script
    assert asked(language=language, chinese_script="Unchanged").chinese_script == "unchanged"


@given(st.sampled_from(LANGUAGES))
def test_every_language_is_known_by_its_name(code: str) -> None:
    assert asked(language=name_of(code).title()).language == code


def test_an_operators_own_model_accepts_any_language() -> None:
    assert asked(model="ours", language="cy").language == "cy"


@pytest.mark.parametrize("field", SWITCHES)
def test_switches(field: str) -> None:
    for on in ("true", "1", "Yes", " TRUE "):
        assert getattr(asked(**{field: on}), field) is True
    for off in ("false", "0", "no", "False"):
        assert getattr(asked(**{field: off}), field) is False
    for wrong in ("maybe", "on off", "2", "١", "t" * 1000):
        with pytest.raises(Refusal, match=field):
            asked(**{field: wrong})
