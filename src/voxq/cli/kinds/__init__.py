"""Commands of single kinds of task: a folder for each, whose `COMMANDS` list them."""
