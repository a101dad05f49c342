"""First step: the spans of the decoded sound become text."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any

from voxq.core.options import Affects
from voxq.engines.contract import Recognised, Traits
from voxq.kinds.pieces import Span
from voxq.kinds.steps import KindStep
from voxq.kinds.transcription.options import UNCHANGED, TranscriptionOptions
from voxq.kinds.work import KindRun
from voxq.processes.model.protocol import SpanRef
from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.transcript import Dropped, Segment, Transcript, join_texts, main_language, merged

RECOGNISE = "recognise"
"""Name of the step, and the capability that it needs."""

_ENOUGH_TO_TELL = 1.5
"""Seconds of speech from which its language is believed."""


class Recognition(KindStep):
    """Recognition of a recording: the options of each chunk, and the transcript of those that are done."""

    def __init__(self, run: KindRun) -> None:
        assert isinstance(run.asked, TranscriptionOptions)
        self._run = run
        self._asked = replace(run.asked, language=None) if run.asked.detect else run.asked
        models = run.work.models
        self.traits = models[RECOGNISE].traits if RECOGNISE in models else Traits()
        """Traits of its model; nobody asks for them where only a later step is done once more."""
        self._chunks = run.work.results[RECOGNISE]
        self._choose(None)
        # Without a given language, the language of the first speech is that, or likely that, of all chunks.
        self._language_first = self.traits.detects_language and self._asked.language is None
        self._language: str | None = None

    def batch_key(self) -> str:
        return self._batch_key

    def ref(self, index: int) -> SpanRef:
        span = self._chunks[index]
        return SpanRef(self._run.work.directory.pcm, span.start, span.end, dict(self.options))

    def conditions(self, revision: str) -> Sequence[str]:
        asked = self._asked
        words = " ".join(asked.hotwords)
        switches = f"{asked.words}|{asked.use_punc}|{asked.use_itn}|{asked.translate}"
        if asked.chinese_script is not None:  # earlier versions had no such option
            return (self._run.condition(revision),)
        return (
            self._run.condition(revision),
            f"{revision}|{self._run.task.sha256}|{asked.language}|{switches}|{words}",
        )

    def record(self, result: Recognised) -> dict[str, Any]:
        return {
            "language": result.language,
            "segments": [segment.to_json() for segment in result.segments],
            **({"dropped": [each.to_json() for each in result.dropped]} if result.dropped else {}),
        }

    def recorded(self, piece: Any, record: dict[str, Any]) -> Recognised:
        segments = tuple(Segment.from_json(segment) for segment in record["segments"])
        dropped = tuple(Dropped.from_json(each) for each in record.get("dropped", ()))
        language = record["language"]
        return Recognised(segments, language if language is None else str(language), dropped)

    def next_chunk(self, pieces: Sequence[Span]) -> int:
        parts = takewhile(lambda piece: piece.is_part, pieces[1:])
        return 1 + sum(1 for _ in parts)

    def joined(self, pieces: Sequence[Span]) -> Span:
        return replace(pieces[0], end=pieces[-1].end)

    @property
    def is_serial(self) -> bool:
        """Whether the language is still unknown."""
        return self._language_first and self._language is None

    def taken(self, result: Recognised) -> None:
        follows = self.traits.follows_language
        if self.is_serial and (_tells_language(result) if follows else result.language):
            self._language = result.language
            self._choose(self._language)

    @property
    def text(self) -> str:
        """Text before the first chunk that has no result yet, so that it only ever grows: chunks of a batch
        need not be neighbours."""
        return join_texts(segment.text for segment in self._segments(self._chunks.finished_in_a_row()))

    def transcript(self, duration: float) -> Transcript:
        """Transcript recognised so far, of a recording of `duration` seconds."""
        segments = self.segments()
        language = self._asked.language or main_language(segments)
        return Transcript.of(segments, language, duration, self.dropped())

    def segments(self) -> list[Segment]:
        """Segments recognised so far, timed from the start of the recording; those of separate channels are
        merged once all of them are known."""
        return self._segments(self._chunks.finished())

    def dropped(self) -> list[Dropped]:
        """Texts taken out so far, in order of time from the start of the recording."""
        placed = self._placed(self._chunks.finished())
        found = [each.shifted(seconds) for _, seconds, result in placed for each in result.dropped]
        return sorted(found, key=lambda each: each.start)

    def _segments(self, finished: Iterable[tuple[Any, Recognised]]) -> list[Segment]:
        channels: list[list[Segment]] = [[] for _ in self._channel_starts]
        for channel, seconds, result in self._placed(finished):
            for segment in result.segments:
                language = segment.language or result.language
                channels[channel].append(replace(segment.shifted(seconds), language=language))
        return channels[0] if len(channels) == 1 else merged(channels)

    def _placed(self, finished: Iterable[tuple[Any, Recognised]]) -> Iterator[tuple[int, float, Recognised]]:
        """Iterate over results, each with its channel and the second of it at which the chunk begins."""
        starts = self._channel_starts
        for span, result in finished:
            channel = bisect(starts, span.start) - 1
            yield channel, (span.start - starts[channel]) / SAMPLE_RATE, result

    @property
    def _channel_starts(self) -> tuple[int, ...]:
        return self._run.prepared.channel_starts if self._run.prepared else (0,)

    def _choose(self, found: str | None) -> None:
        """Set the options of the chunks to come, once a language was found. An engine gets only the options
        that its batches are kept apart by.

        The operator's script is no part of a task's options: when it changes, keeping the finished chunks of
        a task under way is worth more than one script throughout its text.
        """
        options = self._asked.values(Affects.BATCH)
        script = self._asked.chinese_script or self._run.work.defaults.script
        self.options: dict[str, Any] = {**options, "script": None if script == UNCHANGED else script}
        """Options that the engine gets with the next chunk."""
        if found is not None:
            self.options["likely_language" if self.traits.follows_language else "language"] = found
        self._batch_key = self.traits.batch_key(self.options)


def _tells_language(result: Recognised) -> bool:
    """Whether enough was said to tell the language by: an engine takes "No." for several."""
    spoken = sum(segment.end - segment.start for segment in result.segments)
    return result.language is not None and spoken >= _ENOUGH_TO_TELL
