"""Languages as containers tag their tracks with them: ISO 639-2 codes, or BCP 47 tags in newer files."""

from __future__ import annotations

import re
from collections.abc import Mapping

_TABLE = """
af afr, am amh, ar ara, as asm, az aze, ba bak, be bel, bg bul, bn ben, bo bod tib, br bre, bs bos, ca cat,
cs ces cze, cy cym wel, da dan, de deu ger, el ell gre, en eng, es spa, et est, eu eus baq, fa fas per, fi
fin, fo fao, fr fra fre, gl glg, gu guj, ha hau, haw haw, he heb, hi hin, hr hrv, ht hat, hu hun, hy hye
arm, id ind, is isl ice, it ita, ja jpn, jw jav jv, ka kat geo, kk kaz, km khm, kn kan, ko kor, la lat, lb
ltz, ln lin, lo lao, lt lit, lv lav, mg mlg, mi mri mao, mk mkd mac, ml mal, mn mon, mr mar, ms msa may, mt
mlt, my mya bur, ne nep, nl nld dut, nn nno, no nor nob nb, oc oci, pa pan, pl pol, ps pus, pt por, ro ron
rum, ru rus, sa san, sd snd, si sin, sk slk slo, sl slv, sn sna, so som, sq sqi alb, sr srp, su sun, sv swe,
sw swa, ta tam, te tel, tg tgk, th tha, tk tuk, tl tgl fil, tr tur, tt tat, uk ukr, ur urd, uz uzb, vi vie,
yi yid, yo yor, yue yue, zh zho chi cmn
"""

_CODES: Mapping[str, str] = {
    tag: names[0] for names in (entry.split() for entry in _TABLE.split(",")) for tag in names
}

_TAG = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9_-]{1,30})?", re.ASCII)


def code_of_tag(tag: str) -> str | None:
    """Return the code that tasks know a language by ("en" for "eng" and "en-US"), or the tag itself if none.

    None for "und", the tag of an unknown language, and for what is no tag at all.
    """
    match = _TAG.fullmatch(tag.strip().lower())
    if match is None or match[1] == "und":
        return None
    return _CODES.get(match[1], match[1])
