"""Texts to be rewritten."""
