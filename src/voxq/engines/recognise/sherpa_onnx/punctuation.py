"""Punctuation for recognisers that give none, by a CT-Transformer as sherpa-onnx publishes it.

ONNX Runtime runs it, not sherpa-onnx: that loses all words after the last full stop of a text (2.0.1).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from voxq.engines.contract import EngineError
from voxq.engines.recognise.punctuated import at_ends, plain, with_marks
from voxq.engines.recognise.sherpa_onnx.files import best_file
from voxq.locale import Message

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

_FILE = "model*.onnx"
_PROPERTIES = ("tokens", "punctuations", "unk_symbol")
_SEPARATOR = "|"
_TOKEN = re.compile(r"[\x00-\x7f]+|[^\x00-\x7f]")
_STEP = 20
"""Tokens that are added to a text at a time, until a sentence of it is at its end."""
_LONGEST = 200
"""Tokens after which a comma, too, ends a sentence."""
_COMMA, _FULL_STOP, _QUESTION_MARK = "，", "。", "？"


class Punctuation:
    """A loaded model. `marks` by number; `tokens` to numbers, in lower case."""

    def __init__(
        self, session: InferenceSession, tokens: Mapping[str, int], unknown: int, marks: Sequence[str]
    ) -> None:
        self._session = session
        self._names = tuple(given.name for given in session.get_inputs())
        self._tokens = tokens
        self._unknown = unknown
        self._marks = marks

    @classmethod
    def load(cls, directory: Path, threads: int) -> Self:
        """Load the model in a directory, which runs on the CPU. Raises EngineError."""
        import onnxruntime

        file = best_file(directory, _FILE, prefers_int8=True)
        if file is None:
            raise EngineError(
                Message("{directory} holds no punctuation model ({file}).", directory=directory, file=_FILE)
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise EngineError(
                Message("ONNX Runtime cannot load {file}: {error}", file=file, error=str(error))
            ) from error
        properties = session.get_modelmeta().custom_metadata_map
        if lacking := [name for name in _PROPERTIES if not properties.get(name)]:
            raise EngineError(
                Message(
                    "{file} is no punctuation model of sherpa-onnx, without {lacking} in its metadata.",
                    file=file,
                    lacking=", ".join(lacking),
                )
            )
        tokens = {token: number for number, token in enumerate(properties["tokens"].split(_SEPARATOR))}
        marks = properties["punctuations"].split(_SEPARATOR)
        if _FULL_STOP not in marks or properties["unk_symbol"] not in tokens:
            raise EngineError(Message("{file} is damaged: fetch the punctuation model again.", file=file))
        return cls(session, tokens, tokens[properties["unk_symbol"]], marks)

    def add(self, units: Sequence[str]) -> list[str]:
        """Return the units of `split_units` followed by punctuation, with capitals at the start of
        sentences."""
        read = [_TOKEN.findall(word.lower()) for word in plain(units)]
        numbers = [self._tokens.get(token, self._unknown) for tokens in read for token in tokens]
        return with_marks(units, at_ends([len(tokens) for tokens in read], self._marks_after(numbers)))

    def _marks_after(self, numbers: Sequence[int]) -> list[str]:
        """Return the mark after each token. The model sees a sentence from its start, and the next words."""
        found: list[str] = []
        for end in range(_STEP, len(numbers), _STEP):
            seen = self._guess(numbers[len(found) : end])
            found += seen[: _settled(seen)]
        found += self._guess(numbers[len(found) :])
        if found[-1] not in (_FULL_STOP, _QUESTION_MARK):
            found[-1] = _FULL_STOP
        return found

    def _guess(self, numbers: Sequence[int]) -> list[str]:
        import numpy as np

        given = (np.array([numbers], np.int32), np.array([len(numbers)], np.int32))
        logits: Any = self._session.run(None, dict(zip(self._names, given, strict=True)))[0]
        return [self._marks[int(index)] for index in logits[0].argmax(axis=-1)]


def _settled(marks: list[str]) -> int:
    """Count the tokens up to the end of a sentence; the last ones may still change. A text that is too long
    gets an end at a comma, in place."""
    inner = range(len(marks) - 2, 1, -1)
    end = next((index for index in inner if marks[index] in (_FULL_STOP, _QUESTION_MARK)), None)
    if end is None and len(marks) > _LONGEST:
        end = next((index for index in inner if marks[index] == _COMMA), None)
        if end is not None:
            marks[end] = _FULL_STOP
    return 0 if end is None else end + 1
