"""FunASR's models.

The ids are those of FunASR's own name tables and model zoo; report/MODELS.md names the source of each fact.
"FunASR" is the licence of that name. Where the model cards of the two hubs differ, ModelScope's comes first.
"""

from __future__ import annotations

from voxq.locale import Message
from voxq.model_store.model import Hubs, Model, Role

_ENGINE = "funasr"
_FUNASR = "FunASR"
_BOTH = f"Apache-2.0, {_FUNASR}"
_COMMON_FILES = ("config.yaml", "configuration.json", "model.pt")
_PARAFORMER_FILES = (*_COMMON_FILES, "am.mvn", "tokens.json", "seg_dict")


def _hubs(
    modelscope: str, huggingface: str | None, required: tuple[str, ...], optional: tuple[str, ...] = ()
) -> Hubs:
    """Describe the hubs of a model, ModelScope first: FunASR itself looks there, and it is fast in China."""
    repositories = {"modelscope": modelscope}
    if huggingface:
        repositories["huggingface"] = huggingface
    return Hubs(repositories, (*required, *optional), required)


def _helper(name: str, role: Role, source: Hubs, languages: str, size_mb: int, best_for: str) -> Model:
    """Describe a model that assists a recogniser."""
    return Model(name, _ENGINE, source, _BOTH, languages, size_mb, role=role, best_for=best_for)


FUNASR: tuple[Model, ...] = (
    Model(
        name="sensevoice",
        engine=_ENGINE,
        source=_hubs(
            "iic/SenseVoiceSmall",
            "FunAudioLLM/SenseVoiceSmall",
            # Without configuration.json FunASR would look for the tokenizer under another name.
            (*_COMMON_FILES, "am.mvn", "chn_jpn_yue_eng_ko_spectok.bpe.model"),
            ("tokens.json",),
        ),
        licence=_FUNASR,
        languages=Message("Chinese, Cantonese, English, Japanese, Korean"),
        size_mb=938,
        language_codes=("zh", "yue", "en", "ja", "ko"),
        best_for=Message("most: fast, mixed languages, emotions"),
    ),
    Model(
        name="paraformer-zh",
        engine=_ENGINE,
        source=_hubs(
            "iic/speech_seaco_paraformer_large_asr_nat-zh-cn-16k-common-vocab8404-pytorch",
            None,
            _PARAFORMER_FILES,
        ),
        licence="Apache-2.0",
        languages=Message("Chinese, some English"),
        size_mb=998,
        language_codes=("zh", "en"),
        needs=("ct-punc",),
        best_for=Message("Mandarin: hotwords, word times"),
    ),
    Model(
        name="paraformer-large",
        engine=_ENGINE,
        source=_hubs(
            "iic/speech_paraformer-large_asr_nat-zh-cn-16k-common-vocab8404-pytorch",
            "funasr/paraformer-zh",
            _PARAFORMER_FILES,
        ),
        licence=_BOTH,
        languages=Message("Chinese, some English"),
        size_mb=889,
        language_codes=("zh", "en"),
        needs=("ct-punc",),
        best_for=Message("Mandarin from Hugging Face: no hotwords"),
    ),
    Model(
        name="paraformer-en",
        engine=_ENGINE,
        source=_hubs(
            "iic/speech_paraformer-large-vad-punc_asr_nat-en-16k-common-vocab10020",
            "funasr/paraformer-en",
            (*_COMMON_FILES, "am.mvn", "tokens.json"),
            ("bpe.model", "seg_dict"),
        ),
        licence=_FUNASR,
        languages=Message("English"),
        size_mb=888,
        language_codes=("en",),
        needs=("ct-punc",),
        best_for=Message("English only"),
    ),
    Model(
        name="fun-asr-nano",
        engine=_ENGINE,
        source=_hubs(
            "FunAudioLLM/Fun-ASR-Nano-2512",
            "FunAudioLLM/Fun-ASR-Nano-2512",
            ("config.yaml", "model.pt", "Qwen3-0.6B/config.json"),
            ("configuration.json", "multilingual.tiktoken", "Qwen3-0.6B/*"),
        ),
        licence="Apache-2.0",
        languages=Message("Chinese and dialects, English, Japanese"),
        size_mb=2_150,
        language_codes=("zh", "en", "ja"),
        best_for=Message("dialects, on a GPU"),
    ),
    _helper(
        "ct-punc",
        "punctuation",
        _hubs(
            "iic/punc_ct-transformer_cn-en-common-vocab471067-large",
            "funasr/ct-punc",
            (*_COMMON_FILES, "tokens.json"),
            ("jieba_usr_dict",),
        ),
        Message("Chinese, English"),
        1_140,
        Message("installed with a Paraformer"),
    ),
    _helper(
        "fsmn-vad",
        "VAD",
        _hubs("iic/speech_fsmn_vad_zh-cn-16k-common-pytorch", "funasr/fsmn-vad", (*_COMMON_FILES, "am.mvn")),
        Message("any"),
        2,
        Message("not used yet: VoxQ has its own VAD"),
    ),
    _helper(
        "cam++",
        "speaker",
        _hubs(
            "iic/speech_campplus_sv_zh-cn_16k-common",
            "funasr/campplus",
            ("campplus_cn_common.bin", "config.yaml"),
            ("configuration.json",),
        ),
        Message("any"),
        28,
        Message("not used yet: speaker recognition"),
    ),
)
