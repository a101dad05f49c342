"""Transcription: turns a recording into text."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import takewhile
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from voxq.core.inputs import AUDIO, Blob
from voxq.core.options import Affects, Mark, Options, SetBy
from voxq.core.task import Task
from voxq.engines.contract import Recognised, Rewritten, Traits
from voxq.engines.languages import LANGUAGES
from voxq.kinds import rewritten
from voxq.kinds.base import Kind, StepSpec
from voxq.kinds.hotwords import MAX_HOTWORDS, checked_hotwords, hotwords_of_file
from voxq.kinds.pieces import Passage, Span
from voxq.kinds.rewritten import LONGEST_PROMPT, REWRITE, ModeName
from voxq.kinds.tracks import checked_track, tracks_of
from voxq.kinds.work import Joined, KindRun, Model, ModelUnavailable, Prepared, Work
from voxq.locale import Message
from voxq.processes.media.protocol import Prepare
from voxq.processes.model.protocol import SpanRef, TextRef
from voxq.rewriting.request import Mode
from voxq.speech.audio import SAMPLE_RATE
from voxq.speech.chinese_script import Script
from voxq.speech.chunking import Chunking
from voxq.speech.transcript import Dropped, Segment, Transcript, join_texts, main_language, merged

RECOGNISE = "recognise"
"""Name of its first step, and the capability that this needs."""

_SHORTEST_MAXIMUM = 2.0
"""Seconds that a chunk may always have: speech cut finer than this is not understood."""
_ENOUGH_TO_TELL = 1.5
"""Seconds of speech from which its language is believed."""
_UNCHANGED = "unchanged"
"""Script of Mandarin text that stays as the model writes it."""


@dataclass(frozen=True, slots=True)
class TranscriptionOptions(Options):
    """Options of a task that recognises a recording. None stands for the service's default everywhere."""

    model: Annotated[
        str | None,
        Field(description="Name or alias from `GET /api/v1/models`; default: the service's."),
        Mark(affects=Affects.RESULT, flag="--model/-m"),
    ] = None
    """Name of a listed model, never an alias. Affects no batch key: each model has calls of its own
    anyway."""
    language: Annotated[
        str | None,
        Field(
            description="Spoken language, also by its English name (chinese) or with a region (zh-CN); auto "
            "or nothing: as the service is set up, usually detected. A model may know fewer.",
            json_schema_extra={"enum": ["auto", *LANGUAGES]},
        ),
        Mark(
            set_by=SetBy.CLIENT | SetBy.OPERATOR,
            setting="asr_language",
            from_setting=lambda language: None if language == "auto" else language,
            flag="--language/-l",
        ),
    ] = None
    """ISO 639-1 code; None may also mean that it is detected."""
    hotwords: Annotated[
        tuple[str, ...],
        Field(description=f"Up to {MAX_HOTWORDS} words to listen for, between commas or spaces."),
        Mark(
            wire=Annotated[tuple[str, ...], BeforeValidator(checked_hotwords)],
            set_by=SetBy.CLIENT | SetBy.OPERATOR,
            setting="hotwords_path",
            from_setting=hotwords_of_file,
        ),
    ] = ()
    words: Annotated[
        bool,
        Field(description="Detail of the times in the result; word: those of every word, too."),
        Mark(field="timestamps", choices=(("segment", False), ("word", True)), openai="", flag="--words"),
    ] = False
    """Whether every word gets its times. Under `/v1`, `timestamp_granularities` asks for them."""
    batch_size: Annotated[
        int | None,
        Field(ge=1, le=3600, description="Maximum seconds of (padded) audio per call of the model."),
        Mark(affects=Affects.RESULT),
    ] = None
    """Limit on the padded seconds of a batch with this task, and so on the length of its chunks."""
    use_vad: Annotated[
        bool,
        Field(description="Leave silence out; false: it goes to the model, too."),
        Mark(affects=Affects.RESULT, flag="--vad/--no-vad"),
    ] = True
    """Where chunks are cut; the content of a chunk means the same to a model either way."""
    audio_track: Annotated[
        str | None,
        Field(
            description="Sound track of a file with several: its number, from 0, or its language (eng, zh); "
            "nothing: the one marked as default, else the first with sound.",
            json_schema_extra={"examples": ["1", "eng"]},
        ),
        Mark(affects=Affects.RESULT, wire=Annotated[str, BeforeValidator(checked_track)]),
    ] = None
    separate_channels: Annotated[
        bool,
        Field(
            description="Channels of a stereo recording: mixed, or left and right recognised separately, as "
            "the two speakers of a call."
        ),
        Mark(
            affects=Affects.RESULT,
            field="channels",
            choices=(("mix", False), ("separate", True)),
            flag="--separate",
        ),
    ] = False
    chinese_script: Annotated[
        str | None,
        Field(
            description="Characters of Mandarin text; nothing: by the script or region of `language` (zh-TW, "
            "zh-Hant), else as the service is set up. unchanged: as the model writes them."
        ),
        Mark(affects=Affects.RESULT, wire=Literal[Script, "unchanged"]),
    ] = None
    """Engines get it as the script of a chunk, with the service's in place of None."""
    use_punc: Annotated[
        bool,
        Field(description="Punctuate text that the model leaves without; false: use no other model for it."),
        Mark(flag="--punc/--no-punc"),
    ] = True
    use_itn: Annotated[
        bool | None,
        Field(description="Numbers and dates as digits; nothing: as the model is set up."),
        Mark(flag="--itn/--no-itn"),
    ] = None
    rewrite: Annotated[
        str | None,
        Field(description="What to make of the text besides: a `mode` of texts that are rewritten."),
        Mark(affects=Affects.RESULT, wire=ModeName),
    ] = None
    rewrite_provider: Annotated[
        str | None,
        Field(description="Name of a provider of language models; nothing: the operator's first."),
        Mark(affects=Affects.RESULT),
    ] = None
    rewrite_target: Annotated[
        str | None,
        Field(description="ISO 639-1 code of the language to translate into, with rewrite=translate."),
        Mark(affects=Affects.RESULT),
    ] = None
    rewrite_prompt: Annotated[
        str,
        Field(
            max_length=LONGEST_PROMPT, description="What is to be done with the text, with rewrite=custom."
        ),
        Mark(affects=Affects.RESULT),
    ] = ""
    translate: Annotated[
        bool,
        Field(description="Translate into English, whatever language is spoken."),
        Mark(set_by=SetBy.SERVICE),
    ] = False
    """Whether to translate, with a model that can; set by the route of translations."""
    detect: Annotated[
        bool,
        Field(description="Detect the language even if the operator has set one."),
        Mark(affects=Affects.RESULT, set_by=SetBy.SERVICE),
    ] = False
    """Whether the language is what is wanted; set by the route that detects languages."""


