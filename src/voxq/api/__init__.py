"""The HTTP API: takes recordings in, answers questions about tasks. It loads no model and decodes nothing."""
