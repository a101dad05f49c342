"""A task that a worker holds: a recording or a text, its chunks, and how far they are."""
