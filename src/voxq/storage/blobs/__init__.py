"""Large files of tasks: recordings, and speech made from texts."""
