"""Stages of a task: what follows when a media process or an engine has done its part."""

from __future__ import annotations

import time

from loguru import logger

from voxq.kinds.work import Joined, Prepared
from voxq.locale import Message
from voxq.worker.lifecycle.blame import Blame
from voxq.worker.lifecycle.claims import Claims
from voxq.worker.lifecycle.endings import RunEndings
from voxq.worker.media import joining
from voxq.worker.media.joining import Grown
from voxq.worker.media.media_link import MediaFailed, News
from voxq.worker.media.media_work import MediaWork
from voxq.worker.model_pool.pool import ModelPool
from voxq.worker.runs.task_run import TaskRun, TaskStep
from voxq.worker.runs.task_runs import TaskRuns


class Stages:
    """Takes tasks through preparation and steps, and has the file joined meanwhile, if the task makes one."""

    def __init__(
        self,
        task_runs: TaskRuns,
        media: MediaWork,
        pool: ModelPool,
        claims: Claims,
        endings: RunEndings,
        blame: Blame,
        worker_id: int,
    ) -> None:
        self._task_runs = task_runs
        self._media = media
        self._pool = pool
        self._claims = claims
        self._endings = endings
        self._blame = blame
        self._worker_id = worker_id

    def begin(self, task_run: TaskRun) -> None:
        for step in task_run.steps:
            if revision := self._pool.of(step.model).revision:
                task_run.recall(step.model.name, revision)
        if task_run.is_complete:
            return  # at the next tick its end is written
        if task_run.prepared is None:
            self._media.preparation.add(task_run)
            self._media.preparation.advance()
        if task_run.output is not None:
            self._media.joining.start()

    def take_news(self) -> None:
        """Handle all that media processes have told since the last call."""
        for task_run, news in self._media.preparation.news.take():
            if task_run in self._task_runs:
                self._on_preparation(task_run, news)
        for text, news in self._media.joining.news.take():
            if text in self._task_runs:
                self._on_joining(text, news)

    def advanced(self, task_run: TaskRun) -> None:
        """Move on after more of its chunks, perhaps all, have a result."""
        if task_run.outcome is not None:
            return
        if task_run.is_complete:
            self._endings.complete(task_run)
        elif task_run.output is None or not self._join(task_run):
            self._report(task_run)

    def sound_lost(self, step: TaskStep) -> None:
        """Handle lost decoded sound: another process ended the task, or removed its files."""
        task_run = step.task_run
        if not self._endings.drop_if_ended(task_run):
            message = Message("The sound of this {noun} is gone.", noun=task_run.kind.noun)
            self._blame.blame(step, "audio_unavailable", message)
            self._prepare_anew(task_run)

    @property
    def next_report(self) -> float:
        """Time at which `report` has something to do that no message announces (monotonic clock)."""
        return min((task_run.report_at for task_run in self._task_runs), default=float("inf"))

    def report(self) -> None:
        """Report progress that came too soon after the last report."""
        now = time.monotonic()
        for task_run in self._task_runs:
            if now >= task_run.report_at:
                self._report(task_run)

    def _report(self, task_run: TaskRun) -> None:
        if self._claims.report(task_run) is False:
            self._endings.reclaim(task_run)

    def _on_preparation(self, task_run: TaskRun, news: News) -> None:
        """Handle a media process's news of a recording or a text."""
        match news:
            case MediaFailed(is_crash=True):
                self._blame.blame(task_run.first, news.code, news.message)
                self._prepare_anew(task_run)
            case MediaFailed():
                self._endings.fail(task_run, news.code, news.message)
            case Prepared():
                task_run.prepare(news)
                self._log_prepared(task_run, news)
                if task_run.needs_no_engine or task_run.progress:
                    self.advanced(task_run)
            case pieces:
                task_run.find(pieces, {pooled.name: pooled.revision for pooled in self._pool})

    def _on_joining(self, text: TaskRun, news: joining.News) -> None:
        """Handle the joining process's news of the file of a text's speech."""
        match news:
            case Grown():
                self._report(text)
            case Joined():
                text.join(news)
                if text.is_complete:  # an optional step may still be under way
                    self._endings.complete(text)
            case MediaFailed(is_crash=True):
                self._blame.blame(
                    text.first, news.code, news.message
                )  # it is begun anew, unless it was given up
            case MediaFailed(code="audio_unavailable"):
                self._speak_again(text)
            case MediaFailed():
                self._endings.fail(text, news.code, news.message)

    def _join(self, text: TaskRun) -> bool:
        """Join more sentences of the text, if some are spoken. False if nothing comes of that now."""
        if text.needs_no_engine and text.output is not None and (hindrance := text.output.hindrance):
            self._endings.fail(text, *hindrance)
            return True
        return self._media.joining.go_on(text)

    def _speak_again(self, text: TaskRun) -> None:
        """Have sentences whose sound is gone spoken again."""
        if not self._endings.drop_if_ended(text):
            text.forget_lost()
            self._blame.blame(text.first, "audio_unavailable", Message("The sound of a sentence is gone."))

    def _prepare_anew(self, task_run: TaskRun) -> None:
        """Decode or split it once more, unless it was given up."""
        if task_run in self._task_runs and task_run.outcome is None:
            self._media.preparation.remove(task_run)
            task_run.start_over()
            self._media.preparation.add(task_run)

    def _log_prepared(self, task_run: TaskRun, prepared: Prepared) -> None:
        line = task_run.policy.log_line(prepared, len(task_run.first.chunks))
        logger.debug("Worker-{} task={} {}", self._worker_id, task_run.task.short_id, line)
