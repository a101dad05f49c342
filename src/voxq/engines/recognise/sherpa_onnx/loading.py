"""Loading of a model of sherpa-onnx, with the checks that it omits: it ends its process, or falls back to the
CPU, and writes so at most."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from voxq import extras
from voxq.engines.contract import EngineError, EngineRequest, ModelPaths
from voxq.engines.recognise.sherpa_onnx import frontend
from voxq.engines.recognise.sherpa_onnx.engine import Dialect, SherpaOnnx
from voxq.engines.recognise.sherpa_onnx.hotwords import Spelling
from voxq.engines.recognise.sherpa_onnx.model_files import ModelFiles, find_files
from voxq.engines.recognise.sherpa_onnx.model_type import (
    MOONSHINE,
    PARAFORMER,
    SENSE_VOICE,
    WHISPER,
    ModelType,
    read_type,
)
from voxq.engines.recognise.sherpa_onnx.punctuation import Punctuation
from voxq.engines.recognise.sherpa_onnx.sense_voice import SenseVoice
from voxq.engines.recognise.sherpa_onnx.whisper import Whisper
from voxq.engines.recognise.sherpa_onnx.words import Paraformer, Plain, Streaming, Transducer
from voxq.locale import Message
from voxq.machine.devices import threads_for
from voxq.model_store.stamp import revision_of

_CUDA_LIBRARY = "libonnxruntime_providers_cuda.so"


def load(request: EngineRequest, models: ModelPaths) -> SherpaOnnx:
    """Load the model in a local directory, and its punctuation if there is one. Raises EngineError."""
    provider = provider_for(request)
    directory = models["path"]
    model_type = read_type(directory)
    # The provider of CUDA does not run layers of 8 bits, and moves them to the CPU.
    files = find_files(directory, model_type, prefers_int8=provider == "cpu")
    if provider == "cuda":
        _use_gpu(request.device)
    loader = _Loader(model_type, threads_for(request.threads), provider)
    dialect = _dialect(loader, directory, files, models.get("punc"))
    parts = [f"sherpa-onnx-{version('sherpa-onnx')}", revision_of(directory)]
    parts += [files.paths[model_type.main].name, provider]
    parts += [revision_of(models["punc"])] if "punc" in models else []
    return SherpaOnnx(dialect, model_type.traits_on(request), ":".join(parts))


def _dialect(loader: _Loader, directory: Path, files: ModelFiles, punctuation_in: Path | None) -> Dialect:
    """Load a model, and return how to talk to it."""
    model_type = loader.model_type
    if model_type == SENSE_VOICE:
        model = loader.load(files.paths)
        return SenseVoice(model, frontend.without_weights(loader.load, files.paths, model_type.main))
    if model_type == WHISPER:
        return Whisper(loader.load(files.paths, language=""), files.properties)
    punctuation = Punctuation.load(punctuation_in, loader.threads) if punctuation_in else None
    if model_type == PARAFORMER:
        return Paraformer(loader.load(files.paths), punctuation)
    if model_type == MOONSHINE:
        return Plain(loader.load(files.paths), punctuation)
    spelling = Spelling.read(directory, files.tokens)
    model = loader.load(files.paths, **spelling.arguments)
    if model_type.is_streaming:
        return Streaming(model, punctuation, spelling)
    return Transducer(model, punctuation, spelling)


@dataclass(frozen=True, slots=True)
class _Loader:
    """Loads models of one type."""

    model_type: ModelType
    threads: int
    provider: str

    def load(self, files: Mapping[str, Path], **arguments: str) -> Any:
        """Load a model from its files by role. Raises EngineError."""
        import sherpa_onnx

        maker = (
            sherpa_onnx.OnlineRecognizer if self.model_type.is_streaming else sherpa_onnx.OfflineRecognizer
        )
        make = getattr(maker, self.model_type.factory)
        paths = {role: str(file) for role, file in files.items()}
        try:
            return make(**paths, num_threads=self.threads, provider=self.provider, **arguments)
        except (RuntimeError, ValueError) as error:
            main = files[self.model_type.main]
            raise EngineError(
                Message("sherpa-onnx cannot load {file}: {error}", file=main, error=str(error))
            ) from error


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
