"""From stage to stage: what comes of a task when a media process or an engine has done its part of it."""

from __future__ import annotations

import time

from loguru import logger

from voxq.kinds import speech
from voxq.worker.lifecycle.blame import Blame
from voxq.worker.lifecycle.claims import Claims
from voxq.worker.lifecycle.endings import RunEndings
from voxq.worker.media import joining
from voxq.worker.media.joining import Grown, Joining
from voxq.worker.media.media_link import MediaFailed, News
from voxq.worker.media.preparation import Preparation
from voxq.worker.model_pool.pool import ModelPool
from voxq.worker.runs.speech_run import Joined, SpeechRun
from voxq.worker.runs.task_run import AnyTaskRun, Prepared
from voxq.worker.runs.task_runs import TaskRuns


class Stages:
    """A recording is prepared, then recognised; a text prepared, spoken, and joined meanwhile."""

    def __init__(
        self,
        task_runs: TaskRuns,
        preparation: Preparation,
        joining: Joining,
        pool: ModelPool,
        claims: Claims,
        endings: RunEndings,
        blame: Blame,
        worker_id: int,
        *,
        batch_size: int,
    ) -> None:
        """`batch_size`: padded seconds of a batch at most, for the log."""
        self._task_runs = task_runs
        self._preparation = preparation
        self._joining = joining
        self._pool = pool
        self._claims = claims
        self._endings = endings
        self._blame = blame
        self._worker_id = worker_id
        self._batch_size = batch_size
        preparation.hear = self._on_preparation
        joining.hear = self._on_joining

    def begin(self, task_run: AnyTaskRun) -> None:
        self._preparation.add(task_run)
        self._preparation.advance()
        if isinstance(task_run, SpeechRun):
            self._joining.start()

    def advanced(self, task_run: AnyTaskRun) -> None:
        """More of its chunks have a result, perhaps all."""
        if task_run.outcome is not None:
            return
        if task_run.is_complete:
            self._endings.complete(task_run)
        elif not (isinstance(task_run, SpeechRun) and self._join(task_run)):
            self._report(task_run)

    def sound_lost(self, task_run: AnyTaskRun) -> None:
        """Its decoded sound is gone: somebody ended the task, or took its files."""
        if not self._endings.drop_if_ended(task_run):
            message = f"The sound of this {task_run.kind.noun} is gone."
            self._blame.blame(task_run, "audio_unavailable", message)
            self._prepare_anew(task_run)

    @property
    def next_report(self) -> float:
        """When `report` has something to do that no message announces (monotonic clock)."""
        return min((task_run.report_at for task_run in self._task_runs), default=float("inf"))

    def report(self) -> None:
        """Tell the progress that came too soon after what was told before."""
        for task_run in self._task_runs:
            if time.monotonic() >= task_run.report_at:
                self._report(task_run)

    def _report(self, task_run: AnyTaskRun) -> None:
        if self._claims.report(task_run) is False:
            self._endings.reclaim(task_run)

    def _on_preparation(self, task_run: AnyTaskRun, news: News) -> None:
        """What a media process says of a recording or a text."""
        if task_run not in self._task_runs:
            return
        match news:
            case MediaFailed(is_crash=True):
                self._blame.blame(task_run, news.code, news.message)
                self._prepare_anew(task_run)
            case MediaFailed():
                self._endings.fail(task_run, news.code, news.message)
            case Prepared():
                task_run.prepare(news)
                self._log_prepared(task_run, news)
                if task_run.needs_no_engine or task_run.progress:
                    self.advanced(task_run)
            case pieces:
                task_run.find(pieces, self._pool.of(task_run.model).revision)

    def _on_joining(self, text: SpeechRun, news: joining.News) -> None:
        """How the file of a text's speech gets on."""
        if text not in self._task_runs:
            return
        match news:
            case Grown():
                self._report(text)
            case Joined():
                text.join(news)
                self._endings.complete(text)
            case MediaFailed(is_crash=True):
                self._blame.blame(text, news.code, news.message)  # it is begun anew, unless it was given up
            case MediaFailed(code="audio_unavailable"):
                self._speak_again(text)
            case MediaFailed():
                self._endings.fail(text, news.code, news.message)

    def _join(self, text: SpeechRun) -> bool:
        """More of its sentences may be spoken. False if nothing comes of that now."""
        if text.needs_no_engine and text.is_silent:
            self._endings.fail(text, "unpronounceable", "There is nothing in this text that can be said.")
            return True
        return self._joining.go_on(text)

    def _speak_again(self, text: SpeechRun) -> None:
        """The sound of some of its sentences is gone."""
        if not self._endings.drop_if_ended(text):
            text.forget_lost()
            self._blame.blame(text, "audio_unavailable", "The sound of a sentence is gone.")

    def _prepare_anew(self, task_run: AnyTaskRun) -> None:
        """Decode or split it once more, unless it was given up."""
        if task_run in self._task_runs and task_run.outcome is None:
            self._preparation.remove(task_run)
            task_run.start_over()
            self._preparation.add(task_run)

    def _log_prepared(self, task_run: AnyTaskRun, prepared: Prepared) -> None:
        if isinstance(task_run, SpeechRun):
            logger.debug(
                "Worker-{} task={} sentences={} characters={} split={:.2f}",
                self._worker_id,
                task_run.task.short_id,
                len(task_run.chunks),
                len(speech.text_of(task_run.task)),
                prepared.decode,
            )
        else:
            logger.debug(
                "Worker-{} task={} vad_segments={} batch_size={} duration={:.1f} decode={:.2f}",
                self._worker_id,
                task_run.task.short_id,
                len(task_run.chunks),
                self._batch_size,
                prepared.duration,
                prepared.decode,
            )
