"""Engines that turn recordings into text, one file or folder for each family."""
