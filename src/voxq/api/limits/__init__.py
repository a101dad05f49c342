"""Limits on what clients may use at once: disk, memory, waiting connections."""
