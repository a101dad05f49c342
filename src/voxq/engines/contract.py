"""The contract between VoxQ and its engines: the only module that authors of engines build on.

An engine family offers models of one capability. The worker's parent process reads what the family says of
itself and never loads a model; a model process calls `load` once and then `run` with one batch after another.
So this module imports no numerical library, and a family imports its own only in `load`.

`CONTRACT_VERSION` rises when an engine that was written for an earlier version would no longer work.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias, TypeVar

from voxq.engines.places import directory_of
from voxq.extras import install_command
from voxq.locale import Message
from voxq.speech.audio import SAMPLE_RATE, Samples
from voxq.speech.chunking import Chunking
from voxq.speech.transcript import Dropped, Segment, Word

__all__ = [
    "CONTRACT_VERSION",
    "EMOTIONS",
    "FASTEST",
    "HIGHEST",
    "LOWEST",
    "NOTHING_TO_SAY",
    "SAMPLE_RATE",
    "SLOWEST",
    "TOO_LITTLE_SPEECH",
    "UNCHANGED",
    "AudioItem",
    "Capability",
    "ChunkError",
    "Chunking",
    "Cost",
    "Dropped",
    "Embedder",
    "Embedding",
    "Engine",
    "EngineError",
    "EngineFamily",
    "EngineRequest",
    "Layout",
    "ModelPaths",
    "Options",
    "Recognised",
    "Recogniser",
    "Reference",
    "Requirements",
    "Rewritten",
    "Samples",
    "Segment",
    "Spoken",
    "Synthesiser",
    "TextItem",
    "Traits",
    "Voice",
    "Word",
    "is_out_of_memory",
]

CONTRACT_VERSION = 1

Options: TypeAlias = Mapping[str, Any]
"""Options of one item as JSON values by name. One that is missing has its default."""

ModelPaths: TypeAlias = Mapping[str, Path]
"""Directories of the models that an engine needs, by role; the main one is "path"."""

SLOWEST, FASTEST = 0.25, 4.0
"""The range of the option `speed`."""
LOWEST, HIGHEST = -12.0, 12.0
"""The range of the option `pitch`, in semitones."""
EMOTIONS = ("happy", "angry", "sad", "afraid", "disgusted", "melancholic", "surprised", "calm")
"""The names in the option `emotion`, in the order in which IndexTTS2 takes their weights."""
UNCHANGED: Mapping[str, Any] = {"speed": 1.0, "pitch": 0.0, "emotion": None, "style": None}
"""Options of speech that change how something is said, and the value of each that changes nothing. A family
that does not honour one is never given another value: the request is refused."""


class Capability(StrEnum):
    """What the models of a family can do."""

    RECOGNISE = "recognise"
    """`AudioItem` to `Recognised`. Options: `language` (ISO 639-1 code, or None: detect it),
    `likely_language` (the one found so far, if `language` is None), `hotwords` (strings), `words` (whether
    words get times), `use_punc`, `use_itn`, `translate` (into English)."""
    SPEAK = "speak"
    """`TextItem` to `Spoken`. Options: `voice` (a name, or a mixture such as "a(0.5)+b(0.5)" where the family
    mixes), `speed` (2.0 is twice as fast, at the same pitch), `language` (of words in Latin letters, None:
    the voice's own), `normalise` (whether figures are written out first), `pitch` (semitones: 2.0 is higher
    by a tone), `emotion` (weights from 0 to 1 by name, see `EMOTIONS`), `style` (how it is said, in words),
    `seed` (an integer, the same for all sentences of a text: randomness depends on nothing else)."""
    EMBED = "embed"
    """`AudioItem` to `Embedding`. A sound with too little speech is the error "too_little_speech" of its
    item."""
    REWRITE = "rewrite"
    """`TextItem` to `Rewritten`. Options: `mode` (see `voxq.rewriting.request.Mode`), `language` (ISO 639-1
    code of the text, None: unknown), `prompt` (what a client wants, in the mode custom), `target` (language
    of a translation), `segments` (lists of start, end and text, for a summary that cites times), `stream`
    (whether drafts of the text are wanted)."""


# Items and results.


@dataclass(frozen=True, slots=True)
class AudioItem:
    """A stretch of sound: float32, mono, 16 kHz, shape (n,)."""

    samples: Samples
    options: Options = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return len(self.samples) / SAMPLE_RATE


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """A voice to speak in, given by a recording of it or by its embedding; see `Traits.clones`.

    The samples come from a file that was decoded and checked before, so nothing of a client's is a path or an
    address here; `text` is a client's, and may be anything.
    """

    samples: Samples | None = None
    """The recording: float32, mono, shape (n,), -1.0 to 1.0."""
    sample_rate: int = SAMPLE_RATE
    text: str | None = None
    """What is said in the recording; None: unknown."""
    vector: tuple[float, ...] | None = None
    """The embedding, of unit length."""
    revision: str = ""
    """Revision of the model that made `vector`."""

    @property
    def key(self) -> str:
        """A digest that is equal for the same voice, under which an engine may keep what it made of it."""
        sound = b"" if self.samples is None else self.samples.tobytes()
        rest = json.dumps([self.sample_rate, self.text, self.vector, self.revision])
        return sha256(rest.encode() + sound).hexdigest()


@dataclass(frozen=True, slots=True)
class Draft:
    """How far a text is that is being rewritten."""

    text: str
    """What the model has written of the result and may be shown: nobody has checked the whole of it."""
    share: float
    """Share of the work that is done, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class TextItem:
    """A sentence, or a text."""

    text: str
    options: Options = field(default_factory=dict)
    reference: Reference | None = None
    """The voice to speak it in, instead of the option `voice`. Items of one call may have different ones."""
    report: Callable[[Draft], None] | None = field(default=None, repr=False, compare=False)
    """Takes a draft, from any thread, for whoever waits for the result. None: nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """The text of a stretch of sound; times in seconds from its start.

    `language` is what was spoken, also where the text is a translation; None where nothing was recognised:
    silence does not decide a task's language.
    """

    segments: tuple[Segment, ...]
    language: str | None
    dropped: tuple[Dropped, ...] = ()
    """What the engine took out of the model's text, so that nothing goes without a trace."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One sentence as sound: float32, mono, shape (n,), -1.0 to 1.0, without pauses at its ends."""

    samples: Samples
    sample_rate: int
    text: str | None = None
    """The sentence as it was read out, figures in words; None: as it was given."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """A stretch of sound as a vector of unit length; vectors of one revision can be compared."""

    vector: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A text made of another, faithfully: otherwise it is the text as it was, and `reason` says why."""

    text: str
    mode: str = ""
    """The mode of this text: that of the item, "light" where the rules took over, or "raw" for the text as it
    was given."""
    checks: Mapping[str, str] = field(default_factory=dict)
    """Name of each comparison with the original -> "ok", or a sentence that says what is wrong."""
    changes: Mapping[str, int] = field(default_factory=dict)
    """Numbers of words that were `deleted`, `inserted` and `replaced`, and of `marks` that changed."""
    model: str | None = None
    """The language model that was asked; None: none was."""
    provider: str | None = None
    """The operator's name for the server of that model."""
    seconds: float = 0.0
    """How long it took."""
    reason: str | None = None
    """Why it is not, or not everywhere, what was asked for: a sentence for clients."""
    reason_code: str | None = None
    """The same in one word for programs: "unfaithful", or the code of the error that a provider met with."""


