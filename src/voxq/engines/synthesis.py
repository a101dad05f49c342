"""What a synthesiser is: a loaded model that takes sentences and gives the sound of each.

Beside `engines.base`, which says the same of recognisers. Light: nothing here imports a numerical library.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from voxq.engines.base import ChunkError, EngineError, EngineRequest, ModelPaths
from voxq.engines.language_packages import LanguagePackages
from voxq.speech.audio import Samples

SLOWEST, FASTEST = 0.25, 4.0
"""The range of `SentenceOptions.speed`."""
NOTHING_TO_SAY = ChunkError("unpronounceable", "There is nothing in this sentence that can be said.")
"""Of a sentence without a sound."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A speaker. `language` is an ISO 639-1 code; `accent` a region ("US", "GB") where there are several."""

    name: str
    language: str
    gender: Literal["female", "male"]
    accent: str | None = None


@dataclass(frozen=True, slots=True)
class SentenceOptions:
    """How one sentence is to be spoken. `voice` is a name, or that of a mixture; `speed` 2.0 is twice as
    fast, at the same pitch; `language` is that of words in Latin letters, None for the voice's own;
    `normalise` writes figures out first."""

    voice: str
    speed: float = 1.0
    language: str | None = None
    normalise: bool = True


@dataclass(frozen=True, slots=True)
class Spoken:
    """One sentence as sound: float32, mono, shape (n,), -1.0 to 1.0, without pauses at its ends."""

    samples: Samples
    sample_rate: int


@dataclass(frozen=True, slots=True)
class KeptSpeech:
    """One sentence as sound that lies in a file: so many samples, 0 where there was nothing to say."""

    samples: int
    sample_rate: int


class Synthesiser(Protocol):
    """A loaded model. Not thread-safe: one model process calls it, one batch at a time."""

    @property
    def revision(self) -> str:
        """Identifies the weights: the same revision, text and options give the same samples."""
        ...

    def speak(self, sentences: Sequence[tuple[str, SentenceOptions]]) -> list[Spoken | ChunkError]:
        """One answer per sentence, in order. Raises only when the whole batch failed.

        Errors: "unknown_voice", "unpronounceable", "language_unavailable", and those of `ChunkError.of`.
        """
        ...


@dataclass(frozen=True, slots=True)
class SynthesiserKind:
    """One family of synthesisers: what may be asked without loading, and how to load it."""

    summary: str
    voices: tuple[Voice, ...]
    """Of each language the best one first; the first of all is the default."""
    load: Callable[[EngineRequest, ModelPaths], Synthesiser]
    """Heavy. Raises EngineError, or whatever the model library raises."""
    roles_for: Callable[[EngineRequest], Mapping[str, str]]
    """The models it needs by role, as names of the model store."""
    at_once: Callable[[EngineRequest], int] = lambda request: 1
    """How many sentences of one call it speaks at the same time, each on a core of its own."""
    mixes: bool = False
    """Whether `SentenceOptions.voice` may be a mixture of several."""
    packages: Mapping[str, LanguagePackages] = field(default_factory=dict)
    """What else some of its languages need, by ISO 639-1 code."""

    def languages_here(self) -> tuple[str, ...]:
        """Those of its voices that can be spoken where this runs: their packages are installed."""
        languages = dict.fromkeys(voice.language for voice in self.voices)
        return tuple(x for x in languages if x not in self.packages or self.packages[x].are_installed)

    def voice(self, name: str) -> Voice:
        """The voice of this name. Raises EngineError, with the names there are."""
        for voice in self.voices:
            if voice.name == name:
                return voice
        raise EngineError(f"Unknown voice {name!r}. There are: {', '.join(v.name for v in self.voices)}.")
