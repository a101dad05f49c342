"""The worker of one device, an RQ worker: admits tasks, runs batches, reports progress, assigns blame,
recovers."""
