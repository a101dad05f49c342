"""The values everything else speaks of: tasks, outcomes, refusals. No I/O."""
