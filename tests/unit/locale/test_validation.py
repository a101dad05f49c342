"""Messages about values that Pydantic refuses, of every kind that it knows."""

from __future__ import annotations

from typing import Annotated, Any, get_args

import pytest
from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import PydanticKnownError, core_schema

from voxq.core.validation import message_of
from voxq.locale import translated


@pytest.mark.parametrize(
    ("annotation", "value", "chinese"),
    [
        (Annotated[str, Field(max_length=40)], "a" * 41, "40"),
        (Annotated[str, Field(max_length=1)], "{}", "1"),
        (Annotated[str, Field(min_length=2)], "a", "2"),
        (Annotated[list[int], Field(max_length=2)], [1, 2, 3], "2"),
        (Annotated[int, Field(ge=1)], 0, "1"),
        (Annotated[float, Field(le=4)], 4.5, "4"),
        (int, "{x}", ""),
    ],
)
def test_a_value_out_of_bounds_has_both_messages(annotation: Any, value: Any, chinese: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(annotation).validate_python(value)
    (error,) = caught.value.errors()
    message = message_of(error)
    assert message == error["msg"]
    assert translated(message, "zh") != message and chinese in translated(message, "zh")


@pytest.mark.parametrize("kind", get_args(core_schema.ErrorType))
def test_no_kind_of_error_is_without_a_message(kind: Any) -> None:
    """Also if Pydantic's own sentence has values that its context lacks."""
    error: Any = {"type": kind, "msg": "Something is wrong", "loc": (), "input": None}
    for context in ({}, {"max_length": 3, "min_length": 3, "actual_length": 4, "field_type": "List"}):
        try:
            told = PydanticKnownError(kind, context).message()
        except (KeyError, TypeError):
            told = "Something is wrong"
        assert message_of({**error, "msg": told, "ctx": context}) == told
