"""Table of the aliases that clients use for models, and their resolution to available models."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator, Mapping

DEFAULT = "*"
"""Candidate that stands for the operator's default model."""

_LONGEST_NAME = 200
"""Characters; longer names are not compared, because case folding can make them many times longer."""

_SIZES = ("tiny", "base", "small", "medium", "large-v2", "large-v3", "large-v3-turbo")
_WHISPER = tuple(f"whisper-{size}" for size in ("large-v3-turbo", "large-v3", "large-v2"))
_ANY_WHISPER = (*_WHISPER, *(f"whisper-{size}" for size in ("medium", "small", "base", "tiny")))
_SENSEVOICE = ("sensevoice", "sensevoice-int8")
_PARAFORMER_ZH = ("paraformer-zh",)
_FUN_ASR_NANO = ("fun-asr-nano",)
_SPEECH = ("kokoro", "hibari")


def _whisper_sizes() -> Iterator[tuple[str, tuple[str, ...]]]:
    for size in _SIZES:
        for prefix in ("", "faster-whisper-", "openai/whisper-", "systran/faster-whisper-"):
            yield f"{prefix}{size}", (f"whisper-{size}",)


ALIASES: Mapping[str, tuple[str, ...]] = {
    # Sent by OpenAI's clients to any server.
    "whisper-1": (DEFAULT,),
    "gpt-4o-transcribe": (DEFAULT,),
    "gpt-4o-mini-transcribe": (DEFAULT,),
    "gpt-4o-mini-transcribe-2025-12-15": (DEFAULT,),
    "gpt-transcribe": (DEFAULT,),
    "tts-1": _SPEECH,
    "tts-1-1106": _SPEECH,
    "tts-1-hd": _SPEECH,
    "tts-1-hd-1106": _SPEECH,
    "gpt-4o-mini-tts": _SPEECH,
    "gpt-4o-mini-tts-2025-12-15": _SPEECH,
    # Whisper
    **dict(_whisper_sizes()),
    "whisper": _ANY_WHISPER,
    "large": _WHISPER[1:],
    "whisper-large": _WHISPER[1:],
    "turbo": _WHISPER[:1],
    "whisper-turbo": _WHISPER[:1],
    "mobiuslabsgmbh/faster-whisper-large-v3-turbo": _WHISPER[:1],
    "deepdml/faster-whisper-large-v3-turbo-ct2": _WHISPER[:1],
    # FunASR's families, and their ids in hubs
    "sensevoice-small": _SENSEVOICE,
    "sensevoicesmall": _SENSEVOICE,
    "iic/sensevoicesmall": _SENSEVOICE,
    "funaudiollm/sensevoicesmall": _SENSEVOICE,
    "sensevoice-small-int8": _SENSEVOICE[1:],
    "sherpa-onnx-sense-voice-zh-en-ja-ko-yue-2024-07-17": _SENSEVOICE[1:],
    "sherpa-onnx-paraformer-zh-2023-09-14": ("paraformer-zh-int8",),
    "paraformer": (*_PARAFORMER_ZH, "paraformer-large", "paraformer-zh-int8", "paraformer-en"),
    "paraformer-zh-seaco": _PARAFORMER_ZH,
    "seaco-paraformer": _PARAFORMER_ZH,
    # On Hugging Face this is the Paraformer without hotwords.
    "funasr/paraformer-zh": ("paraformer-large", *_PARAFORMER_ZH),
    "iic/speech_seaco_paraformer_large_asr_nat-zh-cn-16k-common-vocab8404-pytorch": _PARAFORMER_ZH,
    "fun-asr": _FUN_ASR_NANO,
    "fun-asr-nano-2512": _FUN_ASR_NANO,
    "funaudiollm/fun-asr-nano-2512": _FUN_ASR_NANO,
    # Synthesisers
    "kokoro-82m": ("kokoro",),
    "hexgrad/kokoro-82m": ("kokoro",),
    "onnx-community/kokoro-82m-v1.0-onnx": ("kokoro",),
    "speaches-ai/kokoro-82m-v1.0-onnx": ("kokoro",),
}
"""Alias, case-folded -> model names in order of preference."""


OPENAI = ("whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "tts-1", "tts-1-hd", "gpt-4o-mini-tts")
"""Aliases among which OpenAI's clients let people choose; they are listed like models."""


def resolve(wanted: str, there: Collection[str], default: str | None = None) -> str | None:
    """Return the name in `there` that `wanted` means as a name or an alias; None if there is none.

    An exact match of the name is preferred to one that differs in case. Among the candidates of an alias the
    operator's `default` wins, if it is in `there`, then the order of the table.
    """
    if wanted in there:
        return wanted
    if len(wanted) > _LONGEST_NAME:
        return None
    folded = _folded(wanted)
    for name in sorted(there):
        if _folded(name) == folded:
            return name
    candidates = ALIASES.get(folded, ())
    if default in there and (default in candidates or DEFAULT in candidates):
        return default
    return next((name for name in candidates if name in there), None)


def aliases_of(name: str, there: Collection[str], default: str | None = None) -> list[str]:
    """Return every alias that means `name` if the models in `there` are available, sorted."""
    return sorted(alias for alias in ALIASES if resolve(alias, there, default) == name != alias)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip().casefold()
