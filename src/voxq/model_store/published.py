"""Models that VoxQ knows by name."""

from __future__ import annotations

from voxq.locale import Message
from voxq.model_store import aliases
from voxq.model_store.funasr import FUNASR
from voxq.model_store.kokoro import KOKORO
from voxq.model_store.model import Model
from voxq.model_store.sherpa_onnx import SHERPA_ONNX
from voxq.model_store.speakers import SPEAKERS
from voxq.model_store.whisper import WHISPER


class UnknownModel(LookupError):
    """No model has this name; the message lists the known ones."""


MODELS: tuple[Model, ...] = (*FUNASR, *SHERPA_ONNX, *WHISPER, *KOKORO, *SPEAKERS)


def find(name: str) -> Model:
    """Find a model by name, alias or a repository in a hub that has only this one. Raises UnknownModel."""
    models = {model.name: model for model in MODELS}
    if found := aliases.resolve(name, models):
        return models[found]
    there = [model for model in MODELS if model.hubs and name in model.hubs.repositories.values()]
    if len(there) == 1:
        return there[0]
    raise UnknownModel(
        Message("Unknown model {name!r}. There are: {models}.", name=name, models=", ".join(models))
    )
