"""pocket-tts (Kyutai): clones voices on a CPU, in European languages."""

from __future__ import annotations

from voxq.engines.contract import AnyEngine, EngineRequest, ModelPaths
from voxq.engines.speak.cloning.family import CloningModel, cloning_family
from voxq.locale import Message

LANGUAGES = {
    "en": "english",
    "de": "german",
    "es": "spanish",
    "fr": "french",
    "it": "italian",
    "nl": "dutch",
    "pt": "portuguese",
}
"""What the package calls its models, by ISO 639-1 code."""
MODELS = {("pocket-tts" if code == "en" else f"pocket-tts-{code}"): code for code in LANGUAGES}
REPOSITORIES = {"path": "kyutai/pocket-tts", "tokenizer": "kyutai/pocket-tts-without-voice-cloning"}


def _load(request: EngineRequest, models: ModelPaths) -> AnyEngine:
    from voxq.engines.speak.cloning import pocket_tts_model

    language = MODELS[request.model]
    return pocket_tts_model.load(request, models, (language, LANGUAGES[language]), REPOSITORIES)


FAMILY = cloning_family(
    "pocket-tts",
    Message("Clones voices on a CPU, in English and six other European languages"),
    _load,
    {name: CloningModel(REPOSITORIES, (language,)) for name, language in MODELS.items()},
    library="pocket_tts",
    pins=("pocket-tts==4.0.1", "torch==2.13.0"),
    devices=("cpu",),
)
