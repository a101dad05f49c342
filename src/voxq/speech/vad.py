"""Streaming voice activity detection with Silero VAD v6.

The model is the ONNX file inside the faster-whisper package. Only the file is used: importing that package
would load CTranslate2 into a process that does not need it.
"""

from __future__ import annotations

import importlib.util
from array import array
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from voxq.speech.audio import SHORTEST_CLIP, Samples
from voxq.speech.spans import WINDOW, Span, SpanFinder

_CONTEXT = 64  # samples of the previous window that the model also sees
_STATE_SHAPE = (1, 1, 128)
_VOICED = 0.5
_GROUP = 128
"""Windows per model call; always the same number, so that rounding does not depend on the blocks pushed."""


def voiced_windows(samples: Samples) -> list[bool]:
    """Whether somebody speaks in each window of 32 ms of a short sound, mono at 16 kHz, shape (n,)."""
    if not len(samples):
        return []
    probabilities = _Model().probabilities(np.pad(samples, (0, -len(samples) % WINDOW)))
    return [probability >= _VOICED for probability in probabilities.tolist()]


class VoiceActivity:
    """Finds the spans of speech in one recording, pushed block by block.

    The spans are padded by 0.3 s, in order and without overlap, and none is longer than `maximum` seconds.
    They do not depend on the sizes of the blocks. A recording shorter than 100 ms is silence. Not
    thread-safe.
    """

    def __init__(self, maximum: float = 30.0) -> None:
        """Raise ValueError for a `maximum` of less than two seconds."""
        self._finder = SpanFinder(maximum)
        self._model = _Model()
        self._waiting: Samples = np.zeros(0, np.float32)
        self._total = 0
        self._loudness = array("f")

    def loudness(self, span: Span) -> Sequence[float]:
        """Loudness of speech, in any unit, in each window of 32 ms of a span that was found."""
        return self._loudness[span.start // WINDOW : -(-span.end // WINDOW)]

    def push(self, block: Samples) -> list[Span]:
        """Add samples, mono at 16 kHz, shape (n,), any n, and return the spans known to have ended."""
        self._total += len(block)
        samples = np.concatenate((self._waiting, block))
        size = _GROUP * WINDOW
        whole = len(samples) - len(samples) % size
        self._waiting = samples[whole:].copy()
        return [span for at in range(0, whole, size) for span in self._find(samples[at : at + size])]

    def flush(self) -> list[Span]:
        """Return the spans left at the end of the recording. Nothing can be pushed afterwards."""
        if self._total < SHORTEST_CLIP:
            return []
        rest = np.pad(self._waiting, (0, -len(self._waiting) % WINDOW))
        spans = self._find(rest) if len(rest) else []
        return spans + self._finder.finish(self._total)

    def _find(self, samples: Samples) -> list[Span]:
        probabilities = self._model.probabilities(samples)
        windows = samples.reshape(-1, WINDOW)
        # A pause has both low probability and low energy; either alone misleads under music.
        loudness = probabilities * np.sqrt(np.mean(np.square(windows), axis=1))
        self._loudness.extend(loudness.tolist())
        return self._finder.push(zip(probabilities.tolist(), loudness.tolist(), strict=True))


class _Model:
    """The model and its state between two calls."""

    def __init__(self) -> None:
        self._context: Samples = np.zeros(_CONTEXT, np.float32)
        self._hidden = np.zeros(_STATE_SHAPE, np.float32)
        self._cell = np.zeros(_STATE_SHAPE, np.float32)

    def probabilities(self, samples: Samples) -> npt.NDArray[np.float32]:
        """Probability of speech in each window of the next samples, a whole number of windows."""
        windows = samples.reshape(-1, WINDOW)
        before = np.concatenate((self._context[np.newaxis], windows[:-1, -_CONTEXT:]))
        self._context = windows[-1, -_CONTEXT:].copy()
        inputs = {"input": np.hstack((before, windows)), "h": self._hidden, "c": self._cell}
        probabilities, self._hidden, self._cell = map(np.asarray, _session().run(None, inputs))
        return probabilities


@cache
def _session() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # The arena keeps the largest recording's buffers for good: 5 MB a process, and no time to gain.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    return onnxruntime.InferenceSession(_model_file(), options, providers=["CPUExecutionProvider"])


def _model_file() -> Path:
    spec = importlib.util.find_spec("faster_whisper")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("The package faster-whisper, which carries the VAD model, is not installed.")
    return Path(spec.submodule_search_locations[0]) / "assets" / "silero_vad_v6.onnx"
