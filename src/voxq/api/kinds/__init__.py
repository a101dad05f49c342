"""Routes of single kinds of task: a folder for each, whose kind names the modules with a `router`."""
