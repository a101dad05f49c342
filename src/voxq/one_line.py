"""Text that stays on the line where it is printed."""

from __future__ import annotations

# C0, DEL, C1, the Unicode line separators, and the bidi marks that reorder text in a terminal.
_CONTROL = [*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
_ESCAPES = {code: f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" for code in _CONTROL} | {
    0x09: "\\t",
    0x0A: "\\n",
    0x0D: "\\r",
}


def one_line(text: str) -> str:
    """Escape the control characters of a text, so that no client can forge or hide a line of a log or a
    terminal."""
    return text.translate(_ESCAPES)