# Errors.


class EngineError(Exception):
    """An engine cannot be found, or cannot be loaded as asked; the message is for the operator."""


@dataclass(frozen=True, slots=True)
class ChunkError:
    """Why one item of a batch has no result. `message` is for the client: it quotes no path.

    Codes that the worker knows: "out_of_memory" (a smaller batch may fit), "language_unavailable",
    "unknown_voice", "bad_reference", "option_unsupported", "llm_key_refused", "llm_no_model",
    "llm_request_refused" and "llm_context_exceeded" (another try cannot help), "unpronounceable" and
    "too_little_speech" (passed over). Any other snake_case word, such as "engine_error" or "bad_language",
    makes it try again, and fail the task in the end.
    """

    code: str
    message: str

    @classmethod
    def of(cls, error: BaseException) -> ChunkError:
        """What a client may know of an exception: its class, never its message, which can hold paths."""
        if is_out_of_memory(error):
            return cls("out_of_memory", Message("The model ran out of memory."))
        return cls("engine_error", Message("The engine failed ({kind}).", kind=type(error).__name__))


NOTHING_TO_SAY = ChunkError("unpronounceable", Message("There is nothing in this sentence that can be said."))
"""For a sentence without a sound."""
TOO_LITTLE_SPEECH = ChunkError(
    "too_little_speech", Message("There is too little speech in this sound to tell who speaks.")
)
"""For silence, and for a sound in which somebody speaks too briefly to be known by it."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether host or device memory ran out: CTranslate2 and torch say so only in a RuntimeError's text."""
    text = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in text or "alloc_failed" in text


# What is known of a model before it is loaded.


@dataclass(frozen=True, slots=True)
class Cost:
    """The measured price of a chunk, in seconds of engine time: `fixed` + `per_second` * its length."""

    fixed: float
    per_second: float

    def predict(self, seconds: float) -> float:
        """Engine seconds for a chunk of `seconds`."""
        return self.fixed + self.per_second * seconds


