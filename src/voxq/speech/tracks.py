"""Sound tracks of a recording: which there are, and which one is taken."""

from __future__ import annotations

from collections.abc import Sequence

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition

from voxq.locale import Message
from voxq.speech.audio import LONGEST_TITLE, AudioError, Track
from voxq.speech.track_languages import code_of_tag

DECODERS = frozenset(
    {
        *("pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be"),
        *("pcm_f32le", "pcm_f32be", "pcm_f64le", "pcm_f64be", "pcm_u8", "pcm_s8", "pcm_alaw", "pcm_mulaw"),
        *("adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt", "gsm", "gsm_ms"),
        *("mp3float", "mp3", "mp2float", "mp2", "aac", "aac_latm", "alac", "flac", "opus", "vorbis", "speex"),
        *("amrnb", "amrwb", "wmav1", "wmav2", "wmapro", "wmalossless", "wmavoice"),
        *("ac3", "eac3", "ape", "tta", "wavpack"),
    }
)
"""Decoders that untrusted bytes may reach, by the names that libavcodec gives them. libavformat's own list of
allowed codecs governs only what it decodes itself to inspect a file, so each track is checked again here."""

_MOST_SHOWN = 8


def audio_tracks(container: InputContainer) -> tuple[Track, ...]:
    """Describe all sound tracks, in the order of the file."""
    return tuple(_described(number, stream) for number, stream in enumerate(container.streams.audio))


def candidates(tracks: Sequence[Track], wanted: str | None) -> list[Track]:
    """Return the tracks that may be taken, best first; only one if it was asked for.

    `wanted` is a number, from 0, or the code of a language; without it, tracks with the default flag come
    first. Raises AudioError: no_audio; unknown_track, with a list of all; undecodable.
    """
    if not tracks:
        raise AudioError("no_audio", Message("The file has no sound track."))
    found = [track for track in tracks if _is_wanted(track, wanted)]
    if not found:
        raise AudioError(
            "unknown_track",
            Message(
                "There is no audio track {wanted}; there are: {tracks}.", wanted=wanted, tracks=shown(tracks)
            ),
        )
    usable = [track for track in found if track.codec in DECODERS]
    if not usable:
        raise AudioError(
            "undecodable",
            Message("The codec of the sound track is not supported: {codec}.", codec=found[0].codec),
        )
    ranked = sorted(usable, key=lambda track: not track.default)
    return ranked[:1] if wanted is not None else ranked


def shown(tracks: Sequence[Track]) -> str:
    """List tracks in a sentence: "0 (en, aac), 1 (aac)"."""
    listed = [f"{t.index} ({', '.join(filter(None, (t.language, t.codec)))})" for t in tracks[:_MOST_SHOWN]]
    return ", ".join([*listed, "..."] if len(tracks) > _MOST_SHOWN else listed)


def _is_wanted(track: Track, wanted: str | None) -> bool:
    return wanted is None or wanted in (str(track.index), track.language)


def _described(number: int, stream: AudioStream) -> Track:
    context = stream.codec_context
    title = "".join(filter(str.isprintable, stream.metadata.get("title", ""))).strip()
    return Track(
        index=number,
        codec=context.codec.name if context is not None else "unknown",
        language=code_of_tag(stream.metadata.get("language", "")),
        title=title[:LONGEST_TITLE] or None,
        channels=context.layout.nb_channels if context is not None else 0,
        default=bool(stream.disposition & Disposition.default),
    )
