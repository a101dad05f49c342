"""The mark in files that their speech is synthetic."""

from __future__ import annotations

MARK = "Synthetic speech made by VoxQ"
"""Comment in the metadata of every file with synthesised speech."""
CLONED_MARK = "Synthetic speech made by VoxQ in the voice of a recording: nobody has said this"
"""Comment where the voice is that of a recording."""
