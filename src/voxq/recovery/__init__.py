"""What brings a service back in order: lost queues, dead workers, old files."""
