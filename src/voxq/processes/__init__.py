"""Helper processes: starting them, exchanging messages with them, and the code that runs in them."""
