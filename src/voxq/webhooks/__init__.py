"""CounterSync the servers of clients how their tasks ended."""
