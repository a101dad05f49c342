"""What a client may ask for, and what it may not."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxq.api import options
from voxq.engines.languages import LANGUAGES
from voxq.tasks.refusal import Refusal
from voxq.tasks.task import AsrOptions, Priority

FIELDS = ("language", "batch_size", "hotwords", "priority", "timestamps")


def test_nothing_asked_is_the_services_choice() -> None:
    empty = dict.fromkeys(FIELDS, " ")
    assert options.asr_options({}) == options.asr_options(empty) == AsrOptions()
    assert options.priority({}) is options.priority(empty) is Priority.NORMAL


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=60)))
def test_whatever_is_asked_is_answered_with_safe_options_or_a_named_field(fields: dict[str, str]) -> None:
    try:
        made = options.asr_options(fields)
    except Refusal as refusal:
        assert refusal.code == "invalid_option"
        assert refusal.details["field"] in fields
        return
    assert made.language is None or made.language in LANGUAGES
    assert made.batch_size is None or 1 <= made.batch_size <= options.MAX_BATCH_SECONDS
    for word in made.hotwords:
        assert not re.search(r"[/\\:\s\x00-\x1f<>|$`\"*?{}]", word)
        assert not word.startswith(("-", "."))


@given(st.lists(st.from_regex(r"[a-zA-Z0-9苏州東京é]{1,10}", fullmatch=True), max_size=options.MAX_HOTWORDS))
def test_hotwords_keep_their_order_and_number(words: list[str]) -> None:
    for separator in (",", "，", "\n", " ", "; ", "、"):
        made = options.asr_options({"hotwords": separator.join(words)})
        assert made.hotwords == tuple(words)


@pytest.mark.parametrize(
    "word", ["VoxQ", "O'Brien", "Jean-Luc", "Node.js", "3.5", "苏州", "हिन्दी", "ñandú", "don’t"]
)
def test_words_of_all_scripts_are_hotwords(word: str) -> None:
    assert options.asr_options({"hotwords": word}).hotwords == (word,)


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
        "x" * (options.MAX_HOTWORD_LENGTH + 1),
        " ".join(["word"] * (options.MAX_HOTWORDS + 1)),
        "nul\x00",
        "\u202egnp",
    ],
)
def test_what_could_be_more_than_a_word_is_refused(word: str) -> None:
    with pytest.raises(Refusal, match="hotwords"):
        options.asr_options({"hotwords": word})


@pytest.mark.parametrize("size", ["0", "3601", "-1", "1.5", "1e3", "١", "9" * 5000, "0x10"])
def test_batch_sizes_out_of_range(size: str) -> None:
    with pytest.raises(Refusal, match="batch_size"):
        options.asr_options({"batch_size": size})


def test_idempotency_keys() -> None:
    assert options.idempotency_key(None) is None
    assert options.idempotency_key("8e03978e-40d5-43dd-bc93-6894a57f9324")
    for wrong in ("", "a b", "a\n", "é", "x" * (options.MAX_IDEMPOTENCY_KEY_LENGTH + 1)):
        with pytest.raises(Refusal, match="Idempotency-Key"):
            options.idempotency_key(wrong)
