"""Small models of FunASR as sherpa-onnx wants them: ONNX files with metadata, and a list of tokens.

The published ones are made in the same way, by scripts of sherpa-onnx, which need the package onnx; here the
metadata are appended to the file, because the fields of a protobuf message may be written in any order.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import funasr
import torch
import yaml
from torch import nn
from torch.onnx._internal.torchscript_exporter import onnx_proto_utils

from voxq.engines.recognise.sherpa_onnx.onnx_file import properties

_OPSET = 13
_LONGEST = 600
"""Features of the longest sound, 60 ms each."""


def export(source: Path, target: Path) -> None:
    """Export the SenseVoice, or the BiCif or SeACo Paraformer, in `source` to the new directory `target`."""
    auto = funasr.AutoModel(model=str(source), disable_update=True, disable_pbar=True, log_level="ERROR")
    auto.model.eval()
    target.mkdir(parents=True)
    if auto.kwargs["model"] == "SenseVoiceSmall":
        metadata, tokens = export_sense_voice(auto.model, auto.kwargs["tokenizer"].sp, target / "model.onnx")
    else:
        metadata, tokens = _export_paraformer(auto, source, target / "model.onnx")
    add_metadata(target / "model.onnx", {**_frontend(source), **metadata})
    write_tokens(target / "tokens.txt", tokens)


def export_sense_voice(model: Any, pieces: Any, file: Path) -> tuple[dict[str, object], list[str]]:
    """Export a SenseVoice; returns its metadata, without those of its frontend, and its tokens."""
    from funasr.utils.torch_function import sequence_mask

    model.encoder.make_pad_mask = sequence_mask(_LONGEST, flip=False)
    sounds, lengths = _dummies()
    languages, styles = torch.tensor([0, 3], dtype=torch.int32), torch.tensor([14, 15], dtype=torch.int32)
    names = ("x", "x_length", "language", "text_norm")
    export_module(_SenseVoice(model), (sounds, lengths, languages, styles), names, ("logits",), file)
    metadata = {
        "model_type": "sense_voice_ctc",
        "normalize_samples": 0,
        "vocab_size": pieces.vocab_size(),
        "with_itn": model.textnorm_dict["withitn"],
        "without_itn": model.textnorm_dict["woitn"],
        "comment": "",
        **{f"lang_{code}": number for code, number in model.lid_dict.items()},
    }
    return metadata, [pieces.id_to_piece(number) for number in range(pieces.vocab_size())]


class _SenseVoice(nn.Module):
    """The model with its questions about language, event, emotion and style before the sound."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.embed, self.encoder, self.output = model.embed, model.encoder, model.ctc.ctc_lo

    def forward(self, x: Any, x_length: Any, language: Any, text_norm: Any) -> Any:
        event_and_emotion = self.embed(torch.tensor([[1, 2]])).repeat(x.size(0), 1, 1)
        asked = (self.embed(language).unsqueeze(1), event_and_emotion, self.embed(text_norm).unsqueeze(1))
        encoded, _ = self.encoder(torch.cat((*asked, x), dim=1), x_length + 4)
        return self.output(encoded)


def _export_paraformer(auto: Any, source: Path, file: Path) -> tuple[dict[str, object], list[str]]:
    """Export a Paraformer without its decoder for hotwords, which sherpa-onnx does not run."""
    from funasr.models.bicif_paraformer.export_meta import export_rebuild_model

    classes = {part: auto.kwargs[part] for part in ("encoder", "predictor", "decoder")}
    model = export_rebuild_model(auto.model, **classes, type="onnx", max_seq_len=_LONGEST)
    outputs = ("logits", "token_num", "us_alphas", "us_cif_peak")
    export_module(model, _dummies(), ("speech", "speech_lengths"), outputs, file)
    tokens = json.loads((source / "tokens.json").read_text("utf-8"))
    return {"model_type": "paraformer", "vocab_size": len(tokens), "comment": ""}, tokens


