"""Information for operators: metrics, workers and their devices, outages of Redis."""
