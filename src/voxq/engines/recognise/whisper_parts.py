"""Sounds in which the language changes, each stretch of them as a sound of its own. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from voxq.engines.contract import SAMPLE_RATE, ChunkError, Dropped, Recognised, Segment
from voxq.engines.recognise.whisper_languages import Stretch
from voxq.engines.recognise.whisper_sound import Sound, without_quiet_end
from voxq.speech.transcript import main_language


@dataclass(frozen=True, slots=True)
class Part:
    """One stretch of a sound, `start` seconds from its beginning."""

    start: float
    sound: Sound

    @property
    def for_whole_window(self) -> Sound:
        """The same sound with its language as what is likely only, because in a window of 30 s it is found
        more surely, and where it changes without a pause, too."""
        options = {**self.sound.options, "likely_language": self.sound.options["language"], "language": None}
        return replace(self.sound, options=options)


def parts_of(sound: Sound, stretches: Iterable[Stretch]) -> list[Part]:
    """Divide a sound into the sounds of its stretches, with their languages as option."""
    return [
        Part(
            each.start / SAMPLE_RATE,
            Sound(
                without_quiet_end(sound.samples[each.start : each.end]),
                {**sound.options, "language": each.language},
            ),
        )
        for each in stretches
    ]


def joined(parts: Sequence[Part], answers: Sequence[Recognised | ChunkError]) -> Recognised | ChunkError:
    """Join the texts of all parts of one sound; if one failed, its error."""
    segments: list[Segment] = []
    dropped: list[Dropped] = []
    for part, answer in zip(parts, answers, strict=True):
        if isinstance(answer, ChunkError):
            return answer
        segments += [each.shifted(part.start) for each in answer.segments]
        dropped += [each.shifted(part.start) for each in answer.dropped]
    return Recognised(tuple(segments), main_language(segments), tuple(dropped))
