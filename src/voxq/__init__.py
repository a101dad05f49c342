"""VoxQ: a speech job service. Recordings in, transcripts out, nothing lost."""

from importlib.metadata import version

__version__ = version("voxq")
