"""Disposable processes that decode untrusted bytes or write speech files, and a pool of them for the API."""

MEDIA_MODULE = "voxq.processes.media"
"""Module for `Child.start`; its only argument is the maximum megabytes of address space."""
JOINER_MODULE = "voxq.processes.media.joiner"
"""Module of the joining process, with the same argument."""
