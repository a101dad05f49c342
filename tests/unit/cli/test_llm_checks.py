"""Findings of the doctor about servers of language models."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from llm_server import MODEL, llm_server

from voxq.cli.finding import Finding
from voxq.cli.llm_checks import check_providers
from voxq.locale import Message, translated
from voxq.settings import load_settings

KEY = "sk-secret-of-tests"


def look(tmp_path: Path, providers: str, **settings: str) -> list[Finding]:
    return list(check_providers(load_settings(tmp_path / ".env", llm_providers=providers, **settings)))


@pytest.mark.parametrize("is_ollama", [False, True])
def test_a_server_that_answers_is_listed_with_its_model(tmp_path: Path, is_ollama: bool) -> None:
    with llm_server(is_ollama=is_ollama) as server:
        (finding,) = look(tmp_path, f"local={server.url}/v1|{MODEL}", llm_context="4096")
        assert not server.chats, "no text is sent"
    assert finding.state == "ok"
    assert finding.says.startswith(f"local answers with {MODEL} (")
    assert ("Ollama 0.34.0" in finding.says) == is_ollama
    assert "4096 tokens" in finding.says


def test_every_server_is_asked(tmp_path: Path) -> None:
    with llm_server() as server:
        away = "http://127.0.0.1:9/v1"
        here, there = look(tmp_path, f"local={server.url}/v1|{MODEL},away={away}|m")
    assert (here.state, there.state) == ("ok", "failure")
    assert there.says == "The provider away cannot be reached."
    assert away in there.fix


@pytest.mark.parametrize(("is_ollama", "fix"), [(False, "LLM_PROVIDERS"), (True, "ollama pull other")])
def test_a_missing_model_is_a_failure_with_what_there_is(tmp_path: Path, is_ollama: bool, fix: str) -> None:
    with llm_server(is_ollama=is_ollama) as server:
        (finding,) = look(tmp_path, f"local={server.url}/v1|other")
    assert finding.state == "failure"
    assert MODEL in finding.says and fix in finding.fix


def test_a_key_that_is_not_accepted_is_a_failure_and_not_shown(tmp_path: Path) -> None:
    with llm_server(key="sk-right") as server:
        (finding,) = look(tmp_path, f"local={server.url}/v1|{MODEL}", llm_keys=f"local={KEY}")
        (right,) = look(tmp_path, f"local={server.url}/v1|{MODEL}", llm_keys="local=sk-right")
    assert (finding.state, right.state) == ("failure", "ok")
    assert "does not accept its key" in finding.says
    assert KEY not in json.dumps([finding.says, finding.fix])


def test_a_server_without_a_list_is_a_warning(tmp_path: Path) -> None:
    with llm_server() as server:
        (finding,) = look(tmp_path, f"local={server.url}/elsewhere|{MODEL}")
    assert finding.state == "warning"
    assert "does not list its models" in finding.says


def test_without_providers_there_are_no_findings(tmp_path: Path) -> None:
    assert look(tmp_path, "") == []


def test_findings_have_chinese_texts(tmp_path: Path) -> None:
    with llm_server() as server:
        findings = look(tmp_path, f"local={server.url}/v1|{MODEL},away=http://127.0.0.1:9/v1|m")
    for finding in findings:
        assert isinstance(finding.says, Message)
        assert translated(finding.says, "zh") != finding.says
