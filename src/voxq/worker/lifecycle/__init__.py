"""The life of a task in a worker: admission, stages, end, and blame when something goes wrong."""
