"""Small models with random weights, with files and inputs as sherpa-onnx wants them: transducers, Moonshine
and Whisper. They say tokens by chance, and the same for the same sound."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from _sherpa_models import add_metadata, export_module, write_tokens

_WIDTH = 16
_WHISPER_TOKENS = 64
"""Words of the small Whisper; its special tokens come after them."""


def export_transducer(target: Path, tokens: Sequence[str], streaming: bool = False) -> None:
    """Export a transducer to the new directory `target`; `streaming`: one that keeps a state from step to
    step, like an LSTM of icefall, else one with files like a Zipformer's."""
    target.mkdir(parents=True)
    torch.manual_seed(0)
    encoder, decoder, joiner = (
        target / name for name in ("encoder.int8.onnx", "decoder.onnx", "joiner.int8.onnx")
    )
    if streaming:
        state = torch.zeros(1, 2, _WIDTH)
        names, outputs = ("x", "h", "c"), ("encoder_out", "next_h", "next_c")
        axes = {name: {0 if name in ("x", "encoder_out") else 1: "N"} for name in (*names, *outputs)}
        sounds = (torch.randn(2, 9, 80), state, state)
        export_module(_StreamingEncoder(), sounds, names, outputs, encoder, axes)
        steps = {"T": 9, "decode_chunk_len": 8, "num_encoder_layers": 1}
        widths = {"rnn_hidden_size": _WIDTH, "d_model": _WIDTH}
        add_metadata(encoder, {"model_type": "lstm", **steps, **widths, "comment": ""})
    else:
        sounds = (torch.randn(2, 40, 80), torch.tensor([30, 40]))
        names, outputs = ("x", "x_lens"), ("encoder_out", "encoder_out_lens")
        export_module(_Encoder(), sounds, names, outputs, encoder)
        add_metadata(encoder, {"model_type": "zipformer2", "comment": ""})
    last = (torch.zeros(2, 2, dtype=torch.long),)
    export_module(_Decoder(len(tokens)), last, ("y",), ("decoder_out",), decoder)
    inputs = (torch.randn(2, _WIDTH), torch.randn(2, _WIDTH))
    export_module(_Joiner(len(tokens)), inputs, ("encoder_out", "decoder_out"), ("logit",), joiner)
    add_metadata(decoder, {"context_size": 2, "vocab_size": len(tokens)})
    add_metadata(joiner, {"joiner_dim": _WIDTH})
    write_tokens(target / "tokens.txt", tokens)


class _Encoder(nn.Module):
    """One vector for four frames of features."""

    def __init__(self) -> None:
        super().__init__()
        self.reduced = nn.Conv1d(80, _WIDTH, 4, stride=4)

    def forward(self, x: Any, x_lens: Any) -> tuple[Any, Any]:
        return self.reduced(x.transpose(1, 2)).transpose(1, 2), x_lens // 4


class _StreamingEncoder(nn.Module):
    """The same, and a state."""

    def __init__(self) -> None:
        super().__init__()
        self.reduced = nn.Conv1d(80, _WIDTH, 4, stride=4)
        self.rnn = nn.LSTM(_WIDTH, _WIDTH, batch_first=True)

    def forward(self, x: Any, h: Any, c: Any) -> tuple[Any, Any, Any]:
        reduced = self.reduced(x.transpose(1, 2)).transpose(1, 2)
        out, (next_h, next_c) = self.rnn(reduced, (h, c))
        return out + reduced, next_h, next_c


class _Decoder(nn.Module):
    """One vector for the last two tokens."""

    def __init__(self, tokens: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tokens, _WIDTH)

    def forward(self, y: Any) -> Any:
        return self.embedding(y).mean(dim=1)


class _Joiner(nn.Module):
    """It is in so much doubt that hotwords make a difference."""

    def __init__(self, tokens: int) -> None:
        super().__init__()
        self.output = nn.Linear(_WIDTH, tokens)

    def forward(self, encoder_out: Any, decoder_out: Any) -> Any:
        return 0.3 * self.output(encoder_out + decoder_out)


def export_moonshine(target: Path, tokens: Sequence[str]) -> None:
    """Export a Moonshine to the new directory `target`; the first three tokens are special."""
    target.mkdir(parents=True)
    torch.manual_seed(0)
    sound, features = torch.randn(1, 16_000), torch.randn(1, 41, _WIDTH)
    length, last = torch.tensor([41], dtype=torch.int32), torch.ones(1, 1, dtype=torch.int32)
    state = torch.zeros(1, 1, _WIDTH)
    export_module(_Preprocessor(), (sound,), ("args_0",), ("features",), target / "preprocess.onnx")
    encoder = target / "encode.int8.onnx"
    export_module(_Contextual(), (features, length), ("x", "length"), ("encoder_out",), encoder)
    decoder, outputs = _MoonshineDecoder(len(tokens)), ("logits", "state")
    inputs = {"tokens": last, "encoder_out": features, "seq_len": length[:1]}
    for name, given in (("uncached", inputs), ("cached", {**inputs, "old": state})):
        file = target / f"{name}_decode.int8.onnx"
        export_module(decoder, tuple(given.values()), tuple(given), outputs, file, {"encoder_out": {1: "T"}})
    write_tokens(target / "tokens.txt", tokens)


