"""Drafts of chunks in an engine: progress within one, and what is written of the first that has no result."""

from __future__ import annotations

import pytest

from voxq.engines.contract import Draft
from voxq.kinds.pieces import Passage
from voxq.worker.runs.chunks import Chunks


@pytest.fixture
def chunks() -> Chunks[Passage, str]:
    found = Chunks[Passage, str]()
    for start in (0, 10):
        found.find(Passage(start, start + 10, "ten digits", 8.0))
    return found


def test_a_draft_is_progress_until_there_is_a_result(chunks: Chunks[Passage, str]) -> None:
    chunks.note(0, Draft("early", 0.5))
    assert chunks.seconds_done == 0.0, "nobody works on it"
    chunks.begin([0, 1])
    chunks.note(0, Draft("The first", 0.25))
    chunks.note(1, Draft("The second", 0.5))
    assert (chunks.seconds_done, chunks.draft) == (6.0, "The first")
    chunks.finish(0, "The first one.")
    assert (chunks.seconds_done, chunks.draft) == (12.0, "The second")
    chunks.finish(1, "The second one.")
    assert (chunks.seconds_done, chunks.draft) == (16.0, "")


def test_a_draft_is_gone_with_the_attempt(chunks: Chunks[Passage, str]) -> None:
    chunks.begin([0])
    chunks.note(0, Draft("The first", 0.5))
    chunks.give_up(0)
    assert (chunks.seconds_done, chunks.draft) == (0.0, "")
