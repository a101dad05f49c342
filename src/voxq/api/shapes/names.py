"""Names that clients give to voices and speakers."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from voxq.speech.lines import printable
from voxq.voiceprints.voiceprint import LONGEST_NAME

ShownName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=LONGEST_NAME),
    Field(pattern=r"\w"),
    AfterValidator(printable),
]
"""A name with a letter or a digit, on one line: other white space and control characters become spaces."""
