"""Models of sherpa-onnx: SenseVoice, Paraformer and Zipformer as ONNX files, without PyTorch; the choice for
Chinese on a CPU.

As with FunASR, only the models are sherpa-onnx's. Splitting at pauses, joining, retries and progress belong
to VoxQ. It is given the files of the operator's model and samples, and no string of a client.
"""

from __future__ import annotations

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


def _load(request: EngineRequest, models: ModelPaths) -> Recogniser:
    from voxq.engines.recognise.sherpa_onnx import loading

    return loading.load(request, models["path"])


FAMILY = EngineFamily(
    name="sherpa-onnx",
    capability=Capability.RECOGNISE,
    summary=Message("ONNX models: SenseVoice, Paraformer, Zipformer; fast on a CPU, no PyTorch"),
    traits_for=lambda request: type_of(request).traits_on(request),
    load=_load,
    roles_for=lambda request: {"path": request.model},
    options=frozenset({"language", "words", "use_itn"}),
    devices=("cuda", "cpu"),
    requirements=Requirements(extras.SHERPA.modules, extras.SHERPA.name),
)
