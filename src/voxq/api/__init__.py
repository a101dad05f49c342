"""The HTTP API: accepts recordings and texts, and reports on tasks. It loads no model and decodes no
audio."""
