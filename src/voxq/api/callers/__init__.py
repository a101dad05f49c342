"""Callers: their keys, the tasks they may see, and limits on what browsers may do in their name."""
