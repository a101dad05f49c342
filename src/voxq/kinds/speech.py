"""Speech: turns a text into sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from voxq.core.inputs import TEXT, Inline
from voxq.core.options import Affects, Mark, Options, SetBy
from voxq.core.refusal import Refusal
from voxq.core.task import Task
from voxq.engines.contract import FASTEST, SLOWEST
from voxq.engines.mixtures import MOST_VOICES
from voxq.kinds.base import Kind, StepSpec
from voxq.kinds.pieces import Phrase
from voxq.kinds.spoken import segments_of
from voxq.kinds.work import (
    Joined,
    KindRun,
    Model,
    ModelUnavailable,
    OutputFile,
    Prepared,
    Results,
    Work,
)
from voxq.locale import Message
from voxq.processes.media.join_protocol import Begin, Sound
from voxq.processes.media.protocol import Split
from voxq.processes.model.protocol import KeptSpeech, SentenceRef
from voxq.speech.markup import InputType, has_marks
from voxq.speech.sentences import Break, spoken_seconds
from voxq.speech.transcript import join_texts

if TYPE_CHECKING:
    from voxq.storage.scratch import WorkDirectory

SPEAK = "speak"
"""Name of its one step, and the capability that this needs."""
_FLOAT32 = 4

TextField = Annotated[str, Field(description="Text to speak.")]
"""Field of a request beside its options."""
Format = Literal["mp3", "opus", "aac", "flac", "wav", "pcm"]
"""Formats of `voxq.speech.audio.SPEECH_FORMATS`."""
SampleRate = Literal[8000, 16000, 22050, 24000, 44100, 48000]


def no_recording(given: Any) -> Any:
    """Refuse a recording to be imitated, as an address or as bytes: a voice is given by its name.

    Raises Refusal ("voice_unsupported").
    """
    if isinstance(given, str):
        return given
    raise Refusal(
        "voice_unsupported", Message("voice must be a name; recordings are not supported"), field="voice"
    )


@dataclass(frozen=True, slots=True)
class SpeechOptions(Options):
    """Options of a task that speaks a text."""

    voice: Annotated[
        str,
        Field(
            description="A name from `GET /api/v1/tts/voices`; default: by the text's language. Kokoro's can "
            f"be mixed, up to {MOST_VOICES} of one language, with a weight if it is not 1: "
            "af_heart(2)+af_sky.",
            json_schema_extra={"examples": ["heart"]},
        ),
        Mark(wire=Annotated[str, BeforeValidator(no_recording)], flag="--voice/-v"),
    ] = ""
    """Name of a voice, or of a mixture of several; an accepted task always has one."""
    model: Annotated[
        str | None,
        Field(description="Name or alias of a synthesiser; default: the one that has the voice."),
        Mark(affects=Affects.RESULT),
    ] = None
    """Affects no batch key: each model has calls of its own anyway."""
    language: Annotated[
        str | None,
        Field(
            description="ISO 639-1 code or English name, or auto: detected from the script. Applies to words "
            "in Latin letters, too."
        ),
        Mark(flag="--language/-l"),
    ] = None
    """Language of words in Latin letters; None: the voice's own."""
    speed: Annotated[
        float, Field(ge=SLOWEST, le=FASTEST, description="2 is twice as fast, at the same pitch.")
    ] = 1.0
    format: Annotated[
        str,
        Field(description="Format of the audio file."),
        Mark(affects=Affects.RESULT, wire=Format, openai="response_format", flag="--format/-f"),
    ] = "wav"
    sample_rate: Annotated[
        int | None,
        Field(description="Hz of the audio file; default: the voice's own. Opus supports only some."),
        Mark(affects=Affects.RESULT, wire=SampleRate),
    ] = None
    input_type: Annotated[
        str,
        Field(
            description="auto: SSML if the text begins with <speak, else Markdown with HTML, whose marks are "
            "not read; text: read as it is."
        ),
        Mark(affects=Affects.RESULT, wire=InputType),
    ] = "auto"
    normalise: Annotated[
        bool,
        Field(description="Write out figures and addresses before reading; false: as the voice reads them."),
    ] = True
    likeness: Annotated[
        float | None,
        Field(ge=-1, le=1),
        Mark(affects=Affects.RESULT, set_by=SetBy.SERVICE),
    ] = None
    """Similarity of the voice and the one that was asked for, if it is a voice match."""


