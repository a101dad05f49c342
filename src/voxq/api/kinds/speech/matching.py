"""Voice match: the voice here that is most like a voiceprint or a vector. It is no clone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from voxq.api.service import Service
from voxq.core.refusal import Refusal, invalid
from voxq.engines.languages import code_of
from voxq.engines.voices import Speaker
from voxq.kinds.speech import SpeechOptions
from voxq.locale import Message
from voxq.speech.scripts import language_of
from voxq.storage.voiceprints import NoVoiceprint
from voxq.voiceprints import likeness
from voxq.voiceprints.comparing import Incomparable


async def of_voiceprint(
    service: Service, owner: str, id: str, text: str, asked: SpeechOptions
) -> SpeechOptions:
    """Return the options with the voice that is most like a voiceprint of the caller.

    Raises Refusal ("no_such_voiceprint", "not_ready"; as `of_vector`).
    """
    try:
        found = await asyncio.to_thread(service.parts.voiceprints.get, owner, id)
    except NoVoiceprint:
        raise Refusal("no_such_voiceprint", Message("Voiceprint not found"), voiceprint_id=id[:40]) from None
    if not found.is_ready:
        raise Refusal("not_ready", Message("The voiceprint has no vector yet"), voiceprint_id=id)
    return await of_vector(service, found.vector, found.revision or "", text, asked)


async def of_vector(
    service: Service, vector: Sequence[float], revision: str, text: str, asked: SpeechOptions
) -> SpeechOptions:
    """Return the options with the voice that is most like a vector of this revision of the embedder.

    Only voices of the language that is asked for, or that of the text, are compared. Raises Refusal
    ("invalid_option", "other_model", "voice_not_found").
    """
    if asked.voice:
        raise invalid("voice", Message("cannot be combined with a voiceprint or a vector"))
    speakers = await service.voices.recent()
    return await asyncio.to_thread(_matched, vector, revision, text, asked, speakers)


def _matched(
    vector: Sequence[float], revision: str, text: str, asked: SpeechOptions, speakers: Sequence[Speaker]
) -> SpeechOptions:
    wanted = code_of(asked.language or "")
    language = language_of(text) if wanted in ("", "auto") else wanted
    able = {each.voice.name for each in speakers if each.voice.language == language}
    try:
        best = next(iter(likeness.most_alike(vector, revision, able)), None)
    except likeness.OtherRevision as error:
        raise Refusal("other_model", str(error)) from None
    except Incomparable as error:
        raise Refusal("invalid_option", str(error), field="vector") from None
    if best is None:
        raise Refusal(
            "voice_not_found",
            Message("There is no voice of the language {language} to be matched here", language=language),
            field="voice",
            voices=[each.voice.name for each in speakers],
        )
    return replace(asked, voice=best.voice, likeness=best.similarity)
