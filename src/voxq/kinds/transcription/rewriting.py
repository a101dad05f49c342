"""Optional step: the text of the transcript is rewritten once all of it is there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

from voxq.kinds import rewritten
from voxq.kinds.pieces import Passage
from voxq.kinds.rewritten import RewriteStep
from voxq.kinds.transcription.options import TranscriptionOptions
from voxq.kinds.transcription.recognition import Recognition
from voxq.kinds.work import KindRun
from voxq.rewriting.request import Mode
from voxq.speech.transcript import Segment, Transcript


class Rewriting(RewriteStep):
    """Rewriting of the transcript of this run or, where only this is done again, of the run before."""

    def __init__(self, run: KindRun, recognition: Recognition) -> None:
        super().__init__(run)
        assert isinstance(run.asked, TranscriptionOptions)
        self._asked = run.asked
        self._recognition = recognition

    def conditions(self, revision: str) -> Sequence[str]:
        return (f"{self.run.condition(revision)}|{rewritten.digest_of(self._transcript.text)}",)

    def last_pieces(self) -> Iterable[Passage]:
        return rewritten.passages_of(self._transcript.text, Mode(self._asked.rewrite))

    def earlier_pieces(self) -> Iterable[Passage]:
        return self.last_pieces()

    @property
    def options(self) -> dict[str, Any]:
        asked, transcript = self._asked, self._transcript
        is_timed = asked.rewrite == Mode.SUMMARY
        return {
            "mode": asked.rewrite,
            "language": transcript.language,
            "target": asked.rewrite_target,
            "prompt": asked.rewrite_prompt,
            "segments": [(each.start, each.end, each.text) for each in transcript.segments if is_timed],
        }

    @cached_property
    def _transcript(self) -> Transcript:
        earlier = self.run.work.earlier
        if earlier is None:
            prepared = self.run.prepared
            return self._recognition.transcript(prepared.duration if prepared else 0.0)
        segments = [Segment.from_json(each) for each in earlier.segments]
        return Transcript.of(segments, earlier.language, earlier.duration)
