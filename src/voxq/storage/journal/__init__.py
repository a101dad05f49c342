"""Journal: the authoritative record of accepted tasks and of the end of each of their runs."""
