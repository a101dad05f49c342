"""Speaker encoders that were converted for sherpa-onnx.

Names, sizes and digests are those that ten projects each pin; sherpa-onnx's author publishes all of them in
one repository.
"""

from __future__ import annotations

from voxq.locale import Message
from voxq.model_store.model import Hubs, Model

_REPOSITORY = "csukuangfj/speaker-embedding-models"


def _encoder(name: str, file: str, sha256: str, size_mb: int, languages: str, best_for: str) -> Model:
    """Describe an encoder of 3D-Speaker, one file of the repository."""
    return Model(
        name=name,
        engine="sherpa-speaker",
        source=Hubs({"huggingface": _REPOSITORY}, (file,), required=(file,), digests={file: sha256}),
        licence="Apache-2.0",
        languages=languages,
        size_mb=size_mb,
        role="embedder",
        best_for=best_for,
    )


SPEAKERS: tuple[Model, ...] = (
    _encoder(
        "campplus-zh-en",
        "3dspeaker_speech_campplus_sv_zh_en_16k-common_advanced.onnx",
        "aa3cfc16963a10586a9393f5035d6d6b57e98d358b347f80c2a30bf4f00ceba2",
        28,
        Message("Chinese, English"),
        Message("many speakers, quickly"),
    ),
    _encoder(
        "campplus-zh",
        "3dspeaker_speech_campplus_sv_zh-cn_16k-common.onnx",
        "f682b514c05d947ee3fa91cd6ec6c5c7543479a128373fa29b1faedccd21fd11",
        28,
        Message("Chinese"),
        Message("speakers of Chinese, quickly"),
    ),
    _encoder(
        "eres2netv2-zh",
        "3dspeaker_speech_eres2netv2_sv_zh-cn_16k-common.onnx",
        "bf1a75b9930474cf3389ef415e6e5d38ca96fea4a3a00f7e301d080a58ee2239",
        71,
        Message("Chinese"),
        Message("speakers of Chinese, from short sounds"),
    ),
)
