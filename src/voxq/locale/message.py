"""Messages for people: English text that remembers from what it was made, so that it can be translated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Self


class Message(str):
    """Text for people, in English: "Port {port} is in use" with `port=8000` is "Port 8000 is in use".

    A value may be a message, too, and is then translated with it. Text that is otherwise joined or cut from a
    message is no message any more, and stays English.
    """

    template: str
    plural: str | None
    """Template for all numbers but 1, if the message is about a number."""
    values: Mapping[str, object]

    def __new__(cls, template: str, /, **values: object) -> Self:
        """Make a message from a template as of `str.format`; one without values is taken literally."""
        message = super().__new__(cls, template.format_map(values) if values else template)
        message.template, message.plural, message.values = template, None, values
        return message

    @classmethod
    def counted(cls, one: str, many: str, /, number: int, **values: object) -> Self:
        """Make a message about a number: `one` if it is 1, else `many`; `{number}` stands for it in both."""
        message = cls(one if number == 1 else many, number=number, **values)
        message.template, message.plural = one, many
        return message

    @classmethod
    def joined(cls, between: str, parts: Iterable[object]) -> Self:
        """Join messages and other values to one, each of which is translated for itself."""
        values = {f"part_{number}": part for number, part in enumerate(parts)}
        return cls(between.join(f"{{{name}}}" for name in values), **values)

    def __str__(self) -> str:
        # Not a copy of the text: str(error) is to be the message that the error was raised with.
        return self


def about(subject: object, says: object) -> Message:
    """Make a message that begins with what it is about, such as a field, a setting or a file."""
    return Message("{subject}: {says}", subject=subject, says=says)
