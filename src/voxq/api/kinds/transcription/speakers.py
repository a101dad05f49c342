"""Names of the speakers of a transcript, given afterwards."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from voxq.api import errors, lookup, openapi
from voxq.api.callers.auth import Owner
from voxq.api.service import TheService
from voxq.api.shapes.names import ShownName
from voxq.api.shapes.result import Result
from voxq.api.submission.body import TheBody
from voxq.core.outcome import Outcome
from voxq.core.refusal import Refusal, shown
from voxq.kinds.steps import SPEAKERS
from voxq.kinds.transcription import TRANSCRIPTION
from voxq.kinds.transcription.speakers import with_names
from voxq.locale import Message

router = APIRouter(prefix=f"/api/v1/{TRANSCRIPTION.name}", tags=[TRANSCRIPTION.name])


_MOST_BYTES = 64 << 10


class SpeakerNames(BaseModel):
    """Names by those that the speakers have now; two speakers with the same name become one."""

    model_config = ConfigDict(extra="forbid")

    speakers: Annotated[dict[str, ShownName], Field(min_length=1, max_length=20)] = Field(
        examples=[{"S1": "Ann", "S2": "Bob"}], description="New names by the present ones."
    )


@router.patch(
    "/result/{task_id}/speakers",
    summary="Name the speakers of a transcript, or merge them",
    response_model=Result,
    response_model_exclude_unset=True,
    responses=errors.documented(400, 401, 403, 404, 408, 409, 413, 422, 503),
    openapi_extra=openapi.body("application/json", SpeakerNames.model_json_schema()),
)
async def name_speakers(
    request: Request, task_id: str, service: TheService, owner: Owner, body: TheBody
) -> object:
    """Give the speakers of a transcript that is done other names: in its result, its subtitles and its
    events it looks as if they had been found so. Two with the same name become one."""
    kind = TRANSCRIPTION.name
    found = await lookup.find(service, kind, owner, task_id)
    names = await body.read_model(request, SpeakerNames, _MOST_BYTES)

    def renamed(outcome: Outcome) -> Outcome:
        known = {str(each["k"]) for each in outcome.segments if each.get("k")}
        if unknown := names.speakers.keys() - known:
            raise Refusal(
                "no_such_speaker",
                Message(
                    "There is no speaker {name}. There are: {known}",
                    name=shown(min(unknown)),
                    known=", ".join(sorted(known)) or "-",
                ),
            )
        return replace(
            outcome,
            segments=with_names(outcome.segments, names.speakers),
            steps={**outcome.steps, SPEAKERS: _step(outcome, names.speakers)},
        )

    run = found.document["run"]
    await asyncio.to_thread(service.control[kind].amend, found.task_id, run, SPEAKERS, renamed)
    return await lookup.result_of(service, await lookup.find(service, kind, owner, found.task_id))


def _step(outcome: Outcome, names: dict[str, str]) -> dict[str, object]:
    """Return the step's own record with the new names."""
    step = outcome.steps.get(SPEAKERS, {"status": "done"})
    result = step.get("result", {})
    turns = [[start, end, names.get(who, who)] for start, end, who in result.get("turns", ())]
    speakers = list(dict.fromkeys(names.get(who, who) for who in result.get("speakers", ())))
    return {**step, "result": {**result, "speakers": speakers, "turns": turns}}
