"""`voxq transcribe`."""

from voxq.cli.outline import Command

COMMANDS = (
    Command(
        "transcribe",
        "voxq.cli.kinds.transcription.command:transcribe",
        "Transcribe recordings with the running service, or with a temporary one.",
    ),
)
