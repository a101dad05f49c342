"""What a media process is asked to do for a task."""

from __future__ import annotations

from voxq import kinds
from voxq.kinds import speech, transcription
from voxq.processes.media.protocol import Prepare, Request, Split
from voxq.storage.blobs.port import Blobs
from voxq.worker.plan import WorkPlan
from voxq.worker.runs.task_run import AnyTaskRun


class MediaRequests:
    """By one worker."""

    def __init__(self, plan: WorkPlan, blobs: Blobs, max_seconds: float) -> None:
        """`max_seconds` of a recording are decoded at most."""
        self._plan = plan
        self._blobs = blobs
        self._max_seconds = max_seconds

    def of(self, task_run: AnyTaskRun) -> Request:
        """Raises ModelUnavailable."""
        task = task_run.task
        if not kinds.find(task.kind).takes_recording:
            return Split(task.id, speech.text_of(task))
        return Prepare(
            task.id,
            self._blobs.path(transcription.recording_of(task).name),
            task_run.directory.pcm,
            self._max_seconds,
            self._plan.chunking_for(task),
            transcription.options_of(task).use_vad,
        )
