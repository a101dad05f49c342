"""Answers that follow a task while it is worked on, and connections that end before it does."""
