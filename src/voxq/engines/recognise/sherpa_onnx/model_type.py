"""Types of models that sherpa-onnx runs here, and the type of a given one; light, because the parent process
uses it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from voxq.engines.contract import Chunking, EngineError, EngineRequest, Traits
from voxq.engines.recognise.sherpa_onnx.files import best_file, properties_of
from voxq.engines.recognise.sound import WITHOUT_PAUSES
from voxq.locale import Message

_LFR = ("vocab_size", "lfr_window_size", "lfr_window_shift", "neg_mean", "inv_stddev")
_LANGUAGE_IDS = tuple(f"lang_{code}" for code in ("auto", "zh", "en", "yue", "ja", "ko"))
_STEP = "decode_chunk_len"
"""Frames of a step; only streaming models have it."""


@dataclass(frozen=True, slots=True)
class ModelType:
    """A type of models. `factory` is the method of sherpa_onnx.OfflineRecognizer, or of its OnlineRecognizer
    for `is_streaming`, that makes one."""

    name: str
    factory: str
    files: Mapping[str, str]
    """Patterns of its files, by the names of the arguments of `factory`."""
    main: str
    """The argument whose file says which model it is."""
    marks: tuple[str, ...]
    """Beginnings of the property `model_type` of that file; empty if the name of the file says it."""
    properties: tuple[str, ...] = ()
    """Properties that its files must have, in any of them."""
    vocabulary: str | None = "vocab_size"
    """Property with the number of tokens, all of which must be in its tokens.txt; None if some may lack."""
    required_tokens: tuple[str, ...] = ()
    is_streaming: bool = False
    needs_punctuation: bool = False
    translates: bool = False
    chunking: Chunking = WITHOUT_PAUSES
    per_call: tuple[str, ...] = ()
    """Names of the options that all items of a call must share."""
    most_items: int = 1
    """Items of a call on a GPU. 1 for a Paraformer: in a call of several, sherpa-onnx 2.0.1 appends words to
    the shorter ones, as many as the longest has. 1 for Whisper and Moonshine, which it runs one by one."""

    def traits_on(self, request: EngineRequest) -> Traits:
        """Return the traits on the device of a request.

        On a CPU one item a call: six of 2 to 8 s took 1.7 times as long together as one after the other,
        because they are padded to the longest; and a model of 8 bits scales them together, so that a text
        would depend on its neighbours.
        """
        is_on_cpu = request.device_class == "cpu" or request.provider == "cpu"
        most = self.most_items if not is_on_cpu else 1
        return Traits(self.chunking, max_items=most, per_call=self.per_call, translates=self.translates)

    def is_in(self, properties: Mapping[str, str]) -> bool:
        """Whether a main file with these properties is of this type."""
        if not self.marks:
            return True
        is_ours = properties.get("model_type", "").startswith(self.marks)
        return is_ours and self.is_streaming == (_STEP in properties)


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
    needs_punctuation=True,
)
_TRANSDUCER_FILES = {"encoder": "encoder*.onnx", "decoder": "decoder*.onnx", "joiner": "joiner*.onnx"}
TRANSDUCER = ModelType(
    "transducer",
    factory="from_transducer",
    files=_TRANSDUCER_FILES,
    main="encoder",
    marks=("zipformer", "conformer"),
    properties=("vocab_size", "context_size", "joiner_dim"),
    needs_punctuation=True,
)
STREAMING = ModelType(
    "streaming transducer",
    factory="from_transducer",
    files=_TRANSDUCER_FILES,
    main="encoder",
    marks=("zipformer", "conformer", "lstm"),
    properties=("vocab_size", "context_size", _STEP, "T"),
    is_streaming=True,
    needs_punctuation=True,
)
WHISPER = ModelType(
    "Whisper",
    factory="from_whisper",
    files={"encoder": "*encoder*.onnx", "decoder": "*decoder*.onnx"},
    main="encoder",
    marks=("whisper",),
    properties=(
        *("n_mels", "n_text_layer", "n_text_ctx", "n_text_state", "n_vocab", "sot", "eot", "blank_id"),
        *("sot_sequence", "translate", "transcribe", "is_multilingual", "no_timestamps", "no_speech"),
        *("all_language_tokens", "all_language_codes"),
    ),
    vocabulary=None,
    translates=True,
    # sherpa-onnx drops what is longer than 29.5 s.
    chunking=Chunking(maximum=29.0, target=25.0),
    per_call=("language", "translate"),
)
MOONSHINE = ModelType(
    "Moonshine",
    factory="from_moonshine",
    files={
        "preprocessor": "preprocess.onnx",
        "encoder": "encode.*onnx",
        "uncached_decoder": "uncached_decode.*onnx",
        "cached_decoder": "cached_decode.*onnx",
    },
    main="preprocessor",
    marks=(),
    vocabulary=None,
)
_TYPES = (SENSE_VOICE, PARAFORMER, STREAMING, TRANSDUCER, WHISPER, MOONSHINE)

_BY_NAME = {
    "sensevoice-int8": SENSE_VOICE,
    "paraformer-zh-int8": PARAFORMER,
    "zipformer-zh-en-int8": STREAMING,
    "moonshine-tiny-en-int8": MOONSHINE,
    "moonshine-base-en-int8": MOONSHINE,
}
# Types of repositories that the catalogue does not know, by the first word found in their names.
_BY_PART = {
    "sense-voice": SENSE_VOICE,
    "sensevoice": SENSE_VOICE,
    "streaming-paraformer": None,
    "paraformer": PARAFORMER,
    "streaming": STREAMING,
    "zipformer": TRANSDUCER,
    "conformer": TRANSDUCER,
    "whisper": WHISPER,
    "moonshine": MOONSHINE,
}


def type_of(request: EngineRequest) -> ModelType:
    """Predict the type of a model from its directory or name. Raises EngineError."""
    model = request.model
    if "/" in model and (directory := Path(model).expanduser()).is_dir():
        return read_type(directory)
    if model in _BY_NAME:
        return _BY_NAME[model]
    name = model.rpartition("/")[2].lower()
    by_part = (model_type for part, model_type in _BY_PART.items() if "/" in model and part in name)
    if found := next(by_part, None):
        return found
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
        file = best_file(directory, model_type.files[model_type.main], prefers_int8=True)
        if file is None:
            continue
        properties = properties_of(file)
        if model_type.is_in(properties):
            return model_type
        there.append(f"{file.name} with model_type {properties.get('model_type', '')!r}")
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
