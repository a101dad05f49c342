"""Providers of language models as operators write them."""

from __future__ import annotations

from pathlib import Path

import pytest

from voxq.llm.provider import Provider
from voxq.locale import Message
from voxq.settings import Settings, SettingsError, load_settings
from voxq.settings.llm import parse_calls, parse_contexts, parse_provider_keys, parse_servers

LOCAL = "local=http://127.0.0.1:11434/v1|qwen3:8b"


def loaded(tmp_path: Path, **values: str) -> Settings:
    return load_settings(tmp_path / ".env", **values)


def test_providers_are_read_with_what_is_set_for_each(tmp_path: Path) -> None:
    settings = loaded(
        tmp_path,
        llm_providers=f"{LOCAL}, openai=https://api.openai.com/v1/|gpt-5",
        llm_keys="openai=sk-a=b",
        llm_context="4096,openai=128000",
        llm_calls="2, openai=16",
    )
    assert list(settings.providers.values()) == [
        Provider("local", "http://127.0.0.1:11434/v1", "qwen3:8b", "", 4096, 2, 120),
        Provider("openai", "https://api.openai.com/v1", "gpt-5", "sk-a=b", 128_000, 16, 120),
    ]
    assert settings.providers["local"].root == "http://127.0.0.1:11434"


def test_the_default_comes_first(tmp_path: Path) -> None:
    given = f"{LOCAL},other=http://10.0.0.5:8080/v1|m"
    assert list(loaded(tmp_path, llm_providers=given).providers) == ["local", "other"]
    assert list(loaded(tmp_path, llm_providers=given, llm_default="other").providers) == ["other", "local"]


def test_without_providers_there_are_none(tmp_path: Path) -> None:
    assert loaded(tmp_path).providers == {}


@pytest.mark.parametrize(
    "text",
    [
        "local",
        "local=",
        "local=|m",
        "local=http://host/v1",
        "local=http://host/v1|",
        "local=http://host/v1|a b",
        "a b=http://host/v1|m",
        "local=file:///etc/passwd|m",
        "local=ftp://host/v1|m",
        "local=host/v1|m",
        "local=http:///v1|m",
        "local=http://user:secret@host/v1|m",
        "local=http://secret@host/v1|m",
        "local=http://host/v1?key=secret|m",
        "local=http://host/v1?|m",
        "local=http://host/v1#secret|m",
        "local=http://host:port/v1|m",
        "local=http://host:99999/v1|m",
        "local=http://host:0/v1|m",
        "local=http://[::1/v1|m",
        "local=http://ho st/v1|m",
        "local=http://höst/v1|m",
        "local=http://host/v1/chat/completions|m",
        "light=http://host/v1|m",
        "Light=http://host/v1|m",
        "kokoro=http://host/v1|m",
        "whisper-base=http://host/v1|m",
        "local=http://host/v1|m,local=http://other/v1|m",
        "local=http://host/v1|m,=http://other/v1|m",
    ],
)
def test_what_is_no_server_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_servers(text)
    assert isinstance(caught.value.args[0], Message)
    assert "secret" not in str(caught.value) and "host/v1|" not in str(caught.value).replace(
        "http://host/v1|model", ""
    )


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"llm_keys": "other=abc"}, "LLM_KEYS: LLM_PROVIDERS has no other"),
        ({"llm_context": "other=4096"}, "LLM_CONTEXT: LLM_PROVIDERS has no other"),
        ({"llm_calls": "other=4"}, "LLM_CALLS: LLM_PROVIDERS has no other"),
        ({"llm_default": "other"}, "LLM_DEFAULT: LLM_PROVIDERS has no other"),
        ({"asr_models": "local=funasr:/models/calls"}, "LLM_PROVIDERS: local is the name of a recogniser"),
        (
            {"llm_keys": "sk-without-a-name"},
            "LLM_KEYS: must be name=key,... (names of letters, digits and . _ -)",
        ),
        ({"llm_keys": "local=a,local=b"}, "LLM_KEYS: the name 'local' is given twice"),
        ({"llm_context": "lots"}, "LLM_CONTEXT: must be a number from 1024 to 10000000, or name=number,..."),
        ({"llm_calls": "0"}, "LLM_CALLS: must be a number from 1 to 256, or name=number,..."),
    ],
)
def test_settings_that_do_not_fit_are_named(tmp_path: Path, values: dict[str, str], says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, llm_providers=LOCAL, **values)
    assert caught.value.problems == (says,)
    assert caught.value.fields


@pytest.mark.parametrize("text", ["local=key with spaces", "local=ключ", "local=a\nb", "local", "=abc"])
def test_what_is_no_key_is_refused_without_quoting_it(text: str) -> None:
    with pytest.raises(ValueError) as caught:
        parse_provider_keys(text)
    assert "ключ" not in str(caught.value) and "spaces" not in str(caught.value)


def test_keys_are_in_no_representation(tmp_path: Path) -> None:
    settings = loaded(tmp_path, llm_providers=LOCAL, llm_keys="local=sk-secret")
    assert "sk-secret" not in repr(settings) + repr(settings.providers)
    assert settings.providers["local"].headers == {"Authorization": "Bearer sk-secret"}


@pytest.mark.parametrize("text", ["1023", "4096,4096", "a=4096,a=8192", "=4096", "a=", "a=x", "1e4", "-4096"])
def test_wrong_contexts_are_refused(text: str) -> None:
    with pytest.raises(ValueError):
        parse_contexts(text)


def test_a_number_alone_is_for_all() -> None:
    assert parse_calls("8").of("any") == 8
    assert parse_calls("slow=1").of("any") == 4
    assert parse_calls("slow=1").of("slow") == 1


@pytest.mark.parametrize(
    ("url", "is_near"),
    [
        ("http://127.0.0.1:11434/v1", True),
        ("http://localhost:8080/v1", True),
        ("http://[::1]:8080/v1", True),
        ("http://10.1.2.3/v1", True),
        ("http://ollama:11434/v1", True),
        ("https://api.openai.com/v1", False),
        ("https://8.8.8.8/v1", False),
    ],
)
def test_a_proxy_is_used_only_for_what_is_far(url: str, is_near: bool) -> None:
    assert Provider("p", url, "m").is_near is is_near
