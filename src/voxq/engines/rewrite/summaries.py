"""One summary of the summaries of consecutive parts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

from voxq.engines.rewrite.asking import all_of, ask
from voxq.engines.rewrite.reports import Reports
from voxq.llm.client import Client
from voxq.locale import Message
from voxq.rewriting.outcomes import Part
from voxq.rewriting.parts import tokens
from voxq.rewriting.prompts import merging
from voxq.rewriting.request import Mode, Rewrite
from voxq.speech.transcript import join_texts


@dataclass(frozen=True, slots=True)
class Summary:
    """What a summary is of, and the summary."""

    of: Rewrite
    part: Part


async def merged(client: Client, summaries: Sequence[Summary], budget: int, reports: Reports) -> Part:
    """Merge faithful summaries until one is left, so many at a time as `budget` tokens hold. Raises
    ProviderError.

    What cannot be merged faithfully stays as the summaries of its parts, in order, with the reason.
    """
    while len(summaries) > 1:
        groups = list(_groups(summaries, budget))
        if len(groups) == len(summaries):
            break  # none of them fits beside another
        summaries = await all_of(_one_of(client, group, reports) for group in groups)
    if len(summaries) == 1:
        return summaries[0].part
    return _listed(summaries, Message("The summaries of the parts are too long to be merged."))


async def _one_of(client: Client, group: Sequence[Summary], reports: Reports) -> Summary:
    if len(group) == 1:
        return group[0]
    first = group[0].of
    whole = replace(
        first,
        text=join_texts(each.of.text for each in group),
        segments=tuple(segment for each in group for segment in each.of.segments),
    )
    texts = [each.part.text for each in group]
    part = await ask(client, whole, partial(merging, whole, texts), reports)
    if part.reason is not None:
        part = replace(_listed(group, part.reason), checks=part.checks, reason_code=part.reason_code)
    return Summary(whole, part)


def _listed(summaries: Sequence[Summary], reason: str) -> Part:
    return Part("\n".join(each.part.text for each in summaries), Mode.SUMMARY.value, reason=reason)


def _groups(summaries: Sequence[Summary], budget: int) -> Iterator[list[Summary]]:
    group: list[Summary] = []
    size = 0
    for each in summaries:
        own = tokens(each.part.text)
        if group and size + own > budget:
            yield group
            group, size = [], 0
        group.append(each)
        size += own
    if group:
        yield group
