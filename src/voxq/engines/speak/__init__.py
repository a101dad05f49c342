"""Engines that turn texts into sound, one file or folder for each family."""
