"""Loading of a model of sherpa-onnx, with the checks that it omits: it ends its process, or falls back to the
CPU, and writes so at most."""

from __future__ import annotations

import os
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from voxq import extras
from voxq.engines.contract import EngineError, EngineRequest
from voxq.engines.recognise.sherpa_onnx.dialects import Plain, SenseVoice
from voxq.engines.recognise.sherpa_onnx.engine import SherpaOnnx
from voxq.engines.recognise.sherpa_onnx.model_type import SENSE_VOICE, ModelType, find_files, read_type
from voxq.locale import Message
from voxq.machine.devices import threads_for
from voxq.model_store.stamp import revision_of

if TYPE_CHECKING:
    from sherpa_onnx import OfflineRecognizer

_CUDA_LIBRARY = "libonnxruntime_providers_cuda.so"


def load(request: EngineRequest, directory: Path) -> SherpaOnnx:
    """Load the model in a local directory. Raises EngineError."""
    provider = provider_for(request)
    model_type = read_type(directory)
    # The provider of CUDA does not run layers of 8 bits, and moves them to the CPU.
    files = find_files(directory, model_type, prefers_int8=provider == "cpu")
    if provider == "cuda":
        _use_gpu(request.device)
    once_more = partial(_load, model_type, files, threads_for(request.threads), provider)
    dialect = SenseVoice(once_more) if model_type == SENSE_VOICE else Plain(once_more)
    weights = files[model_type.main].name
    revision = f"sherpa-onnx-{version('sherpa-onnx')}:{revision_of(directory)}:{weights}:{provider}"
    return SherpaOnnx(dialect, model_type.traits_on(request), revision)


def provider_for(request: EngineRequest) -> str:
    """Choose the provider of sherpa-onnx. Raises EngineError for one that is not there."""
    wished = request.provider
    if wished == "auto":
        wished = "cuda" if request.device_class == "cuda" else "cpu"
    if wished == "cpu":
        return wished
    if wished != "cuda":
        raise EngineError(
            Message(
                "sherpa-onnx runs these models with the providers cpu and cuda, not with {wished}. "
                "Set ONNX_PROVIDER=auto.",
                wished=wished,
            )
        )
    if request.device_class != "cuda":
        raise EngineError(
            Message("ONNX_PROVIDER=cuda, but this worker runs on the CPU. Set ASR_USE_GPU=true.")
        )
    if not (_library() / _CUDA_LIBRARY).is_file():
        raise EngineError(
            Message(
                "This build of sherpa-onnx is for CPUs. Install its build for CUDA, or set ONNX_PROVIDER=cpu."
            )
        )
    return wished


def _library() -> Path:
    """Directory of sherpa-onnx's own onnxruntime. Raises EngineError."""
    try:
        import sherpa_onnx
    except ImportError as error:
        raise EngineError(
            Message(
                "sherpa-onnx cannot be imported ({error}). Install it: {command}",
                error=str(error),
                command=extras.SHERPA.command,
            )
        ) from error
    return Path(str(sherpa_onnx.__file__)).parent / "lib"


def _use_gpu(device: str) -> None:
    """Let this process see one GPU only: sherpa-onnx takes the first."""
    index = int(device.partition(":")[2] or 0)
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    os.environ["CUDA_VISIBLE_DEVICES"] = visible[index] if index < len(visible) and visible[0] else str(index)


def _load(model_type: ModelType, files: dict[str, Path], threads: int, provider: str) -> OfflineRecognizer:
    import sherpa_onnx

    make = getattr(sherpa_onnx.OfflineRecognizer, model_type.factory)
    paths = {role: str(file) for role, file in files.items()}
    try:
        return make(**paths, num_threads=threads, provider=provider)
    except (RuntimeError, ValueError) as error:
        raise EngineError(
            Message("sherpa-onnx cannot load {file}: {error}", file=files[model_type.main], error=str(error))
        ) from error
