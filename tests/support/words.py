"""Speech with the small vocabulary of the recognisers in tests/data/models."""

from __future__ import annotations

from pathlib import Path

from audio import english

from voxq.speech.audio import Samples

MODELS = Path(__file__).parent.parent / "data" / "models"

VOCABULARY = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "red", "green", "blue"),
    *("black", "white", "start", "stop", "left", "right", "up", "down", "open", "close", "yes", "no"),
)
"""All words that the models know."""

SAID = (
    "red green seven two",
    "open left",
    "stop right up down five nine zero yes",
    "blue white three",
    "yes no yes",
    "start four six eight",
    "close up one two three",
    "black down open",
    "zero zero one two",
)
"""Phrases of about one to three seconds; all of the models recognise them without an error."""


def clip(said: str) -> Samples:
    """Speech of one of these phrases."""
    return english(f"{said.capitalize()}.")
