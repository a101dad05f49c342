"""Names of states, kinds and the like in tables and progress, where the service has words for programs."""

from __future__ import annotations

from voxq.locale import Message

_STATUSES = {
    "queued": Message("queued"),
    "processing": Message("processing"),
    "done": Message("done"),
    "success": Message("success"),
    "failed": Message("failed"),
    "cancelled": Message("cancelled"),
}

_PLURALS = {"recording": Message("recordings"), "text": Message("texts")}
_CAPABILITIES = {
    "recognise": Message("recognise"),
    "speak": Message("speak"),
    "rewrite": Message("rewrite"),
    "embed": Message("embed"),
}
_SUBJECTS = {
    "settings": Message("settings"),
    "packages": Message("packages"),
    "storage": Message("storage"),
    "engine": Message("engine"),
    "model": Message("model"),
    "tuning": Message("tuning"),
    "voice": Message("voice"),
    "voices": Message("voices"),
    "speakers": Message("speakers"),
    "provider": Message("provider"),
    "device": Message("device"),
}


def status_name(status: str) -> str:
    """Name of a task's status; the word itself for one that only a newer service knows."""
    return _STATUSES.get(status, status)


def subject_name(subject: str) -> str:
    """Name of what a finding of the doctor is about; the word itself for a name, such as "Redis"."""
    return _SUBJECTS.get(subject, subject)


def capability_name(capability: str) -> str:
    """Name of what an engine can do; the word itself for what only another version of VoxQ can do."""
    return _CAPABILITIES.get(capability, capability)


def plural(noun: str) -> str:
    """Name of several inputs, such as "recordings"."""
    return _PLURALS.get(noun, f"{noun}s")
