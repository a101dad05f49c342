"""Models that were converted for sherpa-onnx, with weights of 8 bits.

Ids, sizes and digests are those that several projects pin; report/MODELS.md names the source of each fact.
ModelScope's copies are byte for byte those of Hugging Face, where sherpa-onnx's author publishes them.
"""

from __future__ import annotations

from voxq.model_store.model import Hubs, Model

_ENGINE = "sherpa-onnx"
_WEIGHTS, _TOKENS = "model.int8.onnx", "tokens.txt"


def _hubs(modelscope: str, huggingface: str, weights: str, tokens: str) -> Hubs:
    """Describe the hubs of a model, ModelScope first, with the digests of its two files."""
    return Hubs(
        {"modelscope": modelscope, "huggingface": huggingface},
        (_WEIGHTS, _TOKENS),
        required=(_WEIGHTS, _TOKENS),
        digests={_WEIGHTS: weights, _TOKENS: tokens},
    )


SHERPA_ONNX: tuple[Model, ...] = (
    Model(
        name="sensevoice-int8",
        engine=_ENGINE,
        source=_hubs(
            "pengzhendong/sherpa-onnx-sense-voice-zh-en-ja-ko-yue",
            "csukuangfj/sherpa-onnx-sense-voice-zh-en-ja-ko-yue-2024-07-17",
            weights="c71f0ce00bec95b07744e116345e33d8cbbe08cef896382cf907bf4b51a2cd51",
            tokens="f449eb28dc567533d7fa59be34e2abca8784f771850c78a47fb731a31429a1dc",
        ),
        licence="FunASR",
        languages="Chinese, Cantonese, English, Japanese, Korean",
        size_mb=240,
        language_codes=("zh", "yue", "en", "ja", "ko"),
        best_for="Chinese on a CPU: small, fast, no PyTorch",
    ),
    Model(
        name="paraformer-zh-int8",
        engine=_ENGINE,
        source=_hubs(
            "HZZSCIENCE/sherpa-onnx-paraformer-zh-2023-09-14",
            "csukuangfj/sherpa-onnx-paraformer-zh-2023-09-14",
            weights="f36a0433bcf096bd6d6f11b80a3ac8bed110bdca632fe0d731df8d1a84475945",
            tokens="59aba8873a2ed1e122c25fee421e25f283b63290efbde85c1f01a853d83cb6e6",
        ),
        licence="Apache-2.0",
        languages="Chinese, some English",
        size_mb=243,
        language_codes=("zh", "en"),
        best_for="Mandarin on a CPU, without punctuation",
    ),
)
