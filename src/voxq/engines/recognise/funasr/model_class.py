"""Supported classes of FunASR models, and the class of a given model; light, because the parent process uses
it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from voxq.engines.contract import Chunking, EngineError, Traits
from voxq.engines.recognise.sound import WITHOUT_PAUSES
from voxq.locale import Message

_PARTS = ("encoder", "decoder", "predictor", "frontend", "tokenizer")
_TOKENS = ("tokens.json", "tokens.txt")

# By default their frontends add noise to the signal, so that the same audio would give different texts.
_NO_NOISE: Mapping[str, Any] = {"frontend_conf": {"dither": 0.0}}


@dataclass(frozen=True, slots=True)
class ModelClass:
    """A class in FunASR's registry, and its properties known before loading."""

    name: str
    traits: Traits
    files: tuple[tuple[str, ...], ...]
    """Required files of its directory: at least one match for each group of patterns."""
    needs_punctuation: bool = False
    has_word_times: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Loading arguments that override its own configuration."""
    may_lack: tuple[str, ...] = ()
    """Prefixes of weights that do not come from its checkpoint."""


def _traits(*per_call: str, max_items: int = 32, padded_to: float | None = None) -> Traits:
    chunking = Chunking() if padded_to else WITHOUT_PAUSES
    return Traits(chunking, max_items=max_items, padded_to=padded_to, per_call=per_call)


_SENSE_VOICE = ModelClass(
    "SenseVoiceSmall",
    _traits("language", "use_itn", "words"),
    # The second is the name in the configuration.json of the published model.
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
# It could return times of words, too, but FunASR 1.4.16 computes them wrongly.
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
# Classes of repositories that the catalogue does not know, by the first word found in their names.
_BY_PART = {"sensevoice": _SENSE_VOICE, "paraformer": _SEACO, "whisper": _WHISPER, "nano": _NANO}


def class_of(model: str) -> ModelClass:
    """Predict the class of a model from its directory or name. Raises EngineError."""
    if (directory := Path(model).expanduser()).is_dir() and "/" in model:
        return read_recogniser(directory)
    if model in _BY_NAME:
        return _BY_NAME[model]
    for part, model_class in _BY_PART.items():
        if "/" in model and part in model.rpartition("/")[2].lower():
            return model_class
    raise EngineError(
        Message(
            "{model!r} is not a known model of FunASR. Give {known}, or a directory.",
            model=model,
            known=", ".join(_BY_NAME),
        )
    )


def read_recogniser(directory: Path) -> ModelClass:
    """Read the class of a model that a task may request, as `read_class`. Raises EngineError."""
    if (model_class := read_class(directory)) == PUNCTUATION:
        raise EngineError(
            Message("{directory} holds a punctuation model, which recognises no speech.", directory=directory)
        )
    return model_class


def read_class(directory: Path) -> ModelClass:
    """Read the class from a model's own configuration. Raises EngineError."""
    name = read_parts(directory)["model"]
    for model_class in (*_RECOGNISERS, PUNCTUATION):
        if model_class.name == name:
            return model_class
    runnable = ", ".join(model_class.name for model_class in _RECOGNISERS)
    raise EngineError(
        Message(
            "{directory} holds a {name}, which is not supported. Supported: {runnable}.",
            directory=directory,
            name=name,
            runnable=runnable,
        )
    )


def read_parts(directory: Path) -> dict[str, str]:
    """Read the classes of all parts of a model, including the model itself. Raises EngineError."""
    config = directory / "config.yaml"
    try:
        content = yaml.safe_load(config.read_text("utf-8"))
        return {"model": str(content["model"])} | {
            part: content[part] for part in _PARTS if isinstance(content.get(part), str)
        }
    except FileNotFoundError:
        raise EngineError(
            Message("{directory} holds no model of FunASR: config.yaml is missing.", directory=directory)
        ) from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError):
        raise EngineError(Message("{config} does not say which model this is.", config=config)) from None
