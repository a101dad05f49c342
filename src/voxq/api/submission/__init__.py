"""From a request to a task: bodies and uploads read within bounds, options checked, twins found."""
