"""The loaded model of pocket-tts, in the model process; see `voxq.engines.speak.cloning.pocket_tts`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from voxq.engines.contract import EngineError, EngineRequest, ModelPaths, Options, Reference, Samples
from voxq.engines.speak.cloning.cloner import Cloner, first_seconds, resampled
from voxq.locale import Message
from voxq.machine.devices import threads_for
from voxq.model_store.stamp import revision_of

if TYPE_CHECKING:
    from pocket_tts import TTSModel  # pyright: ignore[reportMissingImports]

_LONGEST_SECONDS = 30.0
"""The package advises no more of a voice."""


class PocketTts(Cloner[Any]):
    """A voice is the state of the model after it has heard the recording."""

    def __init__(self, model: TTSModel, revision: str, language: str) -> None:
        super().__init__(revision, (language,))
        self._model = model

    @property
    def sample_rate(self) -> int:
        return int(self._model.sample_rate)

    def prepare(self, reference: Reference, samples: Samples) -> Any:
        import torch

        heard = first_seconds(samples, reference.sample_rate, _LONGEST_SECONDS)
        heard = resampled(heard, reference.sample_rate, self.sample_rate)
        # An array, never a string, which would be downloaded. Its own reader of files is not needed.
        return self._model.get_state_for_audio_prompt(torch.from_numpy(heard)[None])

    def speak(self, text: str, language: str, voice: Any, options: Options) -> Samples:
        import torch

        pieces = list(self._model.generate_audio_stream(voice, text))
        return torch.cat(pieces).numpy()


def load(
    request: EngineRequest, models: ModelPaths, spoken: tuple[str, str], repositories: Mapping[str, str]
) -> PocketTts:
    """Load the model. `spoken`: code of its language, and the name of the package's configuration for it;
    `repositories`: those of the configuration's addresses, by role.

    Raises EngineError, or whatever the library raises.
    """
    if request.device_class != "cpu":
        raise EngineError(Message("pocket-tts runs on the CPU."))
    import torch
    from pocket_tts import TTSModel  # pyright: ignore[reportMissingImports]

    torch.set_num_threads(threads_for(request.threads))
    language, configuration = spoken
    with TemporaryDirectory() as directory:
        model = TTSModel.load_model(
            config=_local_configuration(configuration, models, repositories, Path(directory))
        )
    if not model.has_voice_cloning:
        raise EngineError(Message("{path} holds no weights that clone voices.", path=models["path"]))
    revision = f"pocket-tts:{request.model}:{revision_of(models['path'])}"
    return PocketTts(model, revision, language)


def _local_configuration(
    name: str, models: ModelPaths, repositories: Mapping[str, str], directory: Path
) -> Path:
    """Write the package's configuration of this name, or the model's own `config.yaml`, with the files in the
    directories of the models instead of addresses, to `directory`. Raises EngineError."""
    import pocket_tts  # pyright: ignore[reportMissingImports]
    import yaml

    own = models["path"] / "config.yaml"
    packaged = Path(str(pocket_tts.__file__)).parent / "config" / f"{name}.yaml"
    source = own if own.is_file() else packaged
    config = yaml.safe_load(source.read_text(encoding="utf-8"))
    config["weights_path"] = _local(config["weights_path"], models, repositories)
    config.pop("weights_path_without_voice_cloning", None)
    table = config["flow_lm"]["lookup_table"]
    table["tokenizer_path"] = _local(table["tokenizer_path"], models, repositories)
    local = directory / "config.yaml"
    local.write_text(yaml.safe_dump(config), encoding="utf-8")
    return local


def _local(address: str, models: ModelPaths, repositories: Mapping[str, str]) -> str:
    """Return the path of a file for "hf://owner/name/path@revision", or for a path within the directory of
    the model. Raises EngineError."""
    place, role = address.partition("@")[0], "path"
    if place.startswith("hf://"):
        owner, name, place = place.removeprefix("hf://").split("/", 2)
        role = next(role for role, each in repositories.items() if each == f"{owner}/{name}")
    path = models[role] / place
    if not path.is_file():
        raise EngineError(Message("The file {path} of the model is missing.", path=path))
    return str(path)
