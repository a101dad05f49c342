"""Conversion of Whisper from CTranslate2's format to FunASR's, so that both engines have the same weights."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
import yaml

Arrays = dict[str, npt.NDArray[Any]]

_TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}


def to_funasr(ctranslate2: Path, target: Path) -> None:
    """Convert the model in one directory and write it to `target`, which is created."""
    arrays = _read(ctranslate2 / "model.bin")
    dims = _dims(arrays)
    weights = {f"model.{name}": torch.from_numpy(array.copy()) for name, array in _weights(arrays, dims)}
    target.mkdir()
    torch.save(weights, target / "model.pt")
    frontend = {"fs": 16000, "n_mels": dims["n_mels"], "do_pad_trim": True}
    config = {
        "model": "WhisperWarp",
        "model_conf": {},
        "dims": dims,
        "frontend": "WhisperFrontend",
        "frontend_conf": frontend,
    }
    (target / "config.yaml").write_text(yaml.safe_dump(config))


def _read(path: Path) -> Arrays:
    """Read CTranslate2's format: a header, then name, shape, type and bytes of each array."""
    with path.open("rb") as file:

        def number(code: str) -> int:
            return struct.unpack(f"<{code}", file.read(struct.calcsize(code)))[0]

        def text() -> str:
            return file.read(number("H"))[:-1].decode()

        number("I")
        assert text() == "WhisperSpec"
        number("I")
        arrays: Arrays = {}
        for _ in range(number("I")):
            name = text()
            shape = [number("I") for _ in range(number("B"))]
            kind = _TYPES[number("B")]
            arrays[name] = np.frombuffer(file.read(number("I")), kind).reshape(shape)
        return arrays


def _dims(arrays: Arrays) -> dict[str, int]:
    def layers(side: str) -> int:
        return len({match[0] for name in arrays if (match := re.match(rf"{side}/layer_\d+/", name))})

    sizes: dict[str, int] = {"n_mels": arrays["encoder/conv1/weight"].shape[1]}
    for side, key in (("encoder", "audio"), ("decoder", "text")):
        context, state = arrays[f"{side}/position_encodings/encodings"].shape
        sizes |= {f"n_{key}_ctx": context, f"n_{key}_state": state}
        sizes |= {f"n_{key}_head": int(arrays["encoder/num_heads"]), f"n_{key}_layer": layers(side)}
    return sizes | {"n_vocab": arrays["decoder/embeddings/weight"].shape[0]}


def _weights(arrays: Arrays, dims: dict[str, int]) -> Iterator[tuple[str, npt.NDArray[Any]]]:
    def linear(name: str, source: str) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        yield f"{name}.weight", arrays[f"{source}/weight"]
        yield f"{name}.bias", arrays[f"{source}/bias"]

    def norm(name: str, source: str) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        yield f"{name}.weight", arrays[f"{source}/gamma"]
        yield f"{name}.bias", arrays[f"{source}/beta"]

    def split(name: str, source: str, parts: str) -> Iterator[tuple[str, npt.NDArray[Any]]]:
        """Split CTranslate2's joint matrix of query, key and value; the key has no bias in FunASR."""
        weights = np.split(arrays[f"{source}/weight"], len(parts))
        biases = np.split(arrays[f"{source}/bias"], len(parts))
        for part, weight, bias in zip(parts, weights, biases, strict=True):
            label = {"q": "query", "k": "key", "v": "value"}[part]
            yield f"{name}.{label}.weight", weight
            if part != "k":
                yield f"{name}.{label}.bias", bias

    yield from linear("encoder.conv1", "encoder/conv1")
    yield from linear("encoder.conv2", "encoder/conv2")
    yield from norm("encoder.ln_post", "encoder/layer_norm")
    yield from norm("decoder.ln", "decoder/layer_norm")
    yield "decoder.token_embedding.weight", arrays["decoder/embeddings/weight"]
    for side, key in (("encoder", "audio"), ("decoder", "text")):
        yield f"{side}.positional_embedding", arrays[f"{side}/position_encodings/encodings"]
        for layer in range(dims[f"n_{key}_layer"]):
            name, source = f"{side}.blocks.{layer}", f"{side}/layer_{layer}"
            yield from split(f"{name}.attn", f"{source}/self_attention/linear_0", "qkv")
            yield from linear(f"{name}.attn.out", f"{source}/self_attention/linear_1")
            yield from norm(f"{name}.attn_ln", f"{source}/self_attention/layer_norm")
            if side == "decoder":
                yield from split(f"{name}.cross_attn", f"{source}/attention/linear_0", "q")
                yield from split(f"{name}.cross_attn", f"{source}/attention/linear_1", "kv")
                yield from linear(f"{name}.cross_attn.out", f"{source}/attention/linear_2")
                yield from norm(f"{name}.cross_attn_ln", f"{source}/attention/layer_norm")
            yield from linear(f"{name}.mlp.0", f"{source}/ffn/linear_0")
            yield from linear(f"{name}.mlp.2", f"{source}/ffn/linear_1")
            yield from norm(f"{name}.mlp_ln", f"{source}/ffn/layer_norm")
