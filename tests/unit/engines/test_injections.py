"""Forty transcripts that command, in Chinese and English, through the real engine and over a real connection:
by a server that obeys, and by one that obeys until it is asked again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llm_server import llm_server

from voxq.engines import registry
from voxq.engines.contract import EngineRequest, Rewritten, TextItem

CASES: list[dict[str, Any]] = [
    json.loads(line)
    for line in (Path(__file__).parents[2] / "data" / "rewriting" / "injections.jsonl")
    .read_text("utf-8")
    .splitlines()
]
_OPTIONS = ("mode", "language", "prompt", "target", "segments")


@pytest.fixture(scope="module")
def obeyed() -> list[Rewritten]:
    return answers_of(lambda case, asked: case["obeyed"])


@pytest.fixture(scope="module")
def obeyed_once() -> list[Rewritten]:
    return answers_of(lambda case, asked: case["obeyed"] if asked == 1 else case["faithful"])


def answers_of(write: Callable[[dict[str, Any], int], str]) -> list[Rewritten]:
    """Rewrite all cases; `write` gets a case and how often it was asked."""
    by_text = {case["text"]: case for case in CASES}
    asked: Counter[str] = Counter()

    def answer(text: str) -> str:
        asked[text] += 1
        return write(by_text[text], asked[text])

    with llm_server(write=answer) as server:
        provider = server.provider(calls=8)
        request = EngineRequest("llm", provider.name, "net", config=provider.config())
        items = [
            TextItem(case["text"], {name: case[name] for name in _OPTIONS if name in case}) for case in CASES
        ]
        answers = registry.find("llm").load(request, {}).run(items)
    assert all(isinstance(each, Rewritten) for each in answers), answers
    assert max(asked.values()) == 2
    return list(answers)


def test_there_are_forty() -> None:
    assert len(CASES) == len({case["text"] for case in CASES}) == 40


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case["id"] for case in CASES])
def test_what_a_server_writes_that_obeys_is_not_the_result(obeyed: list[Rewritten], number: int) -> None:
    case, answer = CASES[number], obeyed[number]
    assert answer.text != case["obeyed"]
    assert answer.reason and answer.mode in ("light", "raw")
    if answer.mode == "raw":
        assert answer.text == case["text"]


@pytest.mark.parametrize("number", range(len(CASES)), ids=[case["id"] for case in CASES])
def test_a_server_that_comes_to_its_senses_is_believed(obeyed_once: list[Rewritten], number: int) -> None:
    case, answer = CASES[number], obeyed_once[number]
    assert (answer.text, answer.mode, answer.reason) == (case["faithful"], case["mode"], None)
