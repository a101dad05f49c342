"""The disposable processes that touch untrusted bytes or write sound, and a pool of them for the API."""

MEDIA_MODULE = "voxq.processes.media"
"""What `Child.start` runs, with the most megabytes of address space it may take as its only argument."""
JOINER_MODULE = "voxq.processes.media.joiner"
"""The same for the joining process."""
