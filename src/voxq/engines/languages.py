"""The languages that Whisper models know; light, so that the API can check requests against it."""

_CODES = """
af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy
id is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa
sd si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh
"""

LANGUAGES: tuple[str, ...] = tuple(_CODES.split())
"""ISO 639-1 codes, but for "haw", "yue" and "jw" (Javanese), which Whisper calls so."""
