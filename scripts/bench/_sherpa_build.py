"""Build a model for sherpa-onnx with random weights, in a process of its own: its memory is given back.

    python _sherpa_build.py sensevoice|paraformer published|small DIRECTORY

"published": of the size of SenseVoiceSmall (234 million weights) or of paraformer-large (220 million, of the
class with times of words). "small": the tests' model, to try the measurement itself. The weights have 8 bits
if the package onnx is installed.
"""

from __future__ import annotations

import json
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

_HERE = Path(__file__).parent
sys.path.append(str(_HERE.parent))

MODELS = _HERE.parents[1] / "tests" / "data" / "models"
SMALL = {"sensevoice": MODELS / "sv-words", "paraformer": MODELS / "bicif-words"}
_WIDTH, _TOKENS = 512, 8404
_ENCODER = {"output_size": _WIDTH, "attention_heads": 4, "linear_units": 2048, "num_blocks": 50}
_DECODER = {"attention_heads": 4, "linear_units": 2048, "num_blocks": 16, "att_layer_num": 16}
_FIRST_CHARACTER = 0x4E00


def main(name: str, size: str, target: Path) -> None:
    small, weights = SMALL[name], target.with_name(f"{target.name}-weights")
    if size == "small":
        weights = small
    elif name == "sensevoice":
        import _sensevoice_alone

        _sensevoice_alone.build(small, weights)
    else:
        build_paraformer(small, weights)
    import _sherpa_models

    _sherpa_models.export(weights, target)
    if weights != small:
        shutil.rmtree(weights)
    if find_spec("onnx") is not None:
        _quantise(target)


def build_paraformer(small: Path, target: Path) -> None:
    """Build a Paraformer of the published size whose words are characters."""
    import funasr
    import torch

    config: dict[str, Any] = yaml.safe_load((small / "config.yaml").read_text())
    config["encoder_conf"] |= _ENCODER
    config["decoder_conf"] |= _DECODER
    config["predictor_conf"]["idim"] = _WIDTH
    known = json.loads((small / "tokens.json").read_text("utf-8"))
    more = [chr(_FIRST_CHARACTER + number) for number in range(_TOKENS - len(known))]
    target.mkdir()
    tokens = target / "tokens.json"
    tokens.write_text(json.dumps([*known[:-1], *more, known[-1]], ensure_ascii=False), "utf-8")
    (target / "am.mvn").write_bytes((small / "am.mvn").read_bytes())
    (target / "config.yaml").write_text(yaml.safe_dump(config))
    tokenizer = config["tokenizer_conf"] | {"token_list": str(tokens)}
    model, _ = funasr.AutoModel.build_model(**config | {"tokenizer_conf": tokenizer}, device="cpu", seed=0)
    torch.save(model.state_dict(), target / "model.pt")


def _quantise(model: Path) -> None:
    from onnxruntime.quantization import QuantType, quantize_dynamic

    whole = model / "model.onnx"
    quantize_dynamic(
        whole, model / "model.int8.onnx", op_types_to_quantize=["MatMul"], weight_type=QuantType.QUInt8
    )
    whole.unlink()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
