"""Transcription: turns a recording into text.

`options` says what can be asked for, `kind` is the kind itself, and `run` a task of it. Each step has a
module: `recognition`, and the optional ones that work on the transcript, such as `rewriting`.
"""

from voxq.kinds.transcription.kind import TRANSCRIPTION
from voxq.kinds.transcription.options import TranscriptionOptions
from voxq.kinds.transcription.run import TranscriptionRun

__all__ = ["TRANSCRIPTION", "TranscriptionOptions", "TranscriptionRun"]
