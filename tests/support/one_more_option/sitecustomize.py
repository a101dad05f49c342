"""Extension of the kinds by the options of `loudness.py`, for processes with this directory in PYTHONPATH."""

import dataclasses

import loudness

from voxq import kinds
from voxq.core import kinds as registry
from voxq.kinds import speech, transcription

transcription.TranscriptionOptions = loudness.LouderTranscription
speech.SpeechOptions = loudness.LouderSpeech
for module, name in ((transcription, "TRANSCRIPTION"), (speech, "SPEECH")):
    options = loudness.LouderTranscription if module is transcription else loudness.LouderSpeech
    kind = dataclasses.replace(getattr(module, name), options=options)
    setattr(module, name, kind)
    setattr(kinds, name, kind)
    registry.register(kind)