class _Preprocessor(nn.Module):
    """One vector for 24 ms of sound."""

    def __init__(self) -> None:
        super().__init__()
        self.reduced = nn.Conv1d(1, _WIDTH, 384, stride=384)

    def forward(self, sound: Any) -> Any:
        return 20 * self.reduced(sound.unsqueeze(1)).transpose(1, 2)


class _Contextual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.mixed = nn.Linear(_WIDTH, _WIDTH)

    def forward(self, x: Any, length: Any) -> Any:
        return torch.tanh(self.mixed(x)) + 0 * length


class _MoonshineDecoder(nn.Module):
    """The next token from a place in the sound and the last token."""

    def __init__(self, tokens: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(tokens, _WIDTH)
        self.output = nn.Linear(_WIDTH, tokens)

    def forward(self, tokens: Any, encoder_out: Any, seq_len: Any, old: Any = None) -> tuple[Any, Any]:
        here = (encoder_out * (seq_len % 2 + 1)).mean(dim=1, keepdim=True)
        state = torch.tanh(here + self.embedding(tokens))
        state = state if old is None else state + 0.5 * old
        return self.output(state), state


def export_whisper(target: Path, languages: Sequence[str] = ("en", "zh", "de")) -> None:
    """Export a Whisper to the new directory `target`; of one language, it is one for English only."""
    target.mkdir(parents=True)
    torch.manual_seed(0)
    first = _WHISPER_TOKENS
    special = dict(zip(("eot", "sot"), range(first, first + 2), strict=True))
    codes = range(first + 2, first + 2 + len(languages))
    rest = ("translate", "transcribe", "sot_lm", "sot_prev", "no_speech", "no_timestamps")
    special |= dict(zip(rest, range(codes.stop, codes.stop + len(rest)), strict=True))
    vocabulary = codes.stop + len(rest) + 1501
    is_multilingual = len(languages) > 1
    starts = [special["sot"], codes[0], special["transcribe"]] if is_multilingual else [special["sot"]]
    decoder = _WhisperDecoder(vocabulary, special["sot"])
    encoder = _WhisperEncoder()
    context = 48
    cache = torch.zeros(1, 1, context, _WIDTH)
    cross = torch.randn(1, 1, 50, _WIDTH)
    _export_whisper_part(
        encoder, (torch.randn(1, 80, 200),), {"mel": {0: "N", 2: "T"}}, _CROSS, target / "small-encoder.onnx"
    )
    inputs = {"tokens": {0: "N", 1: "L"}, "in_k": {1: "N"}, "in_v": {1: "N"}, **_CROSS, "offset": {}}
    outputs = {"logits": {0: "N", 1: "L"}, "out_k": {1: "N"}, "out_v": {1: "N"}}
    example = (torch.tensor([starts]), cache, cache, cross, cross, torch.zeros(1, dtype=torch.int64))
    _export_whisper_part(decoder, example, inputs, outputs, target / "small-decoder.onnx")
    metadata = {
        "model_type": "whisper-small",
        **special,
        **{"n_mels": 80, "n_text_layer": 1, "n_text_ctx": context, "n_text_state": _WIDTH},
        "n_vocab": vocabulary,
        "blank_id": 0,
        "sot_sequence": ",".join(map(str, starts)),
        "all_language_tokens": ",".join(map(str, codes)),
        "all_language_codes": ",".join(languages),
        "is_multilingual": int(is_multilingual),
    }
    add_metadata(target / "small-encoder.onnx", metadata)
    words = (f" word{number}" for number in range(_WHISPER_TOKENS))
    write_tokens(target / "small-tokens.txt", [base64.b64encode(word.encode()).decode() for word in words])


_CROSS: Mapping[str, Mapping[int, str]] = {"cross_k": {1: "N", 2: "T"}, "cross_v": {1: "N", 2: "T"}}


def _export_whisper_part(
    module: nn.Module,
    inputs: tuple[torch.Tensor, ...],
    names: Mapping[str, Mapping[int, str]],
    outputs: Mapping[str, Mapping[int, str]],
    file: Path,
) -> None:
    export_module(module, inputs, tuple(names), tuple(outputs), file, axes={**names, **outputs})


class _WhisperEncoder(nn.Module):
    """Keys and values for 20 ms of sound each."""

    def __init__(self) -> None:
        super().__init__()
        self.reduced = nn.Conv1d(80, _WIDTH, 2, stride=2)

    def forward(self, mel: Any) -> tuple[Any, Any]:
        heard = self.reduced(mel).transpose(1, 2).unsqueeze(0)
        return heard, 2 * heard


class _WhisperDecoder(nn.Module):
    """The next token from the sound, the token before it and how many there were. It writes words only."""

    def __init__(self, vocabulary: int, first_special: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, _WIDTH)
        self.output = nn.Linear(_WIDTH, vocabulary)
        held = torch.zeros(vocabulary)
        held[first_special:] = -100.0
        self.register_buffer("held", held)

    def forward(self, tokens: Any, in_k: Any, in_v: Any, cross_k: Any, cross_v: Any, offset: Any) -> Any:
        heard = torch.tanh(cross_k[0] + cross_v[0]).mean(dim=1, keepdim=True)
        state = heard + self.embedding(tokens) * (1 + offset)
        return self.output(state) + self.held, in_k + 0, in_v + 0
