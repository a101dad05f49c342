"""A Whisper of a published size for CTranslate2, with random weights.

Random weights alone would say tokens for as long as they may, and so cost more than a real model. Here the
position decides what is said: each row of the position encodings is a multiple of the next token's
embedding, and what the layers add is too small to change that. So every sound has the same English text,
as long as that of about 7 s of speech; every matrix has its size, and is multiplied.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

_Array = npt.NDArray[np.float16]

_TEXT = " The old keeper climbed the stairs every evening to light the lamp, and the ships came home by it."
_PULL = 4.0
"""Share of the position in the sum with the last token's embedding."""
_CERTAINTY = 80.0
"""Logit of the next token before that of chance (about 0) is compared with it."""
_FAINT = 1e-3


@dataclass(frozen=True, slots=True)
class WhisperSize:
    """Numbers of layers, width, heads (of 64 each), mel bands and positions of a text."""

    encoder: int
    decoder: int
    width: int
    heads: int
    bands: int
    positions: int = 448


LARGE_V3_TURBO = WhisperSize(encoder=32, decoder=4, width=1280, heads=20, bands=128)
"""By config.json of openai/whisper-large-v3-turbo: 809 million weights. It has one token more."""
TINY = WhisperSize(encoder=2, decoder=2, width=64, heads=1, bands=80)


def build(size: WhisperSize, base: Path, target: Path) -> None:
    """Build a model in the new directory `target` with the tokens of whisper-base in `base`."""
    from ctranslate2.specs import WhisperSpec

    target.mkdir(parents=True)
    tokens = (base / "vocabulary.txt").read_text("utf-8").splitlines()
    spec: Any = WhisperSpec(size.encoder, size.heads, size.decoder, size.heads)
    chance = _Chance(size.width)
    _fill_encoder(spec.encoder, size, chance)
    _fill_decoder(spec.decoder, size, _said(base, tokens), len(tokens), chance)
    spec.register_vocabulary(tokens)
    spec.validate()
    spec.decoder.projection.weight = "decoder/embeddings/weight"  # one matrix under two names
    spec.save(str(target))
    shutil.copy(base / "tokenizer.json", target)
    shutil.copy(base / "vocabulary.txt", target)
    (target / "vocabulary.json").unlink(missing_ok=True)
    config = json.loads((base / "config.json").read_text())
    last = size.decoder - 1
    heads = [[last, head] for head in range(min(6, size.heads))]
    (target / "config.json").write_text(json.dumps(config | {"alignment_heads": heads}))
    (target / "preprocessor_config.json").write_text(json.dumps({"feature_size": size.bands}))


class _Chance:
    """Random arrays of half precision; `width` is that of the network."""

    def __init__(self, width: int) -> None:
        self._random = np.random.default_rng(0)
        self.width = width

    def array(self, *shape: int, scale: float = 0.02) -> _Array:
        """Uniform numbers with this standard deviation."""
        reach = np.float32(scale * 3**0.5)
        return ((self._random.random(shape, np.float32) * 2 - 1) * reach).astype(np.float16)

    def linear(self, spec: Any, out: int, into: int, scale: float = 0.02) -> None:
        spec.weight, spec.bias = self.array(out, into, scale=scale), np.zeros(out, np.float16)

    def norm(self, spec: Any) -> None:
        spec.gamma, spec.beta = np.ones(self.width, np.float16), np.zeros(self.width, np.float16)

    def attention(self, spec: Any, *, across: bool = False) -> None:
        """Fill an attention layer: of a text to itself, or `across` to the sound."""
        width = self.width
        self.norm(spec.layer_norm)
        for linear, parts in zip(spec.linear[:-1], (1, 2) if across else (3,), strict=True):
            self.linear(linear, parts * width, width)
        self.linear(spec.linear[-1], width, width, _FAINT)

    def feed_forward(self, spec: Any) -> None:
        self.norm(spec.layer_norm)
        self.linear(spec.linear_0, 4 * self.width, self.width)
        self.linear(spec.linear_1, self.width, 4 * self.width, _FAINT)


def _fill_encoder(spec: Any, size: WhisperSize, chance: _Chance) -> None:
    for conv, bands in ((spec.conv1, size.bands), (spec.conv2, size.width)):
        conv.weight, conv.bias = chance.array(size.width, bands, 3), np.zeros(size.width, np.float16)
    spec.position_encodings.encodings = chance.array(1500, size.width)
    chance.norm(spec.layer_norm)
    for layer in spec.layer:
        chance.attention(layer.self_attention)
        chance.feed_forward(layer.ffn)


def _fill_decoder(spec: Any, size: WhisperSize, said: list[int], tokens: int, chance: _Chance) -> None:
    # After its normalisation the state has length sqrt(width).
    embeddings = chance.array(tokens, size.width, scale=_CERTAINTY / size.width)
    spec.embeddings.weight = spec.projection.weight = embeddings
    following = np.resize(np.array([*said, said[-1]]), size.positions)
    following[len(said) :] = said[-1]
    spec.position_encodings.encodings = _PULL * embeddings[following]
    chance.norm(spec.layer_norm)
    for layer in spec.layer:
        chance.attention(layer.self_attention)
        chance.attention(layer.attention, across=True)
        chance.feed_forward(layer.ffn)


def _said(base: Path, tokens: list[str]) -> list[int]:
    """Tokens that follow the positions of the start, the language and the task, and then each other."""
    from tokenizers import Tokenizer

    number = {token: place for place, token in enumerate(tokens)}
    text = Tokenizer.from_file(str(base / "tokenizer.json")).encode(_TEXT, add_special_tokens=False).ids
    # Without a time for its end, the text takes the whole window.
    before = [number[token] for token in ("<|en|>", "<|transcribe|>", "<|0.00|>")]
    return [*before, *text, number["<|endoftext|>"]]
