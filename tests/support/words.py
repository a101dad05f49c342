"""Speech of the small vocabulary that the recognisers in tests/data/models know."""

from __future__ import annotations

from pathlib import Path

from audio import english

from voxq.speech.audio import Samples

MODELS = Path(__file__).parent.parent / "data" / "models"

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
"""Of about one to three seconds each; all of the models understand them without an error."""


def clip(said: str) -> Samples:
    """One of these, spoken."""
    return english(f"{said.capitalize()}.")
