"""The loaded model of IndexTTS2, in the model process; see `voxq.engines.speak.cloning.indextts2`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from voxq.engines.contract import (
    EMOTIONS,
    EngineRequest,
    ModelPaths,
    Options,
    Reference,
    Samples,
)
from voxq.engines.speak.cloning.cloner import Cloner, as_wav, first_seconds, weights_of
from voxq.model_store.stamp import revision_of

if TYPE_CHECKING:
    from indextts.infer_v2 import IndexTTS2 as Model  # pyright: ignore[reportMissingImports]

_LONGEST_SECONDS = 15.0
_REVISION = "0" * 40


class IndexTts2(Cloner[Path]):
    """A voice is a file of our own, named by a digest: the library knows a recording by its path."""

    def __init__(self, model: Model, revision: str) -> None:
        super().__init__(revision, ("zh", "en"))
        self._model = model
        self._directory = TemporaryDirectory(prefix="voxq-voices-")

    @property
    def sample_rate(self) -> int:
        return 22_050

    def prepare(self, reference: Reference, samples: Samples) -> Path:
        heard = first_seconds(samples, reference.sample_rate, _LONGEST_SECONDS)
        path = Path(self._directory.name) / f"{reference.key}.wav"
        path.write_bytes(as_wav(heard, reference.sample_rate))
        return path

    def speak(self, text: str, language: str, voice: Path, options: Options) -> Samples:
        import numpy as np

        emotion = weights_of(options.get("emotion"), EMOTIONS)
        if emotion is not None:
            emotion = self._model.normalize_emo_vec(emotion)  # as the library advises
        answer = self._model.infer(str(voice), text, None, emo_vector=emotion)
        if answer is None:
            raise ValueError("no sound")
        rate, samples = answer
        if rate != self.sample_rate:
            raise ValueError(f"a rate of {rate} Hz")
        return np.asarray(samples, np.float32) / np.float32(np.iinfo(np.int16).max)


def load(request: EngineRequest, models: ModelPaths, repositories: Mapping[str, str]) -> IndexTts2:
    """Load the model. `repositories`: names under which the library looks for models, by role. Raises
    whatever the library raises."""
    cache = TemporaryDirectory(prefix="voxq-hub-")
    with cache:
        _lay_out(Path(cache.name), models, repositories)
        os.environ["HF_HUB_CACHE"] = cache.name  # before the libraries are imported
        from indextts.infer_v2 import IndexTTS2 as Model  # pyright: ignore[reportMissingImports]

        model = Model(
            model_dir=str(models["path"]),
            device=request.device,
            use_fp16=request.device_class == "cuda",
        )
    return IndexTts2(model, f"indextts2:{revision_of(models['path'])}")


def _lay_out(cache: Path, models: ModelPaths, repositories: Mapping[str, str]) -> None:
    """Lay the other models out as the cache of Hugging Face, in which the library looks for them by name."""
    for role, repository in repositories.items():
        place = cache / f"models--{repository.replace('/', '--')}"
        (place / "refs").mkdir(parents=True)
        (place / "refs" / "main").write_text(_REVISION, encoding="utf-8")
        (place / "snapshots").mkdir()
        (place / "snapshots" / _REVISION).symlink_to(models[role].resolve(), target_is_directory=True)
