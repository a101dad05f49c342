"""Evaluation of the calls that engines logged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from _calls import Call, CallLog, busy_share, call_log, fingerprint, logged
from hypothesis import given
from hypothesis import strategies as st

from voxq.engines import registry
from voxq.engines.contract import AudioItem, EngineRequest


def calls(*chunks: int) -> list[Call]:
    return [Call(place, place + 1, (chunk,)) for place, chunk in enumerate(chunks)]


@given(st.lists(st.tuples(st.floats(0.01, 9), st.floats(0, 9)), min_size=1, max_size=50))
def test_the_busy_share_is_the_part_that_is_not_rest(turns: list[tuple[float, float]]) -> None:
    made, now = [], 0.0
    for work, rest in turns:
        made.append(Call(now, now + work, ()))
        now += work + rest
    work, rest = sum(work for work, _ in turns), sum(rest for _, rest in turns[:-1])
    assert busy_share(made) == pytest.approx(work / (work + rest))


def test_a_logged_engine_answers_as_ever_and_leaves_its_calls(tmp_path: Path) -> None:
    path = tmp_path / "calls"
    with call_log(path) as log:
        kind = registry.find(logged("noop", alone=True))
        request = EngineRequest(logged("noop", alone=True), "sleep-10ms")
        engine = kind.load(request, {})
        sounds = [np.full(1600, level, np.float32) for level in (0.1, 0.2)]
        answers = [engine.run([AudioItem(sound)]) for sound in sounds]
    assert kind.traits_for(request).max_items == 1
    assert all(len(answer) == 1 for answer in answers)
    assert [call.chunks for call in log.calls()] == [(fingerprint(sound),) for sound in sounds]
    assert CallLog(path).calls(after=1)[0].chunks == (fingerprint(sounds[1]),)
    assert all(0.01 <= call.ended - call.began < 5 for call in log.calls())
