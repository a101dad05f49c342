"""Preparation of a text for a synthesiser: clean-up and splitting into sentences."""

from __future__ import annotations

import time
from collections.abc import Iterator

from voxq.locale import Message
from voxq.processes.media.protocol import Failed, Prepared, Sentences, Split
from voxq.speech.markup import MarkupError, document_of, utterances_of
from voxq.speech.opening import cut_opening
from voxq.speech.scripts import language_read_in

_AT_ONCE = 200


def split(request: Split) -> Iterator[Sentences | Prepared | Failed]:
    """Yield messages with the sentences in order. Never raises because of the text's content."""
    started = time.perf_counter()
    language = language_read_in(request.text, request.language)
    try:
        document = document_of(request.text, request.input_type, language)
    except MarkupError as error:
        yield Failed(request.id, "invalid_ssml", Message("{problem}.", problem=str(error)))
        return
    said = utterances_of(document, request.languages)
    if request.times_real_time is not None and not document.is_directed:
        said = cut_opening(said, request.times_real_time)
    if not said:
        yield Failed(
            request.id, "unpronounceable", Message("There is nothing in this text that can be said.")
        )
        return
    for first in range(0, len(said), _AT_ONCE):
        yield Sentences(request.id, tuple(said[first : first + _AT_ONCE]))
    yield Prepared(request.id, 0.0, round(time.perf_counter() - started, 4), 0.0)
