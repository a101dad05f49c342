"""Routes that belong to one kind of task each; the kind names them in `routes`."""
