"""What VoxQ can do: one module per kind of task, with all that is special about it. Importing this package
registers them."""

from __future__ import annotations

from voxq.core import kinds
from voxq.kinds.speech import SPEECH
from voxq.kinds.transcription import TRANSCRIPTION

for _kind in (TRANSCRIPTION, SPEECH):
    kinds.register(_kind)
