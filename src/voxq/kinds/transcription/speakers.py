"""Optional step: the speakers of a recording are told apart.

Each recognised chunk is embedded while others are still recognised: its windows become vectors, which stay in
files. The last chunk of the step is all of them together, in which the model process finds the speakers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from voxq.engines.contract import Recognised
from voxq.kinds.pieces import Span
from voxq.kinds.steps import SPEAKERS, KindStep
from voxq.kinds.transcription.options import MOST_SPEAKERS, TranscriptionOptions
from voxq.kinds.transcription.recognition import Recognition
from voxq.kinds.work import KindRun
from voxq.processes.model.protocol import KeptVectors, SpeakersFound, VectorsRef, WindowsRef
from voxq.speakers.attribution import Turn, attributed
from voxq.speakers.windows import LENGTH, Place, hop_for, windows_over
from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.transcript import Segment

_SECONDS_OF_A_VECTOR = 0.01
"""Seconds of sound whose embedding takes as long as the clustering of one vector."""


def with_names(segments: Iterable[dict[str, Any]], names: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
    """Return segments as JSON with other names of their speakers."""
    return tuple(
        each | {"k": names.get(each["k"], each["k"])} if each.get("k") else each for each in segments
    )


@dataclass(frozen=True, slots=True)
class Stretch:
    """Chunk of the decoded sound with the windows over its speech, all in samples."""

    start: int
    end: int
    windows: tuple[Place, ...]

    @property
    def seconds(self) -> float:
        return LENGTH * len(self.windows)


@dataclass(frozen=True, slots=True)
class AllVectors:
    """All vectors of the recording, as the last piece of the step; it lies behind all of its sound."""

    start: int
    files: tuple[int, ...]
    """Starts of the stretches that have vectors."""
    count: int

    @property
    def end(self) -> int:
        return self.start

    @property
    def seconds(self) -> float:
        return _SECONDS_OF_A_VECTOR * self.count


class Speakers(KindStep):
    """Speakers of this recording: its windows, their vectors, and who speaks when."""

    def __init__(self, run: KindRun, recognition: Recognition) -> None:
        assert isinstance(run.asked, TranscriptionOptions)
        self._run = run
        self._asked = run.asked
        self._recognition = recognition
        self._pieces = run.work.results[SPEAKERS]
        self._hop = hop_for(run.task.seconds)

    def batch_key(self) -> str:
        return SPEAKERS

    def ref(self, index: int) -> WindowsRef | VectorsRef:
        piece: Stretch | AllVectors = self._pieces[index]
        directory = self._run.work.directory
        if isinstance(piece, Stretch):
            return WindowsRef(directory.pcm, piece.windows, directory.vectors(piece.start))
        least, most = self._count
        return VectorsRef(tuple(map(directory.vectors, piece.files)), least, most)

    def conditions(self, revision: str) -> Sequence[str]:
        return (self._run.condition(revision),)

    def record(self, result: KeptVectors | SpeakersFound) -> dict[str, Any]:
        if isinstance(result, KeptVectors):
            return {"count": result.count}
        return {"turns": result.turns, "voices": result.voices}

    def recorded(
        self, piece: Stretch | AllVectors, record: dict[str, Any]
    ) -> KeptVectors | SpeakersFound | None:
        if isinstance(piece, Stretch):
            if not self._run.work.directory.vectors(piece.start).exists():
                return None
            return KeptVectors(int(record["count"]))
        turns = tuple((float(start), float(end), int(who)) for start, end, who in record["turns"])
        return SpeakersFound(turns, tuple(tuple(map(float, voice)) for voice in record["voices"]))

    def pieces_for(self, piece: Span, result: Recognised) -> Iterable[Stretch]:
        start = piece.start / SAMPLE_RATE
        return self._stretch(piece, [(start + each.start, start + each.end) for each in result.segments])

    def sound_pieces(self, piece: Span) -> Iterable[Stretch]:
        earlier = self._run.work.earlier
        segments = earlier.segments if earlier else ()
        return self._stretch(piece, [(float(each["s"]), float(each["e"])) for each in segments])

    def closing_pieces(self) -> Iterable[AllVectors]:
        finished = [(piece, result) for piece, result in self._pieces.finished() if result.count]
        if not finished:
            return ()
        end = max(piece.end for piece, _ in finished)
        files = tuple(sorted(piece.start for piece, _ in finished))
        return (AllVectors(end, files, sum(result.count for _, result in finished)),)

    def result(self) -> dict[str, Any]:
        found = self._found
        if found is None:
            return {"speakers": [], "turns": []}
        names = self._names(found)
        turns = [[round(start, 3), round(end, 3), names[who]] for start, end, who in found.turns]
        return {"speakers": names, "turns": turns}

    def with_speakers(self, segments: Iterable[Segment]) -> list[Segment]:
        """Return the segments with their speakers, as far as these are known."""
        found = self._found
        if found is None:
            return list(segments)
        turns = [Turn(*each) for each in found.turns]
        return attributed(segments, turns, self._names(found))

    def _stretch(self, piece: Span, speech: Iterable[tuple[float, float]]) -> Iterable[Stretch]:
        windows = windows_over(speech, piece.start, piece.end, self._hop)
        return (Stretch(piece.start, piece.end, tuple(windows)),) if windows else ()

    @property
    def _found(self) -> SpeakersFound | None:
        """What the last piece has told; None if it has no result, or nobody was heard."""
        results = (result for _, result in self._pieces.finished())
        return next((each for each in results if isinstance(each, SpeakersFound)), None)

    @property
    def _count(self) -> tuple[int, int]:
        asked = self._asked
        if asked.speakers:
            return asked.speakers, asked.speakers
        least = asked.min_speakers or 1
        return least, max(least, asked.max_speakers or MOST_SPEAKERS)

    @staticmethod
    def _names(found: SpeakersFound) -> list[str]:
        return [f"S{number}" for number, _ in enumerate(found.voices, start=1)]
