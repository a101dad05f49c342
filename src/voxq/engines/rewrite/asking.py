"""One question to a model: an answer that is not faithful to the text is asked for once more."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from voxq.engines.rewrite.reports import Reports
from voxq.engines.rewrite.results import accepted, refused
from voxq.llm import errors
from voxq.llm.client import Client
from voxq.llm.errors import ProviderError
from voxq.rewriting.answers import cleaned
from voxq.rewriting.checks import Verdict, check
from voxq.rewriting.differences import Changes
from voxq.rewriting.outcomes import Part
from voxq.rewriting.prompts import Message
from voxq.rewriting.request import Rewrite

T = TypeVar("T")

Question = Callable[[Sequence[str]], Sequence[Message]]
"""Makes the messages, given the names of the checks that the last answer failed."""

_CHARACTERS_EACH, _MOST_BESIDE = 6, 400
"""Longest answer: characters for each of the text, as many as English has for Chinese, and some beside."""


async def ask(client: Client, rewrite: Rewrite, question: Question, reports: Reports) -> Part:
    """Return what a model writes, or what takes its place if it is not faithful. Raises ProviderError."""
    most = _CHARACTERS_EACH * len(rewrite.text) + _MOST_BESIDE

    async def answer(failed: Sequence[str] = ()) -> tuple[str, Verdict]:
        asked = [asdict(message) for message in question(failed)]
        try:
            said = await client.complete(asked, most_characters=most, on_text=reports.writes)
            text = cleaned(said, rewrite)
        except ProviderError as error:
            if error.code != errors.ENDLESS:
                raise
            return "", Verdict(False, {"length": error.message}, Changes())
        return text, check(rewrite, text)

    text, verdict = await answer()
    if not verdict.passed:
        reports.refused()
        text, verdict = await answer(verdict.failed)
    reports.answered()
    return accepted(text, rewrite.mode, verdict) if verdict.passed else refused(rewrite, verdict)


async def all_of(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Run all at the same time and return their results in order. The first that fails ends the others."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
