"""One file per model family, behind the Protocols of `voxq.engines.contract`."""
