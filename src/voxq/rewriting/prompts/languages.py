"""Languages that a transcript can be translated into, as prompts name them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

TARGETS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        code: MappingProxyType({"en": english, "zh": chinese})
        for code, english, chinese in (
            ("ar", "Arabic", "阿拉伯语"),
            ("de", "German", "德语"),
            ("en", "English", "英语"),
            ("es", "Spanish", "西班牙语"),
            ("fr", "French", "法语"),
            ("hi", "Hindi", "印地语"),
            ("id", "Indonesian", "印尼语"),
            ("it", "Italian", "意大利语"),
            ("ja", "Japanese", "日语"),
            ("ko", "Korean", "韩语"),
            ("ms", "Malay", "马来语"),
            ("nl", "Dutch", "荷兰语"),
            ("pl", "Polish", "波兰语"),
            ("pt", "Portuguese", "葡萄牙语"),
            ("ru", "Russian", "俄语"),
            ("th", "Thai", "泰语"),
            ("tr", "Turkish", "土耳其语"),
            ("uk", "Ukrainian", "乌克兰语"),
            ("vi", "Vietnamese", "越南语"),
            ("zh", "Simplified Chinese", "简体中文"),
        )
    }
)
"""ISO 639-1 code -> language of a prompt -> name of the language."""
