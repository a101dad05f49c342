"""How much of the machine clients may take at once: disk, memory, connections that wait."""
