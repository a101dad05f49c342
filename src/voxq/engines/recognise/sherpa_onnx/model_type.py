"""Types of models that sherpa-onnx runs here, and the files of a given one; light, because the parent process
uses it.

sherpa-onnx ends its process if a file, a property or a token is missing, so all of them are looked at before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from voxq.engines.contract import EngineError, EngineRequest, Traits
from voxq.engines.recognise.sherpa_onnx.onnx_file import NoOnnxFile, read_metadata
from voxq.engines.recognise.sound import WITHOUT_PAUSES
from voxq.locale import Message

TOKENS = "tokens"
_LFR = ("vocab_size", "lfr_window_size", "lfr_window_shift", "neg_mean", "inv_stddev")
_LANGUAGE_IDS = tuple(f"lang_{code}" for code in ("auto", "zh", "en", "yue", "ja", "ko"))


@dataclass(frozen=True, slots=True)
class ModelType:
    """A type of models. `factory` is the method of sherpa_onnx.OfflineRecognizer that makes one."""

    name: str
    factory: str
    files: Mapping[str, str]
    """Patterns of its files, by the names of the arguments of `factory`."""
    main: str
    """The argument whose file says which model it is."""
    marks: tuple[str, ...]
    """Beginnings of the property `model_type` of that file."""
    properties: tuple[str, ...]
    """Properties that its files must have, in any of them."""
    required_tokens: tuple[str, ...] = ()
    per_call: tuple[str, ...] = ()
    """Names of the options that all items of a call must share."""
    most_items: int = 1
    """Items of a call on a GPU. 1 for a Paraformer: in a call of several, sherpa-onnx 2.0.1 appends words to
    the shorter ones, as many as the longest has."""

    def traits_on(self, request: EngineRequest) -> Traits:
        """Return the traits on the device of a request.

        On a CPU one item a call: six of 2 to 8 s took 1.7 times as long together as one after the other,
        because they are padded to the longest; and a model of 8 bits scales them together, so that a text
        would depend on its neighbours.
        """
        is_on_cpu = request.device_class == "cpu" or request.provider == "cpu"
        most = self.most_items if not is_on_cpu else 1
        return Traits(WITHOUT_PAUSES, max_items=most, per_call=self.per_call)


SENSE_VOICE = ModelType(
    "SenseVoice",
    factory="from_sense_voice",
    files={"model": "model*.onnx"},
    main="model",
    marks=("sense_voice",),
    properties=(*_LFR, "normalize_samples", "with_itn", "without_itn", *_LANGUAGE_IDS),
    per_call=("language",),
    most_items=16,
)
PARAFORMER = ModelType(
    "Paraformer",
    factory="from_paraformer",
    files={"paraformer": "model*.onnx"},
    main="paraformer",
    marks=("paraformer",),
    properties=_LFR,
    required_tokens=("</s>",),
)
TRANSDUCER = ModelType(
    "transducer",
    factory="from_transducer",
    files={"encoder": "encoder*.onnx", "decoder": "decoder*.onnx", "joiner": "joiner*.onnx"},
    main="encoder",
    marks=("zipformer", "conformer"),
    properties=("vocab_size", "context_size", "joiner_dim"),
)
_TYPES = (SENSE_VOICE, PARAFORMER, TRANSDUCER)

_BY_NAME = {"sensevoice-int8": SENSE_VOICE, "paraformer-zh-int8": PARAFORMER}
# Types of repositories that the catalogue does not know, by the first word found in their names.
_BY_PART = {
    "sense-voice": SENSE_VOICE,
    "sensevoice": SENSE_VOICE,
    "paraformer": PARAFORMER,
    "zipformer": TRANSDUCER,
    "conformer": TRANSDUCER,
}


def type_of(request: EngineRequest) -> ModelType:
    """Predict the type of a model from its directory or name. Raises EngineError."""
    model = request.model
    if "/" in model and (directory := Path(model).expanduser()).is_dir():
        return read_type(directory)
    if model in _BY_NAME:
        return _BY_NAME[model]
    for part, model_type in _BY_PART.items():
        if "/" in model and part in model.rpartition("/")[2].lower():
            return model_type
    raise EngineError(
        Message(
            "{model!r} is not a known model of sherpa-onnx. Give {known}, or a directory.",
            model=model,
            known=", ".join(_BY_NAME),
        )
    )


def read_type(directory: Path) -> ModelType:
    """Read the type of a model from the properties of its files. Raises EngineError."""
    there: list[str] = []
    for model_type in _TYPES:
        file = _found(directory, model_type.files[model_type.main], prefers_int8=True)
        if file is None:
            continue
        kind = _properties(file).get("model_type", "")
        if kind.startswith(model_type.marks):
            return model_type
        there.append(f"{file.name} with model_type {kind!r}")
    wanted = ", ".join(f"{each.name} ({' '.join(each.files.values())})" for each in _TYPES)
    says = (
        Message("holds {file}, which is not supported", file=there[0])
        if there
        else Message("holds no model of sherpa-onnx")
    )
    raise EngineError(
        Message(
            "{directory} {says}. Supported: {wanted}, each with its tokens.txt.",
            directory=directory,
            says=says,
            wanted=wanted,
        )
    )


def find_files(directory: Path, model_type: ModelType, prefers_int8: bool) -> dict[str, Path]:
    """Find the files of a model by argument, and check that nothing is missing in them. Raises EngineError.

    `prefers_int8`: whether the weights of 8 bits are taken where there are others, too.
    """
    patterns = {**model_type.files, TOKENS: "*tokens.txt"}
    found = {role: _found(directory, pattern, prefers_int8) for role, pattern in patterns.items()}
    if missing := [patterns[role] for role, file in found.items() if file is None]:
        raise EngineError(
            Message(
                "{directory} is not complete: {missing} is missing. A {type} has {files}.",
                directory=directory,
                missing=", ".join(missing),
                type=model_type.name,
                files=", ".join(patterns.values()),
            )
        )
    files = {role: file for role, file in found.items() if file is not None}
    properties: dict[str, str] = {}
    for role in model_type.files:
        properties |= _properties(files[role])
    if lacking := [name for name in model_type.properties if name not in properties]:
        names = ", ".join(files[role].name for role in model_type.files)
        raise EngineError(
            Message(
                "{directory}: {names} is not exported for sherpa-onnx, without {lacking} in its "
                "metadata. Take a model from its releases, or export it with its scripts.",
                directory=directory,
                names=names,
                lacking=", ".join(lacking),
            )
        )
    _check_tokens(files[TOKENS], model_type, properties)
    return files


def _found(directory: Path, pattern: str, prefers_int8: bool) -> Path | None:
    """Return the file that fits best; of several of a sort the first by name."""
    files = sorted(
        directory.glob(pattern), key=lambda file: ((".int8" in file.name) != prefers_int8, file.name)
    )
    return next((file for file in files if file.is_file()), None)


def _properties(file: Path) -> dict[str, str]:
    """Read the metadata of a file. Raises EngineError."""
    try:
        return read_metadata(file)
    except NoOnnxFile as error:
        raise EngineError(
            Message("{file} cannot be used: {error}. Fetch it again.", file=file, error=str(error))
        ) from None
    except OSError as error:
        raise EngineError(
            Message("{file} cannot be read: {strerror}.", file=file, strerror=error.strerror)
        ) from None


def _check_tokens(file: Path, model_type: ModelType, properties: Mapping[str, str]) -> None:
    """Check that every number of the model's output is a token. Raises EngineError."""
    try:
        tokens = _read_tokens(file)
        size = int(properties["vocab_size"])
    except (ValueError, UnicodeDecodeError):
        raise EngineError(
            Message("{file} is no list of tokens, each with its number. Fetch it again.", file=file)
        ) from None
    except OSError as error:
        raise EngineError(
            Message("{file} cannot be read: {strerror}.", file=file, strerror=error.strerror)
        ) from None
    lacking = [token for token in model_type.required_tokens if token not in tokens.values()]
    if lacking or any(number not in tokens for number in range(size)):
        says = (
            Message("it lacks the token {token}", token=lacking[0])
            if lacking
            else Message("it has not all of the {size} tokens", size=size)
        )
        raise EngineError(Message("{file} does not belong to this model: {says}.", file=file, says=says))


def _read_tokens(file: Path) -> dict[int, str]:
    """Read the tokens by number; a line has a token and its number, or only the number of the space."""
    lines = (line.rsplit(maxsplit=1) for line in file.read_text("utf-8").split("\n") if line.strip())
    return {int(parts[-1]): parts[0] if len(parts) > 1 else " " for parts in lines}
