"""The English names of languages, which is how OpenAI's verbose JSON tells them."""

from __future__ import annotations

from voxq.engines.languages import LANGUAGES

_NAMES = """
afrikaans amharic arabic assamese azerbaijani bashkir belarusian bulgarian bengali tibetan breton bosnian
catalan czech welsh danish german greek english spanish estonian basque persian finnish faroese french
galician gujarati hausa hawaiian hebrew hindi croatian haitian_creole hungarian armenian indonesian
icelandic italian japanese javanese georgian kazakh khmer kannada korean latin luxembourgish lingala lao
lithuanian latvian malagasy maori macedonian malayalam mongolian marathi malay maltese myanmar nepali
dutch nynorsk norwegian occitan punjabi polish pashto portuguese romanian russian sanskrit sindhi sinhala
slovak slovenian shona somali albanian serbian sundanese swedish swahili tamil telugu tajik thai turkmen
tagalog turkish tatar ukrainian urdu uzbek vietnamese yiddish yoruba cantonese chinese
"""

NAMES = dict(zip(LANGUAGES, (name.replace("_", " ") for name in _NAMES.split()), strict=True))


def name_of(code: str | None) -> str:
    """E.g. "english" for "en"; "unknown" where nothing was said, a code without a name as it is."""
    return NAMES.get(code, code) if code else "unknown"
