"""FunASR's models: SenseVoice, Paraformer, Fun-ASR-Nano and Whisper, on a CPU or an NVIDIA GPU.

Only the models are FunASR's. Splitting at pauses, batching, joining, retries and progress belong to VoxQ.
FunASR is given arrays only, because it opens strings as files and fetches those that look like URLs.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from voxq import extras
from voxq.engines.contract import (
    Capability,
    EngineFamily,
    EngineRequest,
    ModelPaths,
    Recogniser,
    Requirements,
    Traits,
)
from voxq.engines.recognise.funasr.model_class import PUNCTUATION, ModelClass, class_of, read_recogniser
from voxq.locale import Message

if TYPE_CHECKING:
    from voxq.engines.recognise.funasr.engine import Dialect
    from voxq.engines.recognise.funasr.punctuation import Punctuation

_BESIDE = "ct-punc"
"""Name of the directory of the punctuation model for an operator's own model, next to that model's
directory."""


def _traits_for(request: EngineRequest) -> Traits:
    return class_of(request.model).traits


def _roles_for(request: EngineRequest) -> Mapping[str, str]:
    """Return the models to load by role: a catalogue model has a punctuation model, a directory only if there
    is one next to it."""
    roles = {"path": request.model}
    if class_of(request.model).needs_punctuation:
        own = Path(request.model).expanduser()
        if not own.is_dir():
            roles["punc"] = "ct-punc"
        elif (own.parent / _BESIDE).is_dir():
            roles["punc"] = str(own.resolve().parent / _BESIDE)
    return roles


def _load(request: EngineRequest, models: ModelPaths) -> Recogniser:
    from voxq.engines.recognise.funasr import loading
    from voxq.engines.recognise.funasr.engine import FunAsr
    from voxq.engines.recognise.funasr.punctuation import Punctuation

    model_class = read_recogniser(models["path"])
    model = loading.load(models["path"], model_class, request)
    punctuation = None
    if model_class.needs_punctuation and "punc" in models:
        punctuation = Punctuation(loading.load(models["punc"], PUNCTUATION, request))
    dialect = _dialect_for(model_class, punctuation)
    return FunAsr(model, dialect, model_class.traits, loading.revision(model_class, models))


def _dialect_for(model_class: ModelClass, punctuation: Punctuation | None) -> Dialect:
    """Return the dialect for a recogniser; `punctuation` is for those whose text has none."""
    from voxq.engines.recognise.funasr.nano import Nano
    from voxq.engines.recognise.funasr.paraformer import Paraformer
    from voxq.engines.recognise.funasr.sensevoice import SenseVoice
    from voxq.engines.recognise.funasr.whisper import Whisper

    match model_class.name:
        case "SenseVoiceSmall":
            return SenseVoice()
        case "FunASRNano":
            return Nano()
        case "WhisperWarp":
            return Whisper()
        case name:
            return Paraformer(punctuation, name == "SeacoParaformer", model_class.has_word_times)


FAMILY = EngineFamily(
    name="funasr",
    capability=Capability.RECOGNISE,
    summary=Message("FunASR's models: SenseVoice, Paraformer, Fun-ASR-Nano, Whisper; CPU or NVIDIA GPU"),
    traits_for=_traits_for,
    load=_load,
    roles_for=_roles_for,
    options=frozenset({"language", "hotwords", "words", "use_punc", "use_itn"}),
    devices=("cuda", "cpu"),
    requirements=Requirements(extras.FUNASR.modules, extras.FUNASR.name),
)
