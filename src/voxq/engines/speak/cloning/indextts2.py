"""IndexTTS2 (bilibili): clones voices in Chinese and English, with emotions. Its licence is not open."""

from __future__ import annotations

from voxq.engines.contract import AnyEngine, EngineRequest, ModelPaths
from voxq.engines.speak.cloning.family import CloningModel, cloning_family
from voxq.locale import Message

ROLES = {
    "path": "IndexTeam/IndexTTS-2",
    "features": "facebook/w2v-bert-2.0",
    "codec": "amphion/MaskGCT",
    "speaker": "funasr/campplus",
    "vocoder": "nvidia/bigvgan_v2_22khz_80band_256x",
}


def _load(request: EngineRequest, models: ModelPaths) -> AnyEngine:
    from voxq.engines.speak.cloning import indextts2_model

    return indextts2_model.load(request, models, ROLES)


FAMILY = cloning_family(
    "indextts2",
    Message("Clones voices in Chinese and English, with emotions; its licence is not an open one"),
    _load,
    {"indextts2": CloningModel(ROLES, ("zh", "en"))},
    library="indextts.infer_v2",
    pins=("indextts2-inference==2.1.1", "transformers==5.2.0", "torch==2.11.0", "torchaudio==2.11.0"),
    options=frozenset({"emotion"}),
)
