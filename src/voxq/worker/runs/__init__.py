"""Task runs: a recording or a text in a worker, its chunks, and their progress."""
