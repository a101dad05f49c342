"""Whisper without a service, in a process of its own.

It has faster-whisper's sequential decoder, its batched pipeline, and this project's engine, which gets the
chunks that a worker makes of a recording while nobody else is there.

Protocol: lines of JSON over stdin and stdout. In come a recording (a file of float32 at 16 kHz), its
languages and how to recognise it; out go the seconds, the processor seconds and the text. Argument: threads.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from voxq.engines import registry
from voxq.engines.contract import AudioItem, ChunkError, EngineRequest, Samples
from voxq.model_store.store import ModelStore
from voxq.processes.media.cutting import cutting_for
from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.transcript import join_texts

_Way: TypeAlias = Callable[[Samples, Sequence[str]], str]

_BATCH = 8
_BLOCK = 10 * SAMPLE_RATE


@dataclass(frozen=True, slots=True)
class Heard:
    """Result of one recognition. `processor`: seconds of all threads."""

    seconds: float
    processor: float
    text: str


class Alone:
    """Parent's side of the process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def hear(self, how: str, recording: Path, languages: Sequence[str]) -> Heard:
        """Recognise a recording, "sequential", "batched" or "ours". Raises RuntimeError if the process has
        ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps([how, str(recording), languages]), file=self._process.stdin, flush=True)
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the process has ended")
        return Heard(**json.loads(line))


@contextmanager
def alone(threads: int) -> Iterator[Alone]:
    """Run the process, with all three loaded."""
    process = subprocess.Popen(
        [sys.executable, __file__, str(threads)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Alone(process)
    finally:
        process.kill()
        process.wait()


def main() -> None:
    threads = int(sys.argv[1])
    ways: Mapping[str, _Way] = {
        **_library(threads),
        "ours": _ours(threads),
    }
    for line in sys.stdin:
        how, path, languages = json.loads(line)
        samples = np.fromfile(path, "<f4")
        began, used = time.perf_counter(), time.process_time()
        text = ways[how](samples, languages)
        heard = Heard(time.perf_counter() - began, time.process_time() - used, text)
        print(json.dumps(asdict(heard)), flush=True)


def _library(threads: int) -> dict[str, _Way]:
    """Return faster-whisper's own ways, greedy as this project's engine is on a processor. A recording with
    two languages is recognised with the language found anew in each window."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel

    path = str(ModelStore().resolve("whisper-base"))
    model = WhisperModel(path, device="cpu", compute_type="int8", cpu_threads=threads)
    pipeline = BatchedInferencePipeline(model)

    def options(languages: Sequence[str]) -> dict[str, Any]:
        return {"beam_size": 1, "multilingual": len(languages) > 1}

    def sequential(samples: Samples, languages: Sequence[str]) -> str:
        segments, _ = model.transcribe(samples, **options(languages))
        return "".join(segment.text for segment in segments)

    def batched(samples: Samples, languages: Sequence[str]) -> str:
        segments, _ = pipeline.transcribe(samples, batch_size=_BATCH, **options(languages))
        return "".join(segment.text for segment in segments)

    return {"sequential": sequential, "batched": batched}


def _ours(threads: int) -> _Way:
    """Return this project's engine; the search for speech counts, as in the others."""
    family = registry.find("faster-whisper")
    request = EngineRequest("faster-whisper", "whisper-base", threads=threads)
    engine = family.load(request, family.model_paths(request, ModelStore().resolve))
    traits = family.traits_for(request)

    def recognise(samples: Samples, languages: Sequence[str]) -> str:
        cutting = cutting_for(traits.chunking, use_vad=True)
        blocks = (samples[first : first + _BLOCK] for first in range(0, len(samples), _BLOCK))
        chunks = [chunk for block in blocks for chunk in cutting.push(block)] + cutting.flush()
        likely: str | None = None
        texts: list[str] = []
        while chunks:
            size = traits.max_items if likely else 1
            batch = [
                AudioItem(samples[each.start : each.end], {"likely_language": likely})
                for each in chunks[:size]
            ]
            del chunks[:size]
            for answer in engine.run(batch):
                if isinstance(answer, ChunkError):
                    raise RuntimeError(answer.message)
                texts += [segment.text for segment in answer.segments]
                likely = likely or answer.language
        return join_texts(texts)

    return recognise


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = sys.argv[1]
    main()
