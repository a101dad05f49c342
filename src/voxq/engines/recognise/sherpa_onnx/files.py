"""Files of a model of sherpa-onnx, looked for and read without sherpa-onnx."""

from __future__ import annotations

from pathlib import Path

from voxq.engines.contract import EngineError
from voxq.engines.recognise.sherpa_onnx.onnx_file import NoOnnxFile, read_metadata
from voxq.locale import Message


def best_file(directory: Path, pattern: str, prefers_int8: bool) -> Path | None:
    """Return the file that fits best; of several of a sort the first by name.

    `prefers_int8`: whether weights of 8 bits are taken where there are others, too.
    """
    files = sorted(
        directory.glob(pattern), key=lambda file: ((".int8" in file.name) != prefers_int8, file.name)
    )
    return next((file for file in files if file.is_file()), None)


def properties_of(file: Path) -> dict[str, str]:
    """Read the metadata of a file. Raises EngineError."""
    try:
        return read_metadata(file)
    except NoOnnxFile as error:
        raise EngineError(
            Message("{file} cannot be used: {error}. Fetch it again.", file=file, error=str(error))
        ) from None
    except OSError as error:
        raise EngineError(
            Message("{file} cannot be read: {strerror}.", file=file, strerror=error.strerror)
        ) from None


def tokens_of(file: Path) -> dict[int, str]:
    """Read the tokens by number; a line has a token and its number, or only the number of the space.

    Raises EngineError.
    """
    try:
        lines = (line.rsplit(maxsplit=1) for line in file.read_text("utf-8").split("\n") if line.strip())
        return {int(parts[-1]): parts[0] if len(parts) > 1 else " " for parts in lines}
    except (ValueError, UnicodeDecodeError):
        raise no_tokens(file) from None
    except OSError as error:
        raise EngineError(
            Message("{file} cannot be read: {strerror}.", file=file, strerror=error.strerror)
        ) from None


def no_tokens(file: Path) -> EngineError:
    """The error for a file that should be a list of tokens."""
    return EngineError(
        Message("{file} is no list of tokens, each with its number. Fetch it again.", file=file)
    )
