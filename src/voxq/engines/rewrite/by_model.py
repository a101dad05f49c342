"""Rewriting by the language model of a provider: texts of any length, several at the same time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Sequence
from functools import partial

from voxq.engines.contract import ChunkError, Rewritten, TextItem
from voxq.engines.rewrite.asking import all_of, ask
from voxq.engines.rewrite.budget import LEAST, budget_of
from voxq.engines.rewrite.by_rules import without_model
from voxq.engines.rewrite.items import prompts_digest, read
from voxq.engines.rewrite.reports import Reports
from voxq.engines.rewrite.results import instead, one, rules_serve, together
from voxq.engines.rewrite.summaries import Summary, merged
from voxq.llm import errors
from voxq.llm.background import BackgroundLoop
from voxq.llm.client import Client
from voxq.llm.errors import ProviderError
from voxq.llm.provider import Provider
from voxq.locale import Message
from voxq.rewriting import parts
from voxq.rewriting.outcomes import Part
from voxq.rewriting.prompts import messages
from voxq.rewriting.request import Mode, Rewrite

_log = logging.getLogger(__name__)

_HALVINGS = 3
"""How often a text is split more finely where the context of a provider is smaller than its setting says."""

Piece = tuple[Rewrite, Part]


class ByModel:
    """The model of one provider. It asks nothing before the first text: a provider may be away at the start,
    and a question may cost money. Thread-safe."""

    def __init__(self, provider: Provider, longest_call: float) -> None:
        """`longest_call`: seconds within which a text is rewritten."""
        self._provider = provider
        self._longest_call = longest_call
        self._client = Client(provider)
        self._loop = BackgroundLoop()
        self.revision = f"llm:{provider.model}:{prompts_digest()}"

    def run(self, batch: Sequence[TextItem]) -> list[Rewritten | ChunkError]:
        return self._loop.run(self._all(batch))

    async def _all(self, batch: Sequence[TextItem]) -> list[Rewritten | ChunkError]:
        return list(await asyncio.gather(*map(self._rewritten, batch)))

    async def _rewritten(self, item: TextItem) -> Rewritten | ChunkError:
        started = time.perf_counter()
        rewrite = read(item)
        if isinstance(rewrite, ChunkError):
            return rewrite
        if rewrite.mode is Mode.LIGHT or not rewrite.text.strip():
            return without_model(rewrite, started)
        try:
            async with asyncio.timeout(self._longest_call):
                return await self._by_model(rewrite, item, started)
        except TimeoutError:
            error = errors.timed_out(self._provider.name, self._longest_call)
        except ProviderError as raised:
            error = raised
        except Exception as raised:  # of one text: the others of the batch keep their results
            _log.exception("rewriting failed")
            return ChunkError.of(raised)
        if rules_serve(rewrite.mode):
            return one(instead(rewrite, error), self._provider, started)
        return ChunkError(error.code, error.message)

    async def _by_model(self, rewrite: Rewrite, item: TextItem, started: float) -> Rewritten:
        """Rewrite a text in as many parts as it needs. Raises ProviderError."""
        budget = budget_of(rewrite, self._provider.context)
        if budget < LEAST:
            says = Message(
                "The prompt leaves no room for a text in the context of the provider {provider}.",
                provider=self._provider.name,
            )
            raise ProviderError(errors.TOO_LONG, says)
        planned = parts.parts(rewrite, budget)
        is_merged = rewrite.mode is Mode.SUMMARY and len(planned) > 1
        streams = bool(item.options.get("stream"))
        reports = Reports(rewrite, item.report, len(planned) + is_merged, streams=streams)
        written = await all_of(self._pieces(each, budget, _HALVINGS, reports) for each in planned)
        pieces = [piece for several in written for piece in several]
        outcomes = [part for _, part in pieces]
        is_whole = all(part.reason is None for part in outcomes)
        if rewrite.mode is Mode.SUMMARY and is_whole:
            summaries = [Summary(of, part) for of, part in pieces]
            return one(await merged(self._client, summaries, budget, reports), self._provider, started)
        return together(rewrite, [of for of, _ in pieces], outcomes, self._provider, started)

    async def _pieces(self, rewrite: Rewrite, budget: int, halvings: int, reports: Reports) -> list[Piece]:
        """Rewrite a part, in smaller ones if the provider says that it is too long; by rules where it fails
        and these serve. Raises ProviderError."""
        try:
            return [(rewrite, await ask(self._client, rewrite, partial(messages, rewrite), reports))]
        except ProviderError as error:
            smaller = parts.parts(rewrite, max(LEAST, budget // 2))
            if error.code != errors.TOO_LONG or not halvings or len(smaller) == 1:
                if rules_serve(rewrite.mode):
                    return [(rewrite, instead(rewrite, error))]
                raise
        written = await all_of(self._pieces(each, budget // 2, halvings - 1, reports) for each in smaller)
        return [piece for several in written for piece in several]
