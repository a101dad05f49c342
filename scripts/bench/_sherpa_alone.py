"""Bare sherpa-onnx in its own process: `decode_stream` without any code of this project.

Protocol: lines of JSON over stdin and stdout; lists of chunks (file, start, end) come in, and seconds go out,
first an empty message after loading. If the second argument is no number, it exports the model in the first
directory to the second one and exits.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np


def main(directory: Path, threads: int) -> None:
    import sherpa_onnx

    model = next(directory.glob("*.onnx"))
    recogniser = sherpa_onnx.OfflineRecognizer.from_sense_voice(
        str(model), str(directory / "tokens.txt"), num_threads=threads, use_itn=True
    )
    print("{}", flush=True)
    for line in sys.stdin:
        sounds = [np.array(np.memmap(file, "<f4", "r")[start:end]) for file, start, end in json.loads(line)]
        began = time.perf_counter()
        for sound in sounds:
            stream = recogniser.create_stream()
            stream.accept_waveform(16_000, sound)
            recogniser.decode_stream(stream)
        print(json.dumps({"seconds": time.perf_counter() - began}), flush=True)


def export(weights: Path, target: Path) -> None:
    """Export the model, with weights of 8 bits if that is possible here."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import _sherpa_models

    _sherpa_models.export(weights, target)
    if find_spec("onnx") is None:
        return
    from onnxruntime.quantization import QuantType, quantize_dynamic

    whole = target / "model.onnx"
    quantize_dynamic(
        whole, target / "model.int8.onnx", op_types_to_quantize=["MatMul"], weight_type=QuantType.QUInt8
    )
    whole.unlink()


if __name__ == "__main__":
    if sys.argv[2].isdecimal():
        main(Path(sys.argv[1]), int(sys.argv[2]))
    else:
        export(Path(sys.argv[1]), Path(sys.argv[2]))
