"""One recording alone: a clip of 30 s of English speech (OGG/Opus), submitted to an idle service.

The time runs from the first byte of the upload until the result is announced; the parts are those that the
result itself tells. The median of five, after one that does not count.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _figures import Figure, Target, over_rounds
from _load import Plan, generate
from _recordings import clip
from _service import Service, service
from _watch import Watch

_ROUNDS = 5
_PATIENCE = 120.0


def measure(say: Callable[[str], None]) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="voxq-bench-") as own, service() as under_test:
        recording = clip(Path(own))
        say(f"a 30 s clip, {_ROUNDS + 1} times")
        rounds = [_transcribed(under_test, recording) for _ in range(_ROUNDS + 1)][1:]
    timings = [timing for _, timing in rounds]
    return [
        over_rounds("submitted to done", [seconds for seconds, _ in rounds], "s", Target("<", 3)),
        over_rounds("decoding", [timing["decode"] for timing in timings], "s"),
        over_rounds("finding speech", [timing["vad"] for timing in timings], "s"),
        over_rounds("recognising", [timing["engine"] for timing in timings], "s"),
        over_rounds("real-time factor", [timing["rtf"] for timing in timings], ""),
    ]


def _transcribed(under_test: Service, recording: Path) -> tuple[float, dict[str, Any]]:
    """Seconds until the end, and the timings of the result."""
    with Watch(under_test) as watch, under_test.redis() as client:
        outcome = generate(Plan(under_test.submit_url, (str(recording),), 1, _PATIENCE, requests=1))
        (answer,) = outcome.accepted
        watch.wait_ended([str(answer.task_id)], _PATIENCE)
        document = json.loads(str(client.get(f"asr:task:{answer.task_id}")))
        if document["status"] != "done":
            raise RuntimeError(f"the clip {document['status']}: {document['error']}")
        return watch.events[-1].at - outcome.began, document["timings"]


if __name__ == "__main__":
    from run import main

    sys.exit(main([Path(__file__).stem, *sys.argv[1:]]))
