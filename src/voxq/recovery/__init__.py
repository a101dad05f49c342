"""Recovery after failures: lost queues, dead workers, old files."""
