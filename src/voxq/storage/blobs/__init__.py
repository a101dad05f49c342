"""The large files of tasks: recordings, and the speech that is made of texts."""
