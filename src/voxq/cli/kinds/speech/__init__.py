"""`voxq speak`."""
