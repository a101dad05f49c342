"""The engines of a worker: which models are there, and what their horses say."""

from __future__ import annotations

import time
from collections.abc import Callable

from loguru import logger

from voxq.worker.engine.accidents import Accidents
from voxq.worker.engine.results import Results
from voxq.worker.engine.time_limits import TimeLimits
from voxq.worker.flow.departures import Departures
from voxq.worker.flow.stages import Stages
from voxq.worker.held.assignments import Assignments
from voxq.worker.models.horse_link import HorseFailed
from voxq.worker.models.stable import Stable
from voxq.worker.models.stall import Stall
from voxq.worker.plan import WorkPlan


class EngineRoom:
    """Looks after one stable."""

    def __init__(
        self,
        assignments: Assignments,
        stable: Stable,
        plan: WorkPlan,
        limits: TimeLimits,
        results: Results,
        accidents: Accidents,
        stages: Stages,
        departures: Departures,
        changed: Callable[[], None],
        worker_id: int,
    ) -> None:
        """`changed` is called when a model is loaded."""
        self._assignments = assignments
        self._stable = stable
        self._plan = plan
        self._limits = limits
        self._results = results
        self._accidents = accidents
        self._stages = stages
        self._departures = departures
        self._changed = changed
        self._worker_id = worker_id
        stable.hear = self._on_message

    def look_after_models(self) -> None:
        """Start what should be loaded, unload what should not, give up what cannot be loaded."""
        self._stable.tidy(time.monotonic(), self._assignments.models)
        for stall in self._stable.hopeless:
            self._give_up(stall)
        if self._stable.broken:
            self._hand_back_for(self._stable.default)
        self._stable.keep()

    def _on_message(self, stall: Stall) -> None:
        was_ready = stall.horse.is_ready
        try:
            finished = self._stable.receive(stall, self._limits.for_next_batch(stall))
        except HorseFailed as failure:
            self._accidents.on_horse_failed(stall, failure)
            return
        if stall.horse.is_ready and not was_ready:
            self._on_loaded(stall)
        if finished is not None:
            self._results.take(stall, *finished)

    def _on_loaded(self, stall: Stall) -> None:
        for assignment in self._assignments:
            if assignment.model.name == stall.name and stall.revision is not None:
                assignment.recall(stall.revision)
                if assignment.needs_no_engine or assignment.progress:
                    self._stages.advanced(assignment)
        self._changed()

    def _hand_back_for(self, stall: Stall) -> None:
        """It does not load: its tasks wait for better times, or another worker has them."""
        for assignment in self._assignments:
            if assignment.model.name == stall.name:
                logger.error(
                    "Worker-{} task={} handed back: model={} does not load",
                    self._worker_id,
                    assignment.task.short_id,
                    stall.name,
                )
                self._departures.hand_back(assignment)

    def _give_up(self, stall: Stall) -> None:
        """It does not load: its tasks fail, and the next one may try again."""
        logger.error("Worker-{} model={} is given up: {}", self._worker_id, stall.name, stall.horse.error)
        self._stable.forget(stall)
        self._plan.forget(stall.name)
        for assignment in self._assignments:
            if assignment.model.name == stall.name:
                message = f"The model {stall.name} could not be loaded here."
                self._departures.fail(assignment, "model_failed", message)
