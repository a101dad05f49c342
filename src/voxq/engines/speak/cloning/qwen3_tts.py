"""Qwen3-TTS (Alibaba): clones voices in ten languages, on a GPU."""

from __future__ import annotations

from voxq.engines.contract import AnyEngine, EngineRequest, ModelPaths
from voxq.engines.speak.cloning.family import CloningModel, cloning_family
from voxq.locale import Message

LANGUAGES = {
    "zh": "Chinese",
    "en": "English",
    "ja": "Japanese",
    "ko": "Korean",
    "de": "German",
    "fr": "French",
    "ru": "Russian",
    "pt": "Portuguese",
    "es": "Spanish",
    "it": "Italian",
}
_MODELS = {
    "qwen3-tts-0.6b": "Qwen/Qwen3-TTS-12Hz-0.6B-Base",
    "qwen3-tts-1.7b": "Qwen/Qwen3-TTS-12Hz-1.7B-Base",
}


def _load(request: EngineRequest, models: ModelPaths) -> AnyEngine:
    from voxq.engines.speak.cloning import qwen3_tts_model

    return qwen3_tts_model.load(request, models, LANGUAGES)


FAMILY = cloning_family(
    "qwen3-tts",
    Message("Clones voices in ten languages; needs a GPU to be quick"),
    _load,
    {name: CloningModel({"path": repository}, tuple(LANGUAGES)) for name, repository in _MODELS.items()},
    library="qwen_tts",
    pins=("qwen-tts==0.1.1", "transformers==4.57.3", "torch==2.11.0", "torchaudio==2.11.0"),
)
