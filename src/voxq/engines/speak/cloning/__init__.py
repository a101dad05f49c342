"""Engines that speak in the voice of a recording, each with its libraries in an environment of its own.

These modules run under the interpreter of that environment, where little of what VoxQ needs is installed.
"""