class _Speech(Kind):
    def output_extension(self, options: Options) -> str:
        assert isinstance(options, SpeechOptions)
        return options.format

    def expected_seconds(self, text: str, options: Options) -> float:
        assert isinstance(options, SpeechOptions)
        return round(spoken_seconds(text) / options.speed, 3)

    def shown(self, options: Options) -> dict[str, Any]:
        assert isinstance(options, SpeechOptions)
        shown = {"voice": options.voice, "format": options.format, "speed": options.speed}
        if options.likeness is None:
            return shown
        return shown | {"voice_match": {"voice": options.voice, "similarity": options.likeness}}

    def check_model(self, step: str, options: Options, model: Model) -> None:
        assert isinstance(options, SpeechOptions)
        model.voice(options.voice)
        if names := model.not_honoured(options.values(Affects.BATCH)):
            raise ModelUnavailable(
                Message(
                    "{model} does not honour the option {names}.", model=model.name, names=", ".join(names)
                )
            )

    def begin(self, work: Work) -> SpeechRun:
        return SpeechRun(work)


class SpeechRun(KindRun):
    """Run of a task whose chunks are sentences, and pieces of those that open a text. Their results lie as
    sound in the work directory, until they are joined."""

    def __init__(self, work: Work) -> None:
        super().__init__(work)
        assert isinstance(self.asked, SpeechOptions)
        self._asked = self.asked
        self._options = self._asked.values(Affects.BATCH)
        self._batch_key = work.models[SPEAK].traits.batch_key(self._options)
        self._sentences = work.results[SPEAK]
        self._file = _SpeechFile(self._sentences, work, self._asked)

    @property
    def request(self) -> Split:
        model, asked = self.work.models[SPEAK], self._asked
        language = asked.language or model.voice(asked.voice).language
        rate = model.traits.times_real_time  # of sound at the voice's own speed
        return Split(
            self.task.id,
            text_of(self.task),
            asked.input_type,
            language,
            model.languages,
            rate and rate / asked.speed,
        )

    @property
    def seconds(self) -> float:
        """Seconds at the voice's own speed: a faster one takes as much work."""
        return self.task.seconds * self._asked.speed

    @property
    def disk_per_second(self) -> float:
        """Disk space for a second: voices have 24 kHz, decoded sound has 16 kHz."""
        return 1.5

    @property
    def output(self) -> OutputFile:
        return self._file

    @property
    def text(self) -> str:
        return join_texts(segment.text for segment in segments_of(self._sentences.finished_in_a_row()))

    def duration(self, prepared: Prepared | None, joined: Joined | None) -> float:
        return joined.duration if joined else 0.0

    def log_line(self, prepared: Prepared, count: int) -> str:
        return f"sentences={count} characters={len(text_of(self.task))} split={prepared.decode:.2f}"

    def batch_key(self, step: str) -> str:
        return self._batch_key

    def is_serial(self, step: str) -> bool:
        """Whether nothing can be heard yet, and a listener has to wait for it: no other sentence of the text
        takes a part of the machine until then."""
        has_begun = len(self._sentences) > 0 and self._sentences.result(0) is not None
        return self.work.models[SPEAK].traits.times_real_time is not None and not has_begun

    def ref(self, step: str, index: int) -> SentenceRef:
        phrase = self._sentences[index]
        return SentenceRef(phrase.text, dict(self._options), self.work.directory.sound(phrase.start))

    def conditions(self, step: str, revision: str) -> Sequence[str]:
        if has_marks(text_of(self.task)):  # earlier versions split it in another way
            return (self.condition(revision),)
        asked = self._asked
        how = f"{asked.voice}|{asked.speed}|{asked.language}|{asked.normalise}"
        return (self.condition(revision), f"{revision}|{self.task.sha256}|{how}")

    def record(self, step: str, result: KeptSpeech) -> dict[str, Any]:
        spoken = {"spoken": result.spoken} if result.spoken else {}
        return {"samples": result.samples, "sample_rate": result.sample_rate, **spoken}

    def recorded(self, step: str, piece: Phrase, record: dict[str, Any]) -> KeptSpeech | None:
        """Read a record; None if its sound is missing."""
        spoken = str(record.get("spoken", ""))
        kept = KeptSpeech(int(record["samples"]), int(record["sample_rate"]), spoken)
        return kept if _is_there(self.work.directory, piece, kept) else None

    def done(self, duration: float, joined: Joined | None) -> dict[str, Any]:
        assert joined is not None
        segments = segments_of(self._sentences.finished(), joined.times)
        voice = self.work.models[SPEAK].voice(self._asked.voice)
        return {
            "text": text_of(self.task),
            "language": self._asked.language or voice.language,
            "segments": tuple(segment.to_json() for segment in segments),
            "sample_rate": joined.rate,
            "skipped": tuple(
                asdict(each) for phrase, _ in self._sentences.finished() for each in phrase.skipped
            ),
        }


