"""The classes of FunASR models that run here, and which of them a model is: light, the parent asks, too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from voxq.engines.contract import Chunking, EngineError, Traits

_PARTS = ("encoder", "decoder", "predictor", "frontend", "tokenizer")
_TOKENS = ("tokens.json", "tokens.txt")

# Their frontends add noise to the signal unless told otherwise: the same audio would give another text.
_NO_NOISE: Mapping[str, Any] = {"frontend_conf": {"dither": 0.0}}


@dataclass(frozen=True, slots=True)
class ModelClass:
    """A class in FunASR's registry, and what is to be known about it before it is loaded."""

    name: str
    traits: Traits
    files: tuple[tuple[str, ...], ...]
    """What its directory must hold: of each group of patterns, something."""
    needs_punctuation: bool = False
    has_word_times: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What it is loaded with, over its own configuration."""
    may_lack: tuple[str, ...] = ()
    """Starts of the names of weights that come from elsewhere than its checkpoint."""


def _traits(*per_call: str, max_items: int = 32, padded_to: float | None = None) -> Traits:
    # Shorter chunks than Whisper's: FunASR's own pipeline joins what VAD finds up to 15 s.
    target = 25.0 if padded_to else 15.0
    return Traits(
        Chunking(maximum=30.0, target=target),
        max_items=max_items,
        padded_to=padded_to,
        per_call=per_call,
    )


_SENSE_VOICE = ModelClass(
    "SenseVoiceSmall",
    _traits("language", "use_itn", "words"),
    # The second is how the published model calls it; its configuration.json says so.
    files=(("bpe.model", "chn_jpn_yue_eng_ko_spectok.bpe.model"), ("am.mvn",)),
    has_word_times=True,
    settings=_NO_NOISE,
)
_SEACO = ModelClass(
    "SeacoParaformer",
    _traits("hotwords"),
    files=(_TOKENS, ("am.mvn",)),
    needs_punctuation=True,
    has_word_times=True,
    settings=_NO_NOISE,
)
_BICIF = ModelClass(
    "BiCifParaformer",
    _traits(),
    files=(_TOKENS, ("am.mvn",)),
    needs_punctuation=True,
    has_word_times=True,
    settings=_NO_NOISE,
)
# It can be asked for times of words, too; FunASR 1.4.16 computes them wrongly.
_PARAFORMER = ModelClass(
    "Paraformer",
    _traits(),
    files=(_TOKENS, ("am.mvn",)),
    needs_punctuation=True,
    settings=_NO_NOISE,
)
_NANO = ModelClass(
    "FunASRNano",
    _traits("language", "use_itn", "hotwords", max_items=8),
    files=(),
    has_word_times=True,
    settings=_NO_NOISE,
    may_lack=("llm.", "ctc"),
)
_WHISPER = ModelClass("WhisperWarp", _traits("language", max_items=1, padded_to=30.0), files=())
_RECOGNISERS = (_SENSE_VOICE, _SEACO, _BICIF, _PARAFORMER, _NANO, _WHISPER)

PUNCTUATION = ModelClass("CTTransformer", _traits(max_items=1), files=(_TOKENS,))

_BY_NAME = {
    "sensevoice": _SENSE_VOICE,
    "paraformer-zh": _SEACO,
    "paraformer-large": _PARAFORMER,
    "paraformer-en": _PARAFORMER,
    "fun-asr-nano": _NANO,
}
# Of repositories that the catalogue does not know; the first that is in the name.
_BY_PART = {"sensevoice": _SENSE_VOICE, "paraformer": _SEACO, "whisper": _WHISPER, "nano": _NANO}


def class_of(model: str) -> ModelClass:
    """What a model will turn out to be, by its directory or its name. Raises EngineError."""
    if (directory := Path(model).expanduser()).is_dir() and "/" in model:
        return read_recogniser(directory)
    if model in _BY_NAME:
        return _BY_NAME[model]
    for part, model_class in _BY_PART.items():
        if "/" in model and part in model.rpartition("/")[2].lower():
            return model_class
    raise EngineError(
        f"{model!r} is no known model of FunASR. Give {', '.join(_BY_NAME)}, or the directory of another one."
    )


def read_recogniser(directory: Path) -> ModelClass:
    """As `read_class`, of a model that a task may ask for. Raises EngineError."""
    if (model_class := read_class(directory)) == PUNCTUATION:
        raise EngineError(f"{directory} holds a punctuation model, which recognises no speech.")
    return model_class


def read_class(directory: Path) -> ModelClass:
    """What a model's own configuration says it is. Raises EngineError."""
    name = read_parts(directory)["model"]
    for model_class in (*_RECOGNISERS, PUNCTUATION):
        if model_class.name == name:
            return model_class
    runnable = ", ".join(model_class.name for model_class in _RECOGNISERS)
    raise EngineError(f"{directory} holds a {name}, which cannot be run here. What can: {runnable}.")


def read_parts(directory: Path) -> dict[str, str]:
    """The classes that a model is made of, by part; the model itself is one. Raises EngineError."""
    config = directory / "config.yaml"
    try:
        content = yaml.safe_load(config.read_text("utf-8"))
        return {"model": str(content["model"])} | {
            part: content[part] for part in _PARTS if isinstance(content.get(part), str)
        }
    except FileNotFoundError:
        raise EngineError(f"{directory} holds no model of FunASR: config.yaml is missing.") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError):
        raise EngineError(f"{config} does not say which model this is.") from None
