"""The disposable process that touches untrusted bytes, and a pool of it for the API."""

MEDIA_MODULE = "voxq.media"
"""What `Child.start` runs, with the most megabytes of address space it may take as its only argument."""
