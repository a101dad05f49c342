"""Voiceprints as clients see them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, Literal

from voxq.api import lookup
from voxq.api.kinds.voiceprint.shapes import ConsentView, VoiceprintView
from voxq.api.language import said
from voxq.api.service import Service
from voxq.api.shapes.result import VoiceQualityView
from voxq.core.refusal import NotFound
from voxq.core.task import Status, utc
from voxq.kinds.voiceprint import VOICEPRINT
from voxq.locale import Message
from voxq.voiceprints.voiceprint import Consent, Voiceprint


async def described(service: Service, voiceprint: Voiceprint, *, vector: bool = False) -> VoiceprintView:
    """Describe a voiceprint, and what became of its first recording if it has no vector. Raises
    RedisError."""
    state: dict[str, Any] = {"status": "ready"}
    if not voiceprint.is_ready:
        state = await _state(service, voiceprint)
    if vector:
        state["vector"] = list(voiceprint.vector)
    return VoiceprintView(
        voiceprint_id=voiceprint.id,
        name=voiceprint.name,
        version=voiceprint.version,
        model=voiceprint.model,
        revision=voiceprint.revision,
        recordings=len(voiceprint.current),
        speech_seconds=round(voiceprint.speech_seconds, 2),
        quality=[VoiceQualityView(**asdict(sample.quality)) for sample in voiceprint.current],
        consent=consent_of(voiceprint.consent),
        created_at=utc(voiceprint.created),
        tasks=list(voiceprint.tasks),
        **state,
    )


def consent_of(consent: Consent) -> ConsentView:
    return ConsentView(given_by=consent.given_by, text=consent.text, at=utc(consent.at))


async def _state(service: Service, voiceprint: Voiceprint) -> dict[str, Any]:
    """Find out what became of the tasks of a voiceprint without a vector."""
    status: Literal["pending", "failed"] = "failed"
    gone = Message("Its recording is gone: record it again, as a new version.")
    reason: dict[str, Any] = {"code": "recording_gone", "error": gone}
    for task_id in _newest_first(voiceprint.tasks):
        try:
            found = await lookup.find(service, VOICEPRINT.name, voiceprint.owner, task_id)
        except NotFound:
            continue
        if found.status is Status.FAILED:
            reason = {"code": found.document["code"], "error": said(found.document["error"])}
        elif not found.status.is_terminal:
            status, reason = "pending", {}
        elif found.status is Status.CANCELLED:
            reason = {"code": "cancelled", "error": Message("The task was cancelled")}
        break
    return {"status": status, **reason}


def _newest_first(tasks: Iterable[str]) -> list[str]:
    return list(tasks)[::-1]
