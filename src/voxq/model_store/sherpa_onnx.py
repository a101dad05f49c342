"""Models that were converted for sherpa-onnx, with weights of 8 bits.

Ids, sizes and digests are those that several projects pin; report/MODELS.md names the source of each fact.
ModelScope's copies are byte for byte those of Hugging Face, where sherpa-onnx's author publishes them.
"""

from __future__ import annotations

from collections.abc import Mapping

from voxq.locale import Message
from voxq.model_store.model import Hubs, Model

_ENGINE = "sherpa-onnx"
_WEIGHTS, _TOKENS = "model.int8.onnx", "tokens.txt"
_PUNCTUATION = ("ct-punc-int8",)


def _hubs(huggingface: str, digests: Mapping[str, str], modelscope: str = "") -> Hubs:
    """Describe the hubs of a model, ModelScope first, with the digests of all of its files."""
    repositories = {"modelscope": modelscope} if modelscope else {}
    files = tuple(digests)
    return Hubs({**repositories, "huggingface": huggingface}, files, required=files, digests=digests)


def _moonshine(size: str, size_mb: int, digests: Mapping[str, str], best_for: str) -> Model:
    """Describe a Moonshine, English only."""
    return Model(
        name=f"moonshine-{size}-en-int8",
        engine=_ENGINE,
        source=_hubs(f"csukuangfj/sherpa-onnx-moonshine-{size}-en-int8", digests),
        licence="MIT",
        languages=Message("English"),
        size_mb=size_mb,
        language_codes=("en",),
        best_for=best_for,
    )


_MOONSHINE_TOKENS = {_TOKENS: "1165c2aeb9f72f457a83be2d459a09054f27490acd9b41bd43794dfd25e296ea"}

SHERPA_ONNX: tuple[Model, ...] = (
    Model(
        name="sensevoice-int8",
        engine=_ENGINE,
        source=_hubs(
            "csukuangfj/sherpa-onnx-sense-voice-zh-en-ja-ko-yue-2024-07-17",
            {
                _WEIGHTS: "c71f0ce00bec95b07744e116345e33d8cbbe08cef896382cf907bf4b51a2cd51",
                _TOKENS: "f449eb28dc567533d7fa59be34e2abca8784f771850c78a47fb731a31429a1dc",
            },
            modelscope="pengzhendong/sherpa-onnx-sense-voice-zh-en-ja-ko-yue",
        ),
        licence="FunASR",
        languages=Message("Chinese, Cantonese, English, Japanese, Korean"),
        size_mb=240,
        language_codes=("zh", "yue", "en", "ja", "ko"),
        best_for=Message("Chinese on a CPU: small, fast, no PyTorch"),
    ),
    Model(
        name="paraformer-zh-int8",
        engine=_ENGINE,
        source=_hubs(
            "csukuangfj/sherpa-onnx-paraformer-zh-2023-09-14",
            {
                _WEIGHTS: "f36a0433bcf096bd6d6f11b80a3ac8bed110bdca632fe0d731df8d1a84475945",
                _TOKENS: "59aba8873a2ed1e122c25fee421e25f283b63290efbde85c1f01a853d83cb6e6",
            },
            modelscope="HZZSCIENCE/sherpa-onnx-paraformer-zh-2023-09-14",
        ),
        licence="Apache-2.0",
        languages=Message("Chinese, some English"),
        size_mb=243,
        language_codes=("zh", "en"),
        needs=_PUNCTUATION,
        best_for=Message("Mandarin on a CPU, with word times"),
    ),
    Model(
        name="zipformer-zh-en-int8",
        engine=_ENGINE,
        source=_hubs(
            "csukuangfj/sherpa-onnx-streaming-zipformer-bilingual-zh-en-2023-02-20",
            {
                "encoder-epoch-99-avg-1.int8.onnx": (
                    "8fa764187a261844f859d7143ebaa563af5d10adfece4c18a8f414c88cba2a9b"
                ),
                "decoder-epoch-99-avg-1.onnx": (
                    "2e3b5ec371f8899ee6acd829fd753ba45772df57a91bdf37cde3136354e7db7d"
                ),
                "joiner-epoch-99-avg-1.int8.onnx": (
                    "1ed689c5ed19dbaa725d9d191bb4822b5f4855a39e1ffd28cbc1f340d25b2ee0"
                ),
                _TOKENS: "a8e0e4ec53810e433789b54a5c0134a7eaa2ffca595a6334d54c00da858841d3",
                # Without it, hotwords can be Chinese only.
                "bpe.vocab": "d0b642f3a2eacd5fadefdeff9e0e1358cab729647cbb7fe58cf738e1f7407029",
            },
        ),
        licence="Apache-2.0",
        languages=Message("Chinese, English"),
        size_mb=199,
        language_codes=("zh", "en"),
        needs=_PUNCTUATION,
        best_for=Message("Mandarin on a CPU with hotwords"),
    ),
    _moonshine(
        "tiny",
        124,
        {
            "preprocess.onnx": "f33addce61a143460fe753b5ee5b7db255e5140b5b779c065b94f6c83ff0bf4e",
            "encode.int8.onnx": "8774dfba578de027ec6595c2c654a0836434489bc963a0db124a7f181f571acb",
            "uncached_decode.int8.onnx": "216737000dd5881a17aa043f6bbd286add33e4c3b0ae257153e2ec15438bdc41",
            "cached_decode.int8.onnx": "2aff28bba6a03d8dcf5c9feac45462629bae37317442299f28115ad09da773f6",
            **_MOONSHINE_TOKENS,
        },
        Message("short English notes on a small CPU"),
    ),
    _moonshine(
        "base",
        287,
        {
            "preprocess.onnx": "ffa630d395c5ccf76f5d4954be5b882df76aaf6491519ec01fd82ea7a3819fb2",
            "encode.int8.onnx": "7e38770f776f2e5583a53b052936005df2ba5c833d7e09c2a5fd796b94bf73e2",
            "uncached_decode.int8.onnx": "c01f4b35093bcac20d352d23a75a539e772964579f9d024a90e5e6f09cae9987",
            "cached_decode.int8.onnx": "2db74e51cedf64a8b1be3c8192e0bb5e4923af0e90bd9e87f8e8771873f8ea03",
            **_MOONSHINE_TOKENS,
        },
        Message("English on a CPU"),
    ),
    Model(
        name="ct-punc-int8",
        engine=_ENGINE,
        source=_hubs(
            "lorneluo/sherpa-onnx-punct-ct-transformer-zh-en-vocab272727-2024-04-12-int8",
            {_WEIGHTS: "65a3fb9f5ad7bfb96bf69e0dc4481df97f6ee60513c1d94ce981ba6effd524b1"},
            modelscope="lorneluo2/sherpa-onnx-punct-ct-transformer-zh-en-vocab272727-2024-04-12-int8",
        ),
        licence="Apache-2.0",
        languages=Message("Chinese, English"),
        size_mb=76,
        role="punctuation",
        best_for=Message("installed with models that write none"),
    ),
)
