"""Models of sherpa-onnx as ONNX files, without PyTorch: SenseVoice, Paraformer, Whisper, Moonshine and
transducers such as Zipformer; the choice for Chinese on a CPU.

As with FunASR, only the models are sherpa-onnx's. Splitting at pauses, joining, retries and progress belong
to VoxQ. It is given the files of the operator's model, samples, and of a client's strings only hotwords, of
which nothing but letters, digits, hyphens and apostrophes is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from voxq import extras
from voxq.engines.contract import (
    Capability,
    EngineFamily,
    EngineRequest,
    ModelPaths,
    Recogniser,
    Requirements,
)
from voxq.engines.recognise.sherpa_onnx.model_type import type_of
from voxq.locale import Message

_PUNCTUATION = "ct-punc-int8"
"""Name of the punctuation model; of that for an operator's own model, the name of its directory, next to that
model's."""


def _roles_for(request: EngineRequest) -> Mapping[str, str]:
    """Return the models to load by role: a model that writes no punctuation has one that adds it, a directory
    only if there is one next to it."""
    roles = {"path": request.model}
    if type_of(request).needs_punctuation:
        own = Path(request.model).expanduser()
        if "/" not in request.model or not own.is_dir():
            roles["punc"] = _PUNCTUATION
        elif (own.resolve().parent / _PUNCTUATION).is_dir():
            roles["punc"] = str(own.resolve().parent / _PUNCTUATION)
    return roles


def _load(request: EngineRequest, models: ModelPaths) -> Recogniser:
    from voxq.engines.recognise.sherpa_onnx import loading

    return loading.load(request, models)


FAMILY = EngineFamily(
    name="sherpa-onnx",
    capability=Capability.RECOGNISE,
    summary=Message("ONNX models: SenseVoice, Paraformer, Zipformer, Moonshine; fast on a CPU, no PyTorch"),
    traits_for=lambda request: type_of(request).traits_on(request),
    load=_load,
    roles_for=_roles_for,
    options=frozenset({"language", "hotwords", "words", "use_itn", "use_punc", "translate"}),
    devices=("cuda", "cpu"),
    requirements=Requirements(extras.SHERPA.modules, extras.SHERPA.name),
)
