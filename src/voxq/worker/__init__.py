"""The RQ face of one device: admits tasks, runs batches, reports, blames, recovers."""
