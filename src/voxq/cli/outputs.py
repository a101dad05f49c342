"""Names and files for the results of several inputs; nothing that exists is overwritten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from voxq.cli.inputs import Input


def names_of(inputs: Sequence[Input]) -> list[str]:
    """Return a name, without an ending, for the result of each input: as short as tells it from the others.

    That is the name of the file, with its ending or its folder where others have the same.
    """
    stems = Counter(each.stem for each in inputs)
    names = Counter(each.name for each in inputs)

    def name(each: Input) -> str:
        if stems[each.stem] == 1:
            return each.stem
        if names[each.name] == 1 or not each.folder:
            return each.name
        return f"{each.folder}_{each.name}"

    return [name(each) for each in inputs]


def write_new(directory: Path, name: str, ending: str, text: str) -> Path:
    """Write a new file, with a number in its name if there is one like it already.

    Returns its path. Raises OSError, and leaves no part of a file then.
    """
    for number in count(1):
        path = directory / f"{name}{'' if number == 1 else f'-{number}'}{ending}"
        try:
            file = path.open("x", encoding="utf-8")
        except FileExistsError:
            continue
        try:
            with file:
                file.write(text)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return path
    raise AssertionError("there are numbers enough")
