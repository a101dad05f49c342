"""From stage to stage: what comes of a task when a media process or an engine has done its part of it."""

from __future__ import annotations

import time

from loguru import logger

from voxq.worker.flow.blame import Blame
from voxq.worker.flow.claims import Claims
from voxq.worker.flow.departures import Departures
from voxq.worker.held.assignment import AnyAssignment, Prepared
from voxq.worker.held.assignments import Assignments
from voxq.worker.held.synthesis import Joined, Synthesis
from voxq.worker.media import joining
from voxq.worker.media.joining import Grown, Joining
from voxq.worker.media.media_link import MediaFailed, News
from voxq.worker.media.preparation import Preparation
from voxq.worker.models.stable import Stable


class Stages:
    """A recording is prepared, then recognised; a text prepared, spoken, and joined meanwhile."""

    def __init__(
        self,
        assignments: Assignments,
        preparation: Preparation,
        joining: Joining,
        stable: Stable,
        claims: Claims,
        departures: Departures,
        blame: Blame,
        worker_id: int,
        *,
        batch_size: int,
    ) -> None:
        """`batch_size`: padded seconds of a batch at most, for the log."""
        self._assignments = assignments
        self._preparation = preparation
        self._joining = joining
        self._stable = stable
        self._claims = claims
        self._departures = departures
        self._blame = blame
        self._worker_id = worker_id
        self._batch_size = batch_size
        preparation.hear = self._on_preparation
        joining.hear = self._on_joining

    def begin(self, assignment: AnyAssignment) -> None:
        self._preparation.add(assignment)
        self._preparation.advance()
        if isinstance(assignment, Synthesis):
            self._joining.start()

    def advanced(self, assignment: AnyAssignment) -> None:
        """More of its chunks have a result, perhaps all."""
        if assignment.outcome is not None:
            return
        if assignment.is_complete:
            self._departures.complete(assignment)
        elif not (isinstance(assignment, Synthesis) and self._join(assignment)):
            self._report(assignment)

    def sound_lost(self, assignment: AnyAssignment) -> None:
        """Its decoded sound is gone: somebody ended the task, or took its files."""
        if not self._departures.drop_if_ended(assignment):
            message = f"The sound of this {assignment.subject} is gone."
            self._blame.blame(assignment, "audio_unavailable", message)
            self._prepare_anew(assignment)

    @property
    def next_report(self) -> float:
        """When `report` has something to do that no message announces (monotonic clock)."""
        return min((assignment.report_at for assignment in self._assignments), default=float("inf"))

    def report(self) -> None:
        """Tell the progress that came too soon after what was told before."""
        for assignment in self._assignments:
            if time.monotonic() >= assignment.report_at:
                self._report(assignment)

    def _report(self, assignment: AnyAssignment) -> None:
        if self._claims.report(assignment) is False:
            self._departures.reclaim(assignment)

    def _on_preparation(self, assignment: AnyAssignment, news: News) -> None:
        """What a media process says of a recording or a text."""
        if assignment not in self._assignments:
            return
        match news:
            case MediaFailed(is_crash=True):
                self._blame.blame(assignment, news.code, news.message)
                self._prepare_anew(assignment)
            case MediaFailed():
                self._departures.fail(assignment, news.code, news.message)
            case Prepared():
                assignment.prepare(news)
                self._log_prepared(assignment, news)
                if assignment.needs_no_engine or assignment.progress:
                    self.advanced(assignment)
            case pieces:
                assignment.find(pieces, self._stable.of(assignment.model).revision)

    def _on_joining(self, text: Synthesis, news: joining.News) -> None:
        """How the file of a text's speech gets on."""
        if text not in self._assignments:
            return
        match news:
            case Grown():
                self._report(text)
            case Joined():
                text.join(news)
                self._departures.complete(text)
            case MediaFailed(is_crash=True):
                self._blame.blame(text, news.code, news.message)  # it is begun anew, unless it was given up
            case MediaFailed(code="audio_unavailable"):
                self._speak_again(text)
            case MediaFailed():
                self._departures.fail(text, news.code, news.message)

    def _join(self, text: Synthesis) -> bool:
        """More of its sentences may be spoken. False if nothing comes of that now."""
        if text.needs_no_engine and text.is_silent:
            self._departures.fail(text, "unpronounceable", "There is nothing in this text that can be said.")
            return True
        return self._joining.go_on(text)

    def _speak_again(self, text: Synthesis) -> None:
        """The sound of some of its sentences is gone."""
        if not self._departures.drop_if_ended(text):
            text.forget_lost()
            self._blame.blame(text, "audio_unavailable", "The sound of a sentence is gone.")

    def _prepare_anew(self, assignment: AnyAssignment) -> None:
        """Decode or split it once more, unless it was given up."""
        if assignment in self._assignments and assignment.outcome is None:
            self._preparation.remove(assignment)
            assignment.start_over()
            self._preparation.add(assignment)

    def _log_prepared(self, assignment: AnyAssignment, prepared: Prepared) -> None:
        if isinstance(assignment, Synthesis):
            logger.debug(
                "Worker-{} task={} sentences={} characters={} split={:.2f}",
                self._worker_id,
                assignment.task.short_id,
                len(assignment.chunks),
                len(assignment.task.speech.text),
                prepared.decode,
            )
        else:
            logger.debug(
                "Worker-{} task={} vad_segments={} batch_size={} duration={:.1f} decode={:.2f}",
                self._worker_id,
                assignment.task.short_id,
                len(assignment.chunks),
                self._batch_size,
                prepared.duration,
                prepared.decode,
            )
