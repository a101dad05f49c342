"""A single recording: 30 s of English speech (OGG/Opus), submitted to an idle service.

The time runs from the first byte of the upload until the result is announced; its parts are the timings in
the result. Median of five, after one warm-up.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from _figures import Figure, Target, over_rounds
from _one import transcribe
from _recordings import clip
from _service import service
from _watch import Watch

_ROUNDS = 5
_PATIENCE = 120.0


def measure(say: Callable[[str], None]) -> list[Figure]:
    with (
        tempfile.TemporaryDirectory(prefix="voxq-bench-") as own,
        service() as under_test,
        Watch(under_test) as watch,
    ):
        recording = clip(Path(own))
        say(f"a 30 s clip, {_ROUNDS + 1} times")
        rounds = [transcribe(under_test, watch, recording, _PATIENCE) for _ in range(_ROUNDS + 1)][1:]
    timings = [each.document["timings"] for each in rounds]
    return [
        over_rounds("submitted to done", [each.seconds for each in rounds], "s", Target("<", 3)),
        over_rounds("decoding", [timing["decode"] for timing in timings], "s"),
        over_rounds("finding speech", [timing["vad"] for timing in timings], "s"),
        over_rounds("recognising", [timing["engine"] for timing in timings], "s"),
        over_rounds("real-time factor", [timing["rtf"] for timing in timings], ""),
    ]


if __name__ == "__main__":
    from run import main

    sys.exit(main([Path(__file__).stem, *sys.argv[1:]]))
