"""Helper processes: how they are started and spoken to, and what runs in them."""
