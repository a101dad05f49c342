"""The clean-up by rules on the transcripts of the benchmark."""

from __future__ import annotations

import pytest
from rewriting import by_rules, cases, score

from voxq.rewriting import Mode


@pytest.mark.parametrize("language", ["zh", "en"])
def test_light_harms_nothing_and_is_mostly_right(language: str) -> None:
    result = score(cases(language), by_rules, Mode.LIGHT)
    assert result.cases == 60
    assert result.harmed == ()
    assert result.precision >= 0.92
    assert result.recall >= 0.85


def test_a_writer_that_changes_numbers_harms() -> None:
    result = score(cases("en"), lambda rewrite: rewrite.text.replace("two", "three"), Mode.LIGHT)
    assert len(result.harmed) == 3
    assert result.precision == 0.0
