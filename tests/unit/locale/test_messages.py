"""Messages: English text that can be said in another language."""

from __future__ import annotations

import copy
import json
import pickle

import pytest

from voxq.locale import ENGLISH, Message, about, from_accept_language, from_environment, translated


def test_a_message_is_its_english_text() -> None:
    message = Message("Model not found")
    assert message == "Model not found"
    assert json.dumps({"error": message}) == '{"error": "Model not found"}'
    assert f"{message}." == "Model not found."
    assert translated(message, ENGLISH) == message


def test_it_is_translated_with_its_values() -> None:
    inner = Message("The server at {url} cannot be used: {error}", url="db:6379", error="no {space}")
    assert inner == "The server at db:6379 cannot be used: no {space}"
    assert translated(inner, "zh") == "无法使用 db:6379 上的服务器：no {space}"


def test_values_that_are_messages_are_translated_too() -> None:
    joined = about("voice", Message("must be one of {known}", known="a, b"))
    assert joined == "voice: must be one of a, b"
    assert translated(joined, "zh") == "voice：必须是以下之一：a, b"


@pytest.mark.parametrize(("number", "english"), [(0, "0 CPU cores"), (1, "1 CPU core"), (2, "2 CPU cores")])
def test_numbers_have_the_form_of_their_language(number: int, english: str) -> None:
    message = Message.counted("{number} CPU core", "{number} CPU cores", number)
    assert message == english
    assert translated(message, "zh") == f"{number} 个 CPU 核心"


def test_it_survives_an_exception_and_a_copy() -> None:
    message = Message("Model {name!r}, {{literally}}", name="x")
    assert str(ValueError(message)) == "Model 'x', {literally}"
    for each in (str(ValueError(message)), copy.deepcopy(message), pickle.loads(pickle.dumps(message))):  # noqa: S301
        assert isinstance(each, Message)
        assert (each, each.template, each.values) == (message, message.template, {"name": "x"})


def test_text_without_a_translation_stays_as_it_is() -> None:
    assert translated(Message("no such text {x}", x=1), "zh") == "no such text 1"
    assert translated("/data/录音.wav", "zh") == "/data/录音.wav"
    assert translated("", "zh") == "", "the empty text is the header of a catalogue"


@pytest.mark.parametrize(
    ("environ", "language"),
    [
        ({}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "en_US.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
        ({"VOXQ_LANG": "zh"}, "zh"),
        ({"VOXQ_LANG": "ZH-cn", "LC_ALL": "C"}, "zh"),
        ({"VOXQ_LANG": "zh_CN.UTF-8"}, "zh"),
        ({"VOXQ_LANG": "en", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"VOXQ_LANG": "tlh", "LANG": "zh_CN.UTF-8"}, "en"),
        ({"VOXQ_LANG": "../../etc", "LANG": "zh"}, "en"),
    ],
)
def test_the_environment_decides(environ: dict[str, str], language: str) -> None:
    assert from_environment(environ) == language


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("zh-CN", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-US,en;q=0.9,zh-CN;q=0.8", "en"),
        ("en;q=0.5, zh-Hans;q=0.7", "zh"),
        ("fr, zh;q=0.4, en;q=0.2", "zh"),
        ("*", "en"),
        ("zh;q=0", "en"),
        ("zh;q=nan, en", "en"),
        ("zh;q=1e9, en", "en"),
        ("zh;q=-1", "en"),
        (";;;,,,=;q", "en"),
        ("x" * 100_000 + ",zh", "en"),
    ],
)
def test_a_request_decides(header: str, language: str) -> None:
    assert from_accept_language(header) == language