@dataclass(frozen=True, slots=True)
class Traits:
    """How the calls of a model are to be made."""

    chunking: Chunking = field(default_factory=Chunking)
    """How long a stretch of sound may be, and had better be."""
    max_items: int = 1
    """Items per call. 1 where batching gains nothing."""
    padded_to: float | None = None
    """Seconds every item costs whatever its length (Whisper pads to 30 s), or None."""
    detects_language: bool = False
    """Whether the first stretch of a recording that has a language fixes that of the rest."""
    follows_language: bool = False
    """Whether it notices by itself where the language changes later on: then the first language fixes
    nothing, but is the option `likely_language` of the rest."""
    translates: bool = False
    """Whether it can write English whatever is spoken."""
    is_parallel: bool = False
    """Whether each item of a call has a core of its own: none is padded, and the call takes as long as the
    longest."""
    times_real_time: float | None = None
    """Seconds of sound that a voice makes in a second where a listener has to wait for a sentence: what opens
    a text is cut at clauses, so that it is heard sooner. None: no sentence is cut."""
    at_once: int = 1
    """Items of a call that are worked on at the same time, each as quickly as one alone: so many take as long
    as one. Sounds are padded to lengths of their own."""
    calls: int = 1
    """Calls of `run` that may be made at the same time, each in a thread of its own, where the work is done
    elsewhere: none waits for another."""
    longest_call: float = 0.0
    """Seconds within which a call ends in any case, because the engine limits its own time: until then it
    does not count as hung, whatever was predicted. 0: it has no limit of its own."""
    per_call: tuple[str, ...] | None = None
    """Names of the options that all items of a call must share; None: all of them."""
    clones: Literal["none", "samples", "vector"] = "none"
    """What it needs of a `Reference` to speak in its voice: the recording, or the embedding. "none": it knows
    no voices but its own."""
    cloned_languages: tuple[str, ...] = ()
    """Languages in which it speaks with the voice of a reference, as ISO 639-1 codes."""

    @property
    def most_at_once(self) -> int:
        """Most items that a model works on, in one call or in several at the same time."""
        return self.max_items * self.calls

    def batch_key(self, options: Options) -> str:
        """Items with the same key may share a call."""
        names = options.keys() if self.per_call is None else self.per_call
        chosen = {name: options.get(name) for name in names}
        return json.dumps(chosen, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True, slots=True)
class Voice:
    """A speaker. `language` is an ISO 639-1 code; `accent` a region ("US", "GB") where there are several."""

    name: str
    language: str
    gender: Literal["female", "male"]
    accent: str | None = None


@dataclass(frozen=True, slots=True)
class Requirements:
    """What must be installed beside VoxQ's core. Asking imports nothing."""

    libraries: tuple[str, ...] = ()
    """Modules that must be importable; they may be broken all the same."""
    extra: str = ""
    """The extra of VoxQ that brings them, if one does."""
    environment: str = ""
    """The family in whose own environment they are, if they are in none of VoxQ's."""

    @property
    def are_installed(self) -> bool:
        if self.environment:
            return directory_of(self.environment) is not None
        return all(find_spec(library) is not None for library in self.libraries)

    @property
    def command(self) -> str:
        """What installs them."""
        if self.environment:
            return f"voxq engines install {self.environment}"
        return install_command(self.extra) if self.extra else f"pip install {' '.join(self.libraries)}"

    @property
    def advice(self) -> str:
        """What to say where they are missing."""
        if self.environment:
            return Message("Its environment is not installed. Run: {command}", command=self.command)
        if self.extra:
            return Message(
                "The packages of the extra {extra!r} are not installed. Run: {command}",
                extra=self.extra,
                command=self.command,
            )
        return Message(
            "The modules {modules} are not installed. Run: {command}",
            modules=", ".join(self.libraries),
            command=self.command,
        )

    def missing_for(self, what: str) -> str:
        """A sentence for clients and operators."""
        return Message(
            "{what} needs packages that are not installed: {command}", what=what, command=self.command
        )


# Engines and families.


@dataclass(frozen=True, slots=True)
class Layout:
    """How a model uses what it runs on: `replicas` of it work at the same time and share its CPU threads,
    and a call has up to `items` items."""

    replicas: int
    items: int


@dataclass(frozen=True, slots=True)
class EngineRequest:
    """What to load. `device` is "cpu", "cuda:0", "net"; `threads` 0 means as many as useful, and so does
    `replicas`, which is for engines that can work on several items at the same time, and `items`, the most
    items of a call; `provider` is where ONNX Runtime computes: "cpu", "cuda", "tensorrt", or "auto" for that
    of the device."""

    engine: str
    model: str
    device: str = "cpu"
    threads: int = 0
    provider: str = "auto"
    replicas: int = 0
    items: int = 0
    config: Mapping[str, Any] = field(default_factory=dict, repr=False, hash=False)
    """What else the operator has set for this model, as JSON values by name. It may hold a secret."""

    @property
    def device_class(self) -> str:
        """Such as "cuda"."""
        return self.device.partition(":")[0]

    def with_layout(self, layout: Layout) -> EngineRequest:
        """Return the same request with this layout."""
        return replace(self, replicas=layout.replicas, items=layout.items)


