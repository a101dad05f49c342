"""From a request to a task: reading of bodies and uploads, checks of options, reuse of earlier results."""
