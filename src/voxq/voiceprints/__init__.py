"""Voiceprints: what a voice is known by, whether a recording is good enough for one, and how they are
compared. Pure; what is kept of them is in `voxq.storage.voiceprints`."""
