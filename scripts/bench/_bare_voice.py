"""The bare synthesiser in its own process: the same sentences as in the service, as many per call as it
speaks side by side.

Protocol: lines of JSON over stdin and stdout, texts in, measurements out.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from voxq.engines import voices, warmup
from voxq.engines.contract import ChunkError, EngineRequest, TextItem
from voxq.model_store.store import ModelStore
from voxq.speech.sentences import split
from voxq.speech.written import tidy

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Said:
    """Seconds of work, and seconds of the resulting sound without pauses."""

    seconds: float
    sound: float


class BareVoice:
    """Parent's side of the process with the synthesiser."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def say(self, texts: Sequence[str]) -> Said:
        """Speak the texts once. Raises RuntimeError if the process has ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(list(texts)) + "\n")
        self._process.stdin.flush()
        return Said(*json.loads(self.line()))

    def line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the bare voice has ended")
        return line


@contextmanager
def bare_voice(model: str, voice: str, threads: int) -> Iterator[BareVoice]:
    """Run a synthesiser, loaded and warmed up, with the environment that a worker gives it."""
    environ = {**os.environ, **dict.fromkeys(_THREAD_VARIABLES, str(threads))}
    process = subprocess.Popen(
        [sys.executable, __file__, model, voice, str(threads)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environ,
    )
    try:
        bare = BareVoice(process)
        bare.line()
        yield bare
    finally:
        process.kill()
        process.wait()


def main() -> None:
    model, voice, threads = sys.argv[1:]
    family = voices.family_of(model)
    request = EngineRequest(family.name, model, "cpu", int(threads))
    synthesiser = family.load(request, family.model_paths(request, ModelStore().resolve))
    at_once = family.traits_for(request).max_items
    warmup.measure_speech(synthesiser, family.voices_for(model))
    print("loaded", flush=True)
    for line in sys.stdin:
        began, sound = time.perf_counter(), 0.0
        for text in json.loads(line):
            said = [TextItem(sentence.text, {"voice": voice}) for sentence in split(tidy(text))]
            for first in range(0, len(said), at_once):
                for spoken in synthesiser.run(said[first : first + at_once]):
                    if isinstance(spoken, ChunkError):
                        raise RuntimeError(spoken.message)
                    sound += len(spoken.samples) / spoken.sample_rate
        print(json.dumps([time.perf_counter() - began, sound]), flush=True)


if __name__ == "__main__":
    main()
