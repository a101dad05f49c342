"""The process that runs a model: `python -m voxq.processes.model`."""
