"""Commands of single kinds of task: a folder for each, which its kind names in `commands`."""
