"""The process that holds a model: `python -m voxq.processes.model`."""
