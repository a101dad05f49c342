"""A text in a worker's hands, as far as it needs neither a horse nor a media process."""

from __future__ import annotations

import time
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from plans import model_plan
from task_lab import make_task

from voxq.engines.base import Cost
from voxq.engines.synthesis import SpeechOptions
from voxq.speech.sentences import Break
from voxq.tasks.claiming import Held
from voxq.tasks.task import Kind, TtsOptions
from voxq.tasks.work import WorkFiles
from voxq.worker.chunks import Phrase
from voxq.worker.synthesis import Synthesis


def synthesis(root: Path, seconds: float, speed: float = 1.0) -> Synthesis:
    options = TtsOptions("text", "teller", speed=speed)
    task = make_task(kind=Kind.TTS, options=options, duration=seconds / speed)
    directory = WorkFiles(root).open(task)
    how = SpeechOptions("teller", speed)
    return Synthesis(Held(task, "x"), directory, model_plan(), how, admitted_at=time.time())


@given(
    seconds=st.floats(1, 20_000),
    speed=st.floats(0.25, 4),
    cost=st.builds(Cost, st.floats(0, 2), st.floats(0, 5)),
    allowed=st.floats(1, 600),
    lengths=st.lists(st.floats(0.1, 30), max_size=20),
)
def test_a_text_always_has_time_for_what_was_predicted(
    tmp_path_factory, seconds: float, speed: float, cost: Cost, allowed: float, lengths: list[float]
) -> None:
    """Twice over at least, however little the operator allows, at any speed, and whatever is found of it."""
    text = synthesis(tmp_path_factory.mktemp("w"), seconds, speed)
    text.find([Phrase(n, n + 1, "x", Break.SENTENCE, each) for n, each in enumerate(lengths)], None)
    limit = text.time_limit(allowed, cost)
    assert limit >= allowed
    assert limit >= 2 * text.work_left(cost)
    assert text.time_limit(allowed, Cost(0.0, 0.0)) == allowed
