"""The process that holds a model: `python -m voxq.worker.horse`."""
