"""Models of a worker: which are loaded, and the parent's end of the process of each."""
