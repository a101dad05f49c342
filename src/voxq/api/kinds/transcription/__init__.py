"""Recordings in, text out."""
