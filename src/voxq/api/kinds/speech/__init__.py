"""Texts in, speech out."""
