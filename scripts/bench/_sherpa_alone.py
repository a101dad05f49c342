"""Bare sherpa-onnx in its own process: `decode_stream` without any code of this project.

    python _sherpa_alone.py sensevoice|paraformer DIRECTORY THREADS

Protocol: lines of JSON over stdin and stdout; lists of chunks (file, start, end) come in, and seconds (by the
clock and of the processor) go out, first an empty message after loading.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np


def main(name: str, directory: Path, threads: int) -> None:
    recogniser = _load(name, directory, threads)
    print("{}", flush=True)
    for line in sys.stdin:
        sounds = [np.array(np.memmap(file, "<f4", "r")[start:end]) for file, start, end in json.loads(line)]
        began, busy = time.perf_counter(), time.process_time()
        for sound in sounds:
            stream = recogniser.create_stream()
            stream.accept_waveform(16_000, sound.tolist())  # quicker than the array itself
            recogniser.decode_stream(stream)
        seconds = {"seconds": time.perf_counter() - began, "cpu": time.process_time() - busy}
        print(json.dumps(seconds), flush=True)


def _load(name: str, directory: Path, threads: int) -> Any:
    import sherpa_onnx

    model, tokens = str(next(directory.glob("*.onnx"))), str(directory / "tokens.txt")
    if name == "sensevoice":
        return sherpa_onnx.OfflineRecognizer.from_sense_voice(
            model, tokens, num_threads=threads, use_itn=True
        )
    return sherpa_onnx.OfflineRecognizer.from_paraformer(model, tokens, num_threads=threads)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
