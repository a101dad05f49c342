"""Languages of the Whisper models by code and name; light, so that the API can check requests against
them."""

from __future__ import annotations

from collections.abc import Mapping

from voxq.speech.chinese_script import Script
from voxq.speech.track_languages import code_of_tag

_TABLE = """
af afrikaans, am amharic, ar arabic, as assamese, az azerbaijani, ba bashkir, be belarusian, bg bulgarian,
bn bengali, bo tibetan, br breton, bs bosnian, ca catalan, cs czech, cy welsh, da danish, de german, el greek,
en english, es spanish, et estonian, eu basque, fa persian, fi finnish, fo faroese, fr french, gl galician,
gu gujarati, ha hausa, haw hawaiian, he hebrew, hi hindi, hr croatian, ht haitian creole, hu hungarian,
hy armenian, id indonesian, is icelandic, it italian, ja japanese, jw javanese, ka georgian, kk kazakh,
km khmer, kn kannada, ko korean, la latin, lb luxembourgish, ln lingala, lo lao, lt lithuanian, lv latvian,
mg malagasy, mi maori, mk macedonian, ml malayalam, mn mongolian, mr marathi, ms malay, mt maltese,
my myanmar, ne nepali, nl dutch, nn nynorsk, no norwegian, oc occitan, pa punjabi, pl polish, ps pashto,
pt portuguese, ro romanian, ru russian, sa sanskrit, sd sindhi, si sinhala, sk slovak, sl slovenian, sn shona,
so somali, sq albanian, sr serbian, su sundanese, sv swedish, sw swahili, ta tamil, te telugu, tg tajik,
th thai, tk turkmen, tl tagalog, tr turkish, tt tatar, uk ukrainian, ur urdu, uz uzbek, vi vietnamese,
yi yiddish, yo yoruba, yue cantonese, zh chinese
"""

NAMES: Mapping[str, str] = {
    code: name for code, _, name in (" ".join(entry.split()).partition(" ") for entry in _TABLE.split(","))
}
"""English names by code."""

LANGUAGES: tuple[str, ...] = tuple(NAMES)
"""ISO 639-1 codes, except Whisper's own "haw", "yue" and "jw" (Javanese)."""

_OTHERWISE: Mapping[str, str] = {
    **{name: code for code, name in NAMES.items()},
    "burmese": "my",
    "castilian": "es",
    "filipino": "tl",
    "flemish": "nl",
    "haitian": "ht",
    "iw": "he",
    "mandarin": "zh",
    "und": "auto",
    "zh-yue": "yue",
}
"""Codes by other names of a language; media libraries such as Bazarr's say "und" for one they do not know."""

_SCRIPTS: Mapping[str, Script] = {
    **dict.fromkeys(("hans", "cn", "sg", "my"), "simplified"),
    **dict.fromkeys(("hant", "tw", "hk", "mo"), "traditional"),
}
"""Scripts of Mandarin by the subtag for a script or a region."""


def script_of(wanted: str) -> Script | None:
    """Return the script that a code of Mandarin names ("zh-Hant", "zh_TW"), itself or by its region; None if
    it names none."""
    if code_of(wanted) != "zh":
        return None
    subtags = wanted.strip().lower().replace("_", "-").split("-")[1:]
    return next((_SCRIPTS[each] for each in subtags if each in _SCRIPTS), None)


def name_of(code: str | None) -> str:
    """Return the English name of a code, e.g. "english" for "en"; "unknown" for None, and an unnamed code as
    it is."""
    return NAMES.get(code, code) if code else "unknown"


def code_of(wanted: str) -> str:
    """Return the code for a code, an English name, a code of three letters ("eng", "chi"), or a code with
    script and region ("zh-Hans-CN", "en_US"), which no model here distinguishes (see `script_of`).

    Any other text is returned in lower case.
    """
    given = wanted.strip().lower().replace("_", "-")
    if given in NAMES:
        return given
    primary = given.partition("-")[0]
    tagged = code_of_tag(primary) or ""
    found = _OTHERWISE.get(given) or _OTHERWISE.get(primary) or tagged
    return found if found in NAMES or found == "auto" else given