class _Transcription(Kind):
    def audio_track(self, options: Options) -> str | None:
        assert isinstance(options, TranscriptionOptions)
        return options.audio_track

    def wants(self, step: str, options: Options) -> bool:
        assert isinstance(options, TranscriptionOptions)
        return options.rewrite is not None

    def model_name(self, step: str, options: Options) -> str | None:
        assert isinstance(options, TranscriptionOptions)
        if step == REWRITE:
            return rewritten.model_for(Mode(options.rewrite), options.rewrite_provider)
        return options.model

    def check_model(self, step: str, options: Options, model: Model) -> None:
        assert isinstance(options, TranscriptionOptions)
        if step == RECOGNISE and options.translate and not model.traits.translates:
            raise ModelUnavailable(Message("The model {model} cannot translate.", model=model.name))

    def begin(self, work: Work) -> TranscriptionRun:
        return TranscriptionRun(work)


class TranscriptionRun(KindRun):
    """Run of a task whose chunks are spans of the decoded sound, and whose results are text."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        assert isinstance(self.asked, TranscriptionOptions)
        self._asked = replace(self.asked, language=None) if self.asked.detect else self.asked
        # None of its traits are asked for where only the text is rewritten once more.
        self._traits = work.models[RECOGNISE].traits if RECOGNISE in work.models else Traits()
        self._chunks = work.results[RECOGNISE]
        self._passages = work.results[REWRITE]
        self._choose(None)
        # Without a given language, the language of the first speech is that, or likely that, of all chunks.
        self._language_first = self._traits.detects_language and self._asked.language is None
        self._language: str | None = None

    @property
    def request(self) -> Prepare:
        return Prepare(
            self.task.id,
            self.work.recording,
            self.work.directory.pcm,
            self.work.defaults.max_seconds,
            self._chunking,
            self._asked.use_vad,
            self._asked.audio_track,
            self._asked.separate_channels,
        )

    @property
    def disk_per_second(self) -> float:
        return 2.0 if self._asked.separate_channels else 1.0

    @property
    def seconds(self) -> float:
        return self.task.seconds

    @property
    def batch_seconds(self) -> float:
        return self._asked.batch_size or float("inf")

    @property
    def text(self) -> str:
        """Text before the first chunk that has no result yet, so that it only ever grows: chunks of a batch
        need not be neighbours."""
        return join_texts(segment.text for segment in self._segments(self._chunks.finished_in_a_row()))

    def log_line(self, prepared: Prepared, count: int) -> str:
        batch_size = f"{self.work.defaults.batch_seconds:.0f}"
        return (
            f"vad_segments={count} batch_size={batch_size} duration={prepared.duration:.1f} "
            f"decode={prepared.decode:.2f}"
        )

    def batch_key(self, step: str) -> str:
        return self._batch_key if step == RECOGNISE else step

    def ref(self, step: str, index: int) -> SpanRef | TextRef:
        if step == REWRITE:
            return TextRef(self._passages[index].text, self._rewriting)
        span = self._chunks[index]
        return SpanRef(self.work.directory.pcm, span.start, span.end, dict(self.options))

    def conditions(self, step: str, revision: str) -> Sequence[str]:
        if step == REWRITE:
            return (f"{self.condition(revision)}|{rewritten.digest_of(self._transcribed.text)}",)
        asked = self._asked
        words = " ".join(asked.hotwords)
        switches = f"{asked.words}|{asked.use_punc}|{asked.use_itn}|{asked.translate}"
        if asked.chinese_script is not None:  # earlier versions had no such option
            return (self.condition(revision),)
        return (
            self.condition(revision),
            f"{revision}|{self.task.sha256}|{asked.language}|{switches}|{words}",
        )

    def record(self, step: str, result: Recognised | Rewritten) -> dict[str, Any]:
        if isinstance(result, Rewritten):
            return rewritten.record_of(result)
        return {
            "language": result.language,
            "segments": [segment.to_json() for segment in result.segments],
            **({"dropped": [each.to_json() for each in result.dropped]} if result.dropped else {}),
        }

    def recorded(self, step: str, piece: Any, record: dict[str, Any]) -> Recognised | Rewritten:
        if step == REWRITE:
            return rewritten.recorded(record)
        segments = tuple(Segment.from_json(segment) for segment in record["segments"])
        dropped = tuple(Dropped.from_json(each) for each in record.get("dropped", ()))
        language = record["language"]
        return Recognised(segments, language if language is None else str(language), dropped)

    def next_chunk(self, step: str, pieces: Sequence[Span]) -> int:
        if step == REWRITE:
            return 1
        parts = takewhile(lambda piece: piece.is_part, pieces[1:])
        return 1 + sum(1 for _ in parts)

    def joined(self, step: str, pieces: Sequence[Span]) -> Span:
        return replace(pieces[0], end=pieces[-1].end)

    def is_serial(self, step: str) -> bool:
        """Whether the language is still unknown."""
        return step == RECOGNISE and self._language_first and self._language is None

    def taken(self, step: str, result: Recognised | Rewritten) -> None:
        if isinstance(result, Rewritten):
            return
        follows = self._traits.follows_language
        if self.is_serial(step) and (_tells_language(result) if follows else result.language):
            self._language = result.language
            self._choose(self._language)

    def transcript(self, duration: float) -> Transcript:
        """Transcript recognised so far, of a recording of `duration` seconds."""
        segments = self.segments()
        language = self._asked.language or main_language(segments)
        return Transcript.of(segments, language, duration, self.dropped())

    def segments(self) -> list[Segment]:
        """Segments recognised so far, timed from the start of the recording; those of separate channels are
        merged once all of them are known."""
        return self._segments(self._chunks.finished())

    def _segments(self, finished: Iterable[tuple[Any, Recognised]]) -> list[Segment]:
        channels: list[list[Segment]] = [[] for _ in self._channel_starts]
        for channel, seconds, result in self._placed(finished):
            for segment in result.segments:
                language = segment.language or result.language
                channels[channel].append(replace(segment.shifted(seconds), language=language))
        return channels[0] if len(channels) == 1 else merged(channels)

    def dropped(self) -> list[Dropped]:
        """Texts taken out so far, in order of time from the start of the recording."""
        placed = self._placed(self._chunks.finished())
        found = [each.shifted(seconds) for _, seconds, result in placed for each in result.dropped]
        return sorted(found, key=lambda each: each.start)

    def _placed(self, finished: Iterable[tuple[Any, Recognised]]) -> Iterator[tuple[int, float, Recognised]]:
        """Iterate over results, each with its channel and the second of it at which the chunk begins."""
        starts = self._channel_starts
        for span, result in finished:
            channel = bisect(starts, span.start) - 1
            yield channel, (span.start - starts[channel]) / SAMPLE_RATE, result

    @property
    def _channel_starts(self) -> tuple[int, ...]:
        return self.prepared.channel_starts if self.prepared else (0,)

    def last_pieces_for(self, step: str) -> Iterable[Passage]:
        return rewritten.passages_of(self._transcribed.text, Mode(self._asked.rewrite))

    def earlier_pieces_for(self, step: str) -> Iterable[Passage]:
        return self.last_pieces_for(step)

    @cached_property
    def _transcribed(self) -> Transcript:
        """Transcript that is rewritten: that of this run, or of the one before."""
        if self.work.earlier is None:
            return self.transcript(self.prepared.duration if self.prepared else 0.0)
        segments = [Segment.from_json(each) for each in self.work.earlier.segments]
        return Transcript.of(segments, self.work.earlier.language, self.work.earlier.duration)

    @cached_property
    def _rewriting(self) -> dict[str, Any]:
        """Options of the engine that rewrites."""
        asked, transcript = self._asked, self._transcribed
        is_timed = asked.rewrite == Mode.SUMMARY
        return {
            "mode": asked.rewrite,
            "language": transcript.language,
            "target": asked.rewrite_target,
            "prompt": asked.rewrite_prompt,
            "segments": [(each.start, each.end, each.text) for each in transcript.segments if is_timed],
        }

    def step_result(self, step: str) -> dict[str, Any]:
        finished = list(self._passages.finished())
        return rewritten.facts_of(rewritten.joined(finished)) if finished else {}

    def done(self, duration: float, joined: Joined | None) -> dict[str, Any]:
        transcript = self.transcript(duration)
        return {
            "text": transcript.text,
            "raw_text": transcript.raw_text,
            "language": transcript.language,
            "segments": tuple(segment.to_json() for segment in transcript.segments),
            "dropped": tuple(each.to_json() for each in transcript.dropped),
            "audio_tracks": tracks_of(self.prepared) if self.prepared else (),
        }

    def _choose(self, found: str | None) -> None:
        """Set the options of the chunks to come, once a language was found. An engine gets only the options
        that its batches are kept apart by.

        The operator's script is no part of a task's options: when it changes, keeping the finished chunks of
        a task under way is worth more than one script throughout its text.
        """
        options = self._asked.values(Affects.BATCH)
        script = self._asked.chinese_script or self.work.defaults.script
        self.options: dict[str, Any] = {**options, "script": None if script == _UNCHANGED else script}
        """Options that the engine gets with the next chunk."""
        if found is not None:
            self.options["likely_language" if self._traits.follows_language else "language"] = found
        self._batch_key = self._traits.batch_key(self.options)

    @property
    def _chunking(self) -> Chunking:
        """Rules for cutting the recording."""
        chunking = self._traits.chunking
        wished = min(
            chunking.maximum, self.work.defaults.batch_seconds, self._asked.batch_size or chunking.maximum
        )
        longest = max(_SHORTEST_MAXIMUM, wished)
        return replace(chunking, maximum=longest, target=min(chunking.target, longest))


def _tells_language(result: Recognised) -> bool:
    """Whether enough was said to tell the language by: an engine takes "No." for several."""
    spoken = sum(segment.end - segment.start for segment in result.segments)
    return result.language is not None and spoken >= _ENOUGH_TO_TELL


TRANSCRIPTION = _Transcription(
    name="asr",
    options=TranscriptionOptions,
    noun=Message("recording"),
    steps=(
        StepSpec(RECOGNISE, capability="recognise"),
        StepSpec(REWRITE, capability="rewrite", source=RECOGNISE, is_last=True, optional=True),
    ),
    preparation=Message("Decoding"),
    preparer=Message("decoder"),
    queue_setting="rq_queue_name",
    takes_recording=True,
    revision="",
    settings=("asr_language", "asr_chinese_script", "asr_batch_size"),
    routes=(
        "voxq.api.kinds.transcription.submission",
        "voxq.api.kinds.transcription.webservice.routes",
        "voxq.api.kinds.transcription.openai.routes",
        "voxq.api.kinds.transcription.ququ.routes",
    ),
)


def options_of(task: Task) -> TranscriptionOptions:
    """Return the options of a task of this kind."""
    assert isinstance(task.options, TranscriptionOptions)
    return task.options


def recording_of(task: Task) -> Blob:
    """Return the recording that a task of this kind is to recognise."""
    recording = task.inputs[AUDIO]
    assert isinstance(recording, Blob)
    return recording
