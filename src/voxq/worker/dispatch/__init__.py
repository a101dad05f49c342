"""Engine work: dispatching batches, handling results and failures, time limits."""
