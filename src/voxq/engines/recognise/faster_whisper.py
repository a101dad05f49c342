"""Whisper models in CTranslate2's format, run by faster-whisper."""

from __future__ import annotations

import re
from itertools import count, takewhile
from pathlib import Path

from voxq import extras
from voxq.engines.contract import (
    Capability,
    Chunking,
    EngineFamily,
    EngineRequest,
    Layout,
    ModelPaths,
    Recogniser,
    Requirements,
    Traits,
)
from voxq.locale import Message
from voxq.machine.devices import threads_for

_ONLY_TRANSCRIBES = re.compile(r"turbo|distil|\.en\b")
"""Marks in the names of models that were not trained to translate."""

_REPLICAS = 4
_ITEMS = 8
"""Chunks per call. With windows as long as the speech, a batch of 8 takes two thirds of the time of single
ones on a CPU, and two replicas of the network halve that again."""
_MOST_REPLICAS = 16
_MOST_ITEMS = 16
_MOST_ITEMS_ON_GPU = 32


_LONGEST = 17.0
"""Seconds of a chunk: what fits, with the pad, into the longest of the short windows. In five minutes of
English, chunks of up to 13 s had half as many errors again, and those of 21 s took a quarter more time."""

_PIECE = 7.0
"""Seconds of what is recognised alone while somebody waits for a note."""


def _traits_for(request: EngineRequest) -> Traits:
    return Traits(
        Chunking(maximum=_LONGEST, target=_LONGEST, piece=_PIECE),
        max_items=request.items or _ITEMS,
        at_once=_replicas(request),
        per_call=(),
        detects_language=True,
        follows_language=True,
        translates=not _ONLY_TRANSCRIBES.search(Path(request.model).name.lower()),
    )


def _load(request: EngineRequest, models: ModelPaths) -> Recogniser:
    from voxq.engines.recognise import faster_whisper_model

    return faster_whisper_model.load(request, models, _replicas(request))


def _replicas(request: EngineRequest) -> int:
    """Number of replicas of the network that work at the same time.

    On a CPU they share the threads: the search for a text gains nothing from a second thread, and another
    replica needs no memory for weights. A GPU takes real batches.
    """
    if request.device_class != "cpu":
        return 1
    threads = threads_for(request.threads)
    return min(threads, request.replicas or _REPLICAS)


def _layouts_for(request: EngineRequest) -> tuple[Layout, ...]:
    usual = Layout(_replicas(request), _ITEMS)
    if request.device_class != "cpu":
        return usual, *(Layout(1, items) for items in _doubled(2 * _ITEMS, _MOST_ITEMS_ON_GPU))
    threads = min(threads_for(request.threads), _MOST_REPLICAS)
    counts = [usual.replicas, *([] if request.replicas else _doubled(1, threads))]
    layouts = [Layout(each, n) for each in counts for n in _doubled(max(4, each), max(_MOST_ITEMS, each))]
    return tuple(dict.fromkeys([usual, *layouts]))


def _doubled(first: int, last: int) -> list[int]:
    """Return `first`, twice of it and so on, up to `last`."""
    return list(takewhile(lambda number: number <= last, (first << power for power in count())))


FAMILY = EngineFamily(
    name="faster-whisper",
    capability=Capability.RECOGNISE,
    summary=Message("Whisper models in CTranslate2's form: about 100 languages, CPU or NVIDIA GPU"),
    traits_for=_traits_for,
    load=_load,
    layouts_for=_layouts_for,
    roles_for=lambda request: {"path": request.model},
    options=frozenset({"language", "hotwords", "words", "translate"}),
    devices=("cuda", "cpu"),
    requirements=Requirements(extras.WHISPER.modules, extras.WHISPER.name),
)