def export_punctuation(source: Path, target: Path) -> None:
    """Export the CT-Transformer in `source` to the new directory `target`."""
    auto = funasr.AutoModel(model=str(source), disable_update=True, disable_pbar=True, log_level="ERROR")
    tokens = json.loads((source / "tokens.json").read_text("utf-8"))
    target.mkdir(parents=True)
    inputs = (torch.ones(1, 40, dtype=torch.int32), torch.tensor([40], dtype=torch.int32))
    names, outputs = ("inputs", "text_lengths"), ("logits",)
    export_module(_Punctuation(auto.model), inputs, names, outputs, target / "model.onnx")
    metadata = {
        "model_type": "ct_transformer",
        "tokens": "|".join(tokens),
        "punctuations": "|".join(auto.model.punc_list),
        "unk_symbol": "<unk>",
        "vocab_size": len(tokens),
        "comment": "",
    }
    add_metadata(target / "model.onnx", metadata)


def _dummies() -> tuple[torch.Tensor, torch.Tensor]:
    """Two sounds and their lengths."""
    return torch.randn(2, 30, 560), torch.tensor([20, 30], dtype=torch.int32)


class _Punctuation(nn.Module):
    """The model for one text, without the padding of shorter ones."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.embed, self.encoder, self.decoder = model.embed, model.encoder, model.decoder

    def forward(self, inputs: Any, text_lengths: Any) -> Any:
        whole = (inputs < 0)[:, None, :] == (text_lengths < 0)[:, None, None]
        scaled = self.encoder.embed(self.embed(inputs) * self.encoder.output_size() ** 0.5)
        encoded, whole, *_ = self.encoder.encoders(*self.encoder.encoders0(scaled, whole)[:2])
        return self.decoder(self.encoder.after_norm(encoded))


def export_module(
    module: nn.Module,
    inputs: tuple[torch.Tensor, ...],
    names: tuple[str, ...],
    outputs: tuple[str, ...],
    file: Path,
    axes: Mapping[str, Mapping[int, str]] | None = None,
) -> None:
    """Export a module. Without `axes`, its first input and its outputs have axes of items and of time, and
    its other inputs one of items."""
    if axes is None:
        items = {name: {0: "N"} for name in names[1:]}
        axes = {name: {0: "N", 1: "T"} for name in (names[0], *outputs)} | items
    # torch asks for the package onnx only to add functions of onnxscript, of which these models have none.
    onnx_proto_utils._add_onnxscript_fn = lambda model, custom_opsets: model
    with torch.no_grad(), warnings.catch_warnings(action="ignore"):
        torch.onnx.export(
            module.eval(),
            inputs,
            str(file),
            input_names=names,
            output_names=outputs,
            dynamic_axes={name: dict(each) for name, each in axes.items()},
            opset_version=_OPSET,
            dynamo=False,
        )


def _frontend(source: Path) -> dict[str, object]:
    """Means and deviations of the features, and how many frames make one."""
    lines = (source / "am.mvn").read_text().splitlines()
    means, scales = (line.split()[3:-1] for line in lines if line.startswith("<LearnRateCoef>"))
    conf = yaml.safe_load((source / "config.yaml").read_text())["frontend_conf"]
    return {
        "neg_mean": ",".join(means),
        "inv_stddev": ",".join(scales),
        "lfr_window_size": conf["lfr_m"],
        "lfr_window_shift": conf["lfr_n"],
    }


def add_metadata(file: Path, metadata: Mapping[str, object]) -> None:
    """Append metadata to an ONNX file."""
    with file.open("ab") as model:
        model.write(properties({key: str(value) for key, value in metadata.items()}))


def write_tokens(file: Path, tokens: Iterable[str]) -> None:
    """Write the tokens with their numbers."""
    file.write_text("".join(f"{token} {number}\n" for number, token in enumerate(tokens)), "utf-8")


def export_speaker_encoder(model: nn.Module, target: Path, size: int) -> None:
    """Export a speaker encoder whose vectors have `size` numbers to the new directory `target`, as those of
    3D-Speaker: features less their mean over time, shape (sounds, frames, 80)."""
    target.mkdir(parents=True)
    names, outputs = ("x",), ("embedding",)
    axes = {"x": {0: "N", 1: "T"}, "embedding": {0: "N"}}
    export_module(model, (torch.randn(1, 345, 80),), names, outputs, target / "encoder.onnx", axes)
    metadata = {
        "framework": "3d-speaker",
        "language": "Chinese",
        "url": "",
        "comment": "",
        "sample_rate": 16_000,
        "output_dim": size,
        "normalize_samples": 1,
        "feature_normalize_type": "global-mean",
    }
    add_metadata(target / "encoder.onnx", metadata)
