"""A synthesiser alone, in a process of its own: the same sentences as the service gives it, as many a call as
it speaks side by side.

Speaks lines of JSON over stdin and stdout: texts in, what speaking them took out.
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

from voxq.engines import synthesisers, warmup
from voxq.engines.base import ChunkError, EngineRequest
from voxq.engines.synthesis import SentenceOptions
from voxq.model_store.store import ModelStore
from voxq.speech.sentences import split
from voxq.speech.written import tidy

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Said:
    """Seconds that it took, and seconds of sound that came of it, without pauses."""

    seconds: float
    sound: float


class BareVoice:
    """The parent's end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def say(self, texts: Sequence[str]) -> Said:
        """Speak all of it once. Raises RuntimeError if the process has ended."""
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
    """Loaded and warm, with the environment that a worker gives it."""
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
    kind = synthesisers.find(model)
    request = EngineRequest(model, model, "cpu", int(threads))
    paths = {role: ModelStore().resolve(name) for role, name in kind.roles_for(request).items()}
    synthesiser = kind.load(request, paths)
    at_once = kind.at_once(request)
    warmup.measure_speech(synthesiser, kind.voices)
    print("loaded", flush=True)
    for line in sys.stdin:
        began, sound = time.perf_counter(), 0.0
        for text in json.loads(line):
            said = [(sentence.text, SentenceOptions(voice)) for sentence in split(tidy(text))]
            for first in range(0, len(said), at_once):
                for spoken in synthesiser.speak(said[first : first + at_once]):
                    if isinstance(spoken, ChunkError):
                        raise RuntimeError(spoken.message)
                    sound += len(spoken.samples) / spoken.sample_rate
        print(json.dumps([time.perf_counter() - began, sound]), flush=True)


if __name__ == "__main__":
    main()
