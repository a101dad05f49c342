"""`voxq speak`."""

from voxq.cli.outline import Command

COMMANDS = (
    Command(
        "speak",
        "voxq.cli.kinds.speech.command:speak",
        "Turn text into speech with the running service, or in this process if there is none.",
    ),
)
