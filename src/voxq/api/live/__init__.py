"""Responses that follow a task in progress, and connections that end before it does."""
