"""Run of a task: the request to the media process, and the transcript at its end."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from voxq.kinds.rewritten import REWRITE
from voxq.kinds.steps import SPEAKERS, RunInSteps
from voxq.kinds.tracks import tracks_of
from voxq.kinds.transcription.options import TranscriptionOptions
from voxq.kinds.transcription.recognition import RECOGNISE, Recognition
from voxq.kinds.transcription.rewriting import Rewriting
from voxq.kinds.transcription.speakers import Speakers
from voxq.kinds.work import Joined, Prepared, Work
from voxq.processes.media.protocol import Prepare
from voxq.speech.chunking import Chunking
from voxq.speech.transcript import Segment

_SHORTEST_MAXIMUM = 2.0
"""Seconds that a chunk may always have: speech cut finer than this is not understood."""


class TranscriptionRun(RunInSteps):
    """Run of a task whose chunks are spans of the decoded sound, and whose results are text."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        assert isinstance(self.asked, TranscriptionOptions)
        self._asked = self.asked
        self.recognition = Recognition(self)
        self.speakers = Speakers(self, self.recognition)
        self.steps = {
            RECOGNISE: self.recognition,
            SPEAKERS: self.speakers,
            REWRITE: Rewriting(self, self.recognition),
        }

    @property
    def request(self) -> Prepare:
        return Prepare(
            self.task.id,
            self.work.recording,
            self.work.directory.pcm,
            self.work.defaults.max_seconds,
            self._chunking,
            self._asked.use_vad,
            self._asked.audio_track,
            self._asked.separate_channels,
        )

    @property
    def disk_per_second(self) -> float:
        return 2.0 if self._asked.separate_channels else 1.0

    @property
    def seconds(self) -> float:
        return self.task.seconds

    @property
    def batch_seconds(self) -> float:
        return self._asked.batch_size or float("inf")

    @property
    def text(self) -> str:
        return self.recognition.text

    def log_line(self, prepared: Prepared, count: int) -> str:
        batch_size = f"{self.work.defaults.batch_seconds:.0f}"
        return (
            f"vad_segments={count} batch_size={batch_size} duration={prepared.duration:.1f} "
            f"decode={prepared.decode:.2f}"
        )

    def done(self, duration: float, joined: Joined | None) -> dict[str, Any]:
        transcript = self.recognition.transcript(duration)
        return {
            "text": transcript.text,
            "raw_text": transcript.raw_text,
            "language": transcript.language,
            "segments": tuple(each.to_json() for each in self.speakers.with_speakers(transcript.segments)),
            "dropped": tuple(each.to_json() for each in transcript.dropped),
            "audio_tracks": tracks_of(self.prepared) if self.prepared else (),
        }

    def done_again(self) -> dict[str, Any]:
        if (earlier := self.work.earlier) is None or self.task.step != SPEAKERS:
            return {}
        segments = self.speakers.with_speakers(Segment.from_json(each) for each in earlier.segments)
        return {"segments": tuple(each.to_json() for each in segments)}

    @property
    def _chunking(self) -> Chunking:
        """Rules for cutting the recording."""
        chunking = self.recognition.traits.chunking
        wished = min(
            chunking.maximum, self.work.defaults.batch_seconds, self._asked.batch_size or chunking.maximum
        )
        longest = max(_SHORTEST_MAXIMUM, wished)
        return replace(chunking, maximum=longest, target=min(chunking.target, longest))
