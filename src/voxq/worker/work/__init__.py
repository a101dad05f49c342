"""A task in work: a recording or a text, its chunks, and how far they are."""
