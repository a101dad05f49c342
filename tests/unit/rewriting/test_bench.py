"""The clean-up by rules on the transcripts of the benchmark."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from llm_server import llm_server
from rewriting import Checked, bare, by_rules, cases, score

from voxq.rewriting import Mode, Rewrite


@pytest.mark.parametrize("language", ["zh", "en"])
def test_light_harms_nothing_and_is_mostly_right(language: str) -> None:
    result = score(cases(language), by_rules, Mode.LIGHT)
    assert result.cases == 60
    assert result.harmed == ()
    assert result.precision >= 0.92
    assert result.recall >= 0.85


def test_a_writer_that_changes_numbers_harms() -> None:
    def changed(rewrites: Sequence[Rewrite]) -> list[str]:
        return [rewrite.text.replace("two", "three") for rewrite in rewrites]

    result = score(cases("en"), changed, Mode.LIGHT)
    assert len(result.harmed) == 3
    assert result.precision == 0.0


def test_a_provider_is_scored_before_and_after_its_answers_are_checked() -> None:
    with llm_server(write=lambda text: text.replace("two", "three")) as server:
        provider = server.provider()
        before = score(cases("en"), bare(provider), Mode.OPTIMIZE)
        checked = Checked(provider)
        after = score(cases("en"), checked, Mode.OPTIMIZE)
    assert len(before.harmed) == 3 and after.harmed == ()
    assert checked.refused["unfaithful"] == 3
