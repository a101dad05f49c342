"""Counters of processes, their sums in Redis, and their names for Prometheus."""
