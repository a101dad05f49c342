"""Submission of recordings to be turned into vectors."""

from __future__ import annotations

from voxq.api.submission import recording_route
from voxq.kinds.voiceprint import VOICEPRINT

router = recording_route.router_of(VOICEPRINT)
