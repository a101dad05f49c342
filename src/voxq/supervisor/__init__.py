"""The whole service as one supervised stack of processes (`voxq up`)."""
