"""The Chinese texts: complete, none too many, with the same values, in the words that were agreed on."""

from __future__ import annotations

import ast
import re

import polib
import pytest

from _messages import SOURCE, found, placeholders, read

ENTRIES = [pytest.param(entry, id=entry.msgid[:60]) for entry in read()]
GLOSSARY = {
    r"\bword times\b|\bof every word\b": "词级时间戳",
    r"\bvoices?\b": "音色",
    r"\bhubs?\b": "模型社区",
    r"\bhotwords?\b": "热词",
    r"\bkeys?\b": "密钥|键",
    r"\bbatch\b": "批",
}
"""English word -> what stands for it, a regular expression."""
NEVER = {
    "声音匹配": "声音克隆",
    "模型站": "模型社区",
    "词的时间": "词级时间戳",
    "一句一句": "逐句合成",
    "high 道": "高优先级队列",
    "结局": "最终结果",
    "网页": "Web 界面",
    "工人": "worker",
}
"""Word that no text has -> what is written instead."""
NAMES = re.compile(
    r"(?<![\w-])--[a-z-]+|[A-Z]{2,}_[A-Z_]+|https?://[\w.:/-]+|\bvoxq [a-z]+\b|\b\w+/\w+\.(?:md|log)\b"
)
"""Flags, settings, addresses, commands and files, which are the same in every language."""


def test_every_message_has_a_text_and_every_text_a_message() -> None:
    wanted = {each.text: each.plural for each in found()}
    there = {entry.msgid: entry.msgid_plural or None for entry in read()}
    assert there == wanted, "run scripts/messages"
    assert [entry.msgid for entry in read().untranslated_entries()] == []
    assert [entry.msgid for entry in read() if entry.fuzzy] == []


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_text_has_the_values_of_its_message(entry: polib.POEntry) -> None:
    forms = entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]
    allowed = placeholders(entry.msgid)
    for form in forms:
        # Endings of plurals, and types, stand only in English.
        assert placeholders(form) <= allowed
        left_out = {name for name in allowed - placeholders(form) if not _is_grammar(name)}
        assert left_out == set()


def _is_grammar(name: str) -> bool:
    return name in ("expected_plural", "field_type")


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_text_keeps_names_and_the_words_that_were_agreed_on(entry: polib.POEntry) -> None:
    text = entry.msgstr_plural[0] if entry.msgid_plural else entry.msgstr
    plain = re.sub(r"\{.*?\}|`.*?`", "", entry.msgid)
    for english, chinese in GLOSSARY.items():
        assert not re.search(english, plain) or re.search(chinese, text), f"{english}: {chinese}"
    for wrong, right in NEVER.items():
        assert wrong not in text, right
    names = {name.rstrip(":.") for name in NAMES.findall(entry.msgid)}
    assert {name for name in names if name not in text and _in_chinese(name) not in text} == set()


def _in_chinese(file: str) -> str:
    """Name of the Chinese version of a page."""
    return file.removesuffix(".md") + ".zh-CN.md"


@pytest.mark.parametrize("entry", ENTRIES)
def test_a_text_is_typeset_as_chinese_is(entry: polib.POEntry) -> None:
    text = entry.msgstr_plural[0] if entry.msgid_plural else entry.msgstr
    assert not re.search(r"[\u4e00-\u9fff][,;:?!]", text), "punctuation after Chinese is full-width"
    assert not re.search(r"[\u4e00-\u9fff][A-Za-z0-9]|[A-Za-z0-9][\u4e00-\u9fff]", text), "a space between"
    assert not re.search(r"[，。、：；！？（）] | [，。、：；！？（）]", text), "none beside full-width signs"


PEOPLE_READ = (
    *("api", "cli", "settings", "supervisor", "tasks", "model_store", "kinds", "engines", "worker"),
    *("processes", "speech"),
)
_MESSAGES = re.compile(
    r"(Refusal|Problem|Finding|TaskFailed|invalid|bad_form|fail|tell|busy|BadParameter|Unusable"
    r"|SettingsError|ServiceError|SpeechError|StackError|ModelError|HubError|EngineError|AlreadyRunning"
    r"|ChunkError|AudioError|MarkupError|LanguageUnavailable|ModelUnavailable|MediaFailed|Failed|LoadFailed"
    r"|CannotWork|give_up|blame|record_incident|blame_batch|time_out|_put_off)$"
)
"""Functions and classes whose arguments people read."""


@pytest.mark.parametrize("package", PEOPLE_READ)
def test_sentences_for_people_are_messages(package: str) -> None:
    bare = [
        f"{file.relative_to(SOURCE)}:{node.lineno}: {ast.unparse(argument)}"
        for file in (SOURCE / "voxq" / package).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.Call) and _MESSAGES.match(_name_of(node.func))
        for argument in node.args
        if _is_sentence(argument)
    ]
    assert bare == [], "write Message(...)"


def _name_of(function: ast.expr) -> str:
    return getattr(function, "id", getattr(function, "attr", ""))


def _is_sentence(argument: ast.expr) -> bool:
    """Whether it is text with words; names, paths and joined values have none of their own."""
    match argument:
        case ast.Constant(str(text)):
            return bool(re.search(r"[A-Za-z]{2,} [A-Za-z]", text))
        case ast.JoinedStr(values):
            texts = [each.value for each in values if isinstance(each, ast.Constant)]
            return any(re.search(r"[A-Za-z]{2,}", str(text)) for text in texts)
        case ast.IfExp(body=one, orelse=other):
            return _is_sentence(one) or _is_sentence(other)
        case _:
            return False
