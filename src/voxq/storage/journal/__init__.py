"""The truth about tasks: which were accepted, and how each of their runs ended."""
