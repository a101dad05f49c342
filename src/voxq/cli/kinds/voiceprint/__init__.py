"""`voxq voiceprints`."""

COMMANDS = ()