class _SpeechFile(OutputFile):
    """File of the sentences of a text, with their pauses."""

    def __init__(self, sentences: Results, work: Work, asked: SpeechOptions) -> None:
        self._sentences = sentences
        self._directory = work.directory
        self._execution = work.execution
        self._asked = asked

    @property
    def path(self) -> Path:
        return self._directory.speech(self._execution)

    def begin(self, id: str) -> Begin:
        assert self._sample_rate is not None  # there are `sounds`
        return Begin(
            id,
            self._directory.begin_speech(self._execution),
            self._asked.format,
            self._sample_rate,
            self._asked.sample_rate,
            self._asked.speed,
        )

    def sounds(self, first: int, most: int) -> tuple[Sound, ...]:
        """Sounds to be joined next. Because a file begins with the rate of its sound, there are none before
        the first sentence that has one."""
        sentences = self._sentences
        if first >= len(sentences) or self._sample_rate is None:
            return ()
        sounds: list[Sound] = []
        for index in range(first, min(first + most, len(sentences))):
            kept = sentences.result(index)
            if kept is None:
                break
            phrase, is_last = sentences[index], index == len(sentences) - 1
            ending = Break.CLAUSE if is_last else phrase.ending
            path = self._directory.sound(phrase.start)
            sounds.append(Sound(path, kept.samples, ending, phrase.delivery))
        return tuple(sounds)

    def lost(self) -> Sequence[int]:
        found = ((index, self._sentences.result(index)) for index in range(len(self._sentences)))
        return [
            index
            for index, kept in found
            if kept is not None and not _is_there(self._directory, self._sentences[index], kept)
        ]

    @property
    def hindrance(self) -> tuple[str, str] | None:
        if any(kept.samples for _, kept in self._sentences.finished()):
            return None
        return "unpronounceable", Message("There is nothing in this text that can be said.")

    @property
    def _sample_rate(self) -> int | None:
        """Rate of the sentences' sound, once one has a sound and all before it are spoken."""
        for index in range(len(self._sentences)):
            kept = self._sentences.result(index)
            if kept is None or kept.samples:
                return kept.sample_rate if kept else None
        return None


def _is_there(directory: WorkDirectory, phrase: Phrase, kept: KeptSpeech) -> bool:
    """Whether the sound of a sentence is complete; a person may have removed it."""
    if not kept.samples:
        return True
    try:
        return directory.sound(phrase.start).stat().st_size == kept.samples * _FLOAT32
    except OSError:
        return False


SPEECH = _Speech(
    name="tts",
    options=SpeechOptions,
    noun=Message("text"),
    steps=(StepSpec(SPEAK, capability="speak"),),
    preparation=Message("Text processing"),
    preparer=Message("text processor"),
    queue_setting="tts_queue_name",
    makes_file=True,
    routes=(
        "voxq.api.kinds.speech.submission",
        "voxq.api.kinds.speech.embedding",
        "voxq.api.kinds.speech.voices",
        "voxq.api.kinds.speech.openai.routes",
        "voxq.api.kinds.speech.openai.listings",
    ),
)


def options_of(task: Task) -> SpeechOptions:
    """Return the options of a task of this kind."""
    assert isinstance(task.options, SpeechOptions)
    return task.options


def text_of(task: Task) -> str:
    """Return the text that a task of this kind is to speak, as the client gave it."""
    text = task.inputs[TEXT]
    assert isinstance(text, Inline)
    return text.text
