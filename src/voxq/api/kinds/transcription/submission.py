"""Submission of recordings to be transcribed."""

from __future__ import annotations

from voxq.api.kinds.transcription import options
from voxq.api.service import Service
from voxq.api.submission import recording_route
from voxq.api.submission.recording_route import Choice
from voxq.kinds.transcription import TRANSCRIPTION


async def _among_models(service: Service) -> Choice:
    models = await service.models.recent()
    return Choice(
        # the language depends on the model, whose field may come later
        check=lambda asked: models.choose(asked.model or ""),
        choose=lambda asked: options.for_models(asked, models),
    )


router = recording_route.router_of(TRANSCRIPTION, _among_models)
