"""Who calls, what is theirs, and what a browser may do in their name."""
