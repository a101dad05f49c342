"""What a media process is asked to do for a task."""

from __future__ import annotations

from voxq.media.protocol import Prepare, Request, Split
from voxq.tasks.recordings import Recordings
from voxq.tasks.task import Kind
from voxq.worker.held.assignment import AnyAssignment
from voxq.worker.plan import WorkPlan


class MediaRequests:
    """By one worker."""

    def __init__(self, plan: WorkPlan, recordings: Recordings, max_seconds: float) -> None:
        """`max_seconds` of a recording are decoded at most."""
        self._plan = plan
        self._recordings = recordings
        self._max_seconds = max_seconds

    def of(self, assignment: AnyAssignment) -> Request:
        """Raises ModelUnavailable."""
        task = assignment.task
        if task.kind is Kind.TTS:
            return Split(task.id, task.speech.text)
        return Prepare(
            task.id,
            self._recordings.path(task.file),
            assignment.directory.pcm,
            self._max_seconds,
            self._plan.chunking_for(task),
            task.recognition.use_vad,
        )
