"""The disk side of tasks: journal, recordings, scratch files, the history log."""