_Item = TypeVar("_Item", contravariant=True)
_Result = TypeVar("_Result", covariant=True)


class Engine(Protocol[_Item, _Result]):
    """A loaded model. One model process calls it, one batch at a time: it need not be thread-safe, unless
    `Traits.calls` allows several."""

    @property
    def revision(self) -> str:
        """Identifies the weights: with the same revision, item and options the result is the same, and
        results of another revision are never mixed in."""
        ...

    def run(self, batch: Sequence[_Item]) -> Sequence[_Result | ChunkError]:
        """One answer for each item, in order; an item that fails leaves the others alone.

        Raises only when the whole batch failed.
        """
        ...


Recogniser: TypeAlias = Engine[AudioItem, Recognised]
Synthesiser: TypeAlias = Engine[TextItem, Spoken]
Embedder: TypeAlias = Engine[AudioItem, Embedding]
AnyEngine: TypeAlias = Engine[Any, Any]


@dataclass(frozen=True, slots=True)
class EngineFamily:
    """One family of engines: what may be asked without loading a model, and how to load one."""

    name: str
    """Lower-case letters, digits and hyphens; operators write it into settings."""
    capability: Capability
    summary: str
    """One line for operators."""
    load: Callable[[EngineRequest, ModelPaths], AnyEngine]
    """Load a model, in a model process. Raises EngineError, or whatever the model library raises."""
    traits_for: Callable[[EngineRequest], Traits]
    """Cheap and without heavy imports. Raises EngineError for a request that cannot be served."""
    roles_for: Callable[[EngineRequest], Mapping[str, str]] = lambda request: {}
    """The models it needs by role, as names of the model store; the main one is "path"."""
    models: tuple[str, ...] = ()
    """Models that this family offers by itself, the best first. Those of the catalogue that name this family
    need not be repeated."""
    layouts_for: Callable[[EngineRequest], tuple[Layout, ...]] = lambda request: ()
    """Layouts of which any may be the fastest on a machine, within what the request leaves open; the first is
    what it takes by itself. A worker measures them when it is idle. None: there is nothing to choose."""
    options: frozenset[str] = frozenset()
    """The options that it honours."""
    devices: tuple[str, ...] = ("cpu",)
    """Classes of devices that its models run on: "cuda", "cpu", "net"."""
    requirements: Requirements = Requirements()
    voices_for: Callable[[str], tuple[Voice, ...]] = lambda model: ()
    """The voices of a model that speaks; of each language the best first, the first of all is its default. A
    model that clones recordings may have none."""
    mixes: bool = False
    """Whether the option `voice` may be a mixture of several."""
    languages: Mapping[str, Requirements] = field(default_factory=dict)
    """What else some languages of its voices need, by ISO 639-1 code."""
    pins: tuple[str, ...] = ()
    """Exact requirements of pip for the environment of a family that `requirements` puts into its own."""
    contract: int = CONTRACT_VERSION
    """The version of this contract that it was written for."""

    def model_paths(self, request: EngineRequest, resolve: Callable[[str], Path]) -> dict[str, Path]:
        """The directories to send with a load request; `resolve` is `ModelStore.resolve`, and may raise."""
        return {role: resolve(name) for role, name in self.roles_for(request).items()}

    def device_for(self, wished: str) -> str:
        """The device that a model runs on where `wished` is the worker's: the CPU if it knows no other."""
        return wished if wished.partition(":")[0] in self.devices else self.devices[0]

    def not_honoured(self, options: Options) -> tuple[str, ...]:
        """Names of those of `UNCHANGED` that are to change something, which this family cannot do."""
        asked = (name for name, plain in UNCHANGED.items() if options.get(name, plain) not in (plain, None))
        return tuple(name for name in asked if name not in self.options)

    def languages_here(self, model: str) -> tuple[str, ...]:
        """Languages that the model can speak where this runs, in voices of its own or in those of references:
        what they need is installed; none for a model that does not speak. Raises EngineError."""
        if self.capability is not Capability.SPEAK:
            return ()
        cloned = self.traits_for(EngineRequest(self.name, model)).cloned_languages
        spoken = dict.fromkeys((*(voice.language for voice in self.voices_for(model)), *cloned))
        return tuple(x for x in spoken if x not in self.languages or self.languages[x].are_installed)
