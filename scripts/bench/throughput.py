"""Real speech through the whole service, compared with the engine alone on the same chunks.

Three recordings (OGG/Opus; two minutes of English, two Chinese ones of 23 s and 10 s) are each submitted
twice over HTTP at once; the time runs from the first submission until the last task has ended. The bare
engine gets exactly the chunks that the service cuts (made beforehand by the same code, not timed), one per
call as in the service on a processor, with the same threads, in its own process. The service runs with its
default settings and with MAX_INFLIGHT=1; three rounds, all three in turns, the others idle meanwhile.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from _bare import Precut, bare_engine, precut
from _figures import Figure, Target, over_rounds
from _load import Plan, generate
from _recordings import speeches
from _service import Service, service
from _watch import Watch

from voxq.engines import registry
from voxq.engines.contract import EngineRequest
from voxq.machine.devices import available_cpus

_ROUNDS = 3
_COPIES = 2
_PATIENCE = 300.0


def measure(say: Callable[[str], None]) -> list[Figure]:
    threads = available_cpus()
    with (
        tempfile.TemporaryDirectory(prefix="voxq-bench-") as own,
        service(asr_threads=threads, asr_use_gpu=False) as default,
        service(max_inflight=1, asr_threads=threads, asr_use_gpu=False) as single,
        bare_engine(default.settings, threads) as bare,
    ):
        recordings = speeches(Path(own)) * _COPIES
        cut = _precut(default, recordings, Path(own))
        audio = sum(each.seconds for each in cut)
        alone, usual, one = [], [], []
        for number in range(_ROUNDS):
            say(f"round {number + 1} of {_ROUNDS}: bare engine")
            alone.append(audio / bare.seconds(cut))
            say(f"round {number + 1} of {_ROUNDS}: service")
            usual.append(audio / _seconds(default, recordings))
            say(f"round {number + 1} of {_ROUNDS}: service, MAX_INFLIGHT=1")
            one.append(audio / _seconds(single, recordings))
    unit = "audio s/s"
    chunks = sum(len(each.chunks) for each in cut)
    return [
        over_rounds("bare engine", alone, unit, note=f"{audio:.0f} s in {chunks} chunks, {threads} threads"),
        over_rounds("service", usual, unit),
        over_rounds("service, MAX_INFLIGHT=1", one, unit),
        over_rounds("service / bare", _ratios(usual, alone), "", Target(">=", 0.95)),
        over_rounds("service / bare, MAX_INFLIGHT=1", _ratios(one, alone), "", Target(">=", 0.95)),
    ]


def _precut(under_test: Service, recordings: Sequence[Path], directory: Path) -> list[Precut]:
    settings = under_test.settings
    request = EngineRequest(settings.asr_engine, settings.asr_model, "cpu", settings.asr_threads)
    traits = registry.find(request.engine).traits_for(request)
    return [
        precut(recording, directory / f"{number}.f32", traits, settings.max_audio_seconds)
        for number, recording in enumerate(recordings)
    ]


def _seconds(under_test: Service, recordings: Sequence[Path]) -> float:
    """Seconds from the first submission to the last end."""
    files = tuple(str(recording) for recording in recordings)
    with Watch(under_test) as watch:
        plan = Plan(under_test.submit_url, files, len(files), _PATIENCE, requests=len(files))
        outcome = generate(plan)
        if outcome.refused:
            raise RuntimeError("a recording was refused")
        watch.wait_ended([str(answer.task_id) for answer in outcome.accepted], _PATIENCE)
        return watch.events[-1].at - outcome.began


def _ratios(values: Sequence[float], base: Sequence[float]) -> list[float]:
    return [value / one for value, one in zip(values, base, strict=True)]


if __name__ == "__main__":
    from run import main

    sys.exit(main([Path(__file__).stem, *sys.argv[1:]]))
