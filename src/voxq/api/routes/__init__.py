"""One file per family of calls."""
