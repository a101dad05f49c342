"""`voxq transcribe`."""
