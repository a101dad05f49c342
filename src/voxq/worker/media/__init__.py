"""The parent's side of the processes that decode recordings and join speech."""
