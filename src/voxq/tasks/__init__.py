"""Life of a task outside of workers: intake, control and ending."""
