"""Reader of requests, derived from the declared options: JSON bodies and forms give the same values and the
same errors. It also describes both for the OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import Annotated, Any, ClassVar, Generic, Literal, TypeVar, Union, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    create_model,
    model_validator,
)

from voxq.core import validation
from voxq.core.options import OptionField, Options, SetBy, is_required
from voxq.core.refusal import Refusal, shown
from voxq.core.submission import SubmissionOptions
from voxq.locale import Message, about

O = TypeVar("O", bound=Options)  # noqa: E741

FIELD = Message("field")
QUERY_PARAMETER = Message("query parameter")
_LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Asked(Generic[O]):
    """A request that has been read: the options of its task, how it is queued, and its other fields."""

    options: O
    submission: SubmissionOptions
    besides: Mapping[str, Any] = field(default_factory=dict)


class RequestReader(Generic[O]):
    """Reads requests for one class of options, built once for all requests of a route."""

    def __init__(
        self,
        options: type[O],
        *,
        openai: bool = False,
        fixed: Mapping[str, Any] | None = None,
        defaults: Mapping[str, Any] | None = None,
        types: Mapping[str, Any] | None = None,
        besides: Mapping[str, Any] | None = None,
        elsewhere: Collection[str] = (),
    ) -> None:
        """All but the last two arguments are by name of the option.

        `openai`: use the field names of `/v1`. `fixed`: values of options that have no field in these
        requests. `defaults`: defaults that differ in these requests. `types`: wider types, with a
        description, that requests of this route accept. `besides`: other fields with their annotations and
        defaults, as Pydantic's `create_model` takes them. `elsewhere`: fields that other code reads; errors
        name them, too.
        """
        self._options = options
        self._fixed = dict(fixed or {})
        self._defaults = dict(defaults or {})
        self._besides = dict(besides or {})
        self._elsewhere = tuple(elsewhere)
        own, submission = (
            [each for each in of.declared().values() if self._is_asked(each, openai)]
            for of in (options, SubmissionOptions)
        )
        of_route = self._defaults | self._fixed
        self._own = {name: value for name, value in of_route.items() if name in options.declared()}
        self._submission = {name: value for name, value in of_route.items() if name not in self._own}
        self._of_submission = frozenset(each.name for each in submission)
        self._names = {each.name: each.openai if openai else each.field for each in (*own, *submission)}
        self._field_names = frozenset((*self._names.values(), *self._besides))
        definitions = {each.name: self._definition(each, types or {}) for each in (*own, *submission)}
        self._model: type[_Body] = create_model(
            f"{options.__name__}Request", __base__=_Body, **definitions, **self._besides
        )
        self._model.field_names = self._field_names

    @property
    def names(self) -> frozenset[str]:
        """Names of the fields that it reads."""
        return self._field_names

    @property
    def required(self) -> frozenset[str]:
        """Names of the fields without which no request can be read."""
        fields = self._model.model_fields.items()
        return frozenset(info.alias or name for name, info in fields if info.is_required())

    def json(self, body: bytes) -> Asked[O]:
        """Read a JSON body.

        Raises Refusal ("bad_json"; "invalid_option", with the field's name), or the error that an option's
        type raises itself.
        """
        return self._read(lambda: self._model.model_validate_json(body))

    def form(self, fields: Mapping[str, str]) -> Asked[O]:
        """Read the fields of a form or a query; a blank field counts as absent. Raises as `json`."""
        known = self._field_names
        given = {name: text for name in fields if (text := fields[name].strip()) or name not in known}
        return self._read(lambda: self._model.model_validate(given))

    def values(self, fields: Mapping[str, Any]) -> Asked[O]:
        """Read fields that have been decoded from JSON. Raises as `json`."""
        return self._read(lambda: self._model.model_validate(dict(fields)))

    def json_schema(self) -> dict[str, Any]:
        """JSON schema of a JSON body."""
        schema = self._schema()
        required = schema.get("required", ())
        for name, described in schema["properties"].items():
            if name not in required:
                _let_be_null(described)
        return schema

    def form_schema(self, files: Mapping[str, Any]) -> dict[str, Any]:
        """Schema of a form with these files, which are required."""
        schema = self._schema()
        for described in schema["properties"].values():
            if described.get("type") == "array":
                del described["items"]
                described["type"] = "string"
        schema["properties"] = {**files, **schema["properties"]}
        schema["required"] = [*files, *schema.get("required", ())]
        return schema

    def _read(self, validate: Callable[[], BaseModel]) -> Asked[O]:
        try:
            body = validate()
        except ValidationError as error:
            raise self._refusal(error) from None
        values = vars(body)
        own, submission = self._own.copy(), self._submission.copy()
        for name in body.model_fields_set:
            if name in self._of_submission:
                submission[name] = values[name]
            elif name not in self._besides:
                own[name] = values[name]
        besides = {name: values[name] for name in self._besides}
        return Asked(self._options(**own), SubmissionOptions(**submission), besides)

    def _is_asked(self, option: OptionField, openai: bool) -> bool:
        has_field = SetBy.CLIENT in option.mark.set_by and (option.openai or not openai)
        return bool(has_field) and option.name not in self._fixed

    def _definition(self, option: OptionField, types: Mapping[str, Any]) -> tuple[Any, Any]:
        about: dict[str, Any] = {"alias": self._names[option.name]}
        annotation = types.get(option.name)
        if annotation is None:
            annotation, about["description"] = _request_type(option), option.description
        if is_required(option) and option.name not in self._defaults:
            return annotation, Field(**about)
        default = self._defaults.get(option.name, option.default)
        if option.mark.choices:
            word = next(word for word, value in option.mark.choices if value == default)
            return annotation, Field(word, **about)  # for the description: the model does not read it
        return annotation, Field(default, **about)

    def _schema(self) -> dict[str, Any]:
        schema = self._model.model_json_schema(by_alias=True)
        for described in schema["properties"].values():
            described.pop("title", None)
            if described.get("default", ...) in (None, "", []):
                del described["default"]
        schema.pop("title", None)
        schema.pop("description", None)
        return schema

    def _refusal(self, error: ValidationError) -> Refusal:
        first = error.errors(include_input=False, include_url=False)[0]
        if first["type"] == "json_invalid" or not first["loc"]:
            return Refusal("bad_json", Message("Send a JSON object as the body"))
        field = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            return unknown_field(field, (*self._elsewhere, *self._model_names()))
        place = ".".join(map(str, first["loc"]))
        return Refusal("invalid_option", about(place, validation.message_of(first)), field=field)

    def _model_names(self) -> list[str]:
        return [info.alias or name for name, info in self._model.model_fields.items()]


def unknown_field(name: str, there: Iterable[str], sort: Message = FIELD) -> Refusal:
    """Refusal of a field, or another `sort` of name, that is not known here; it names the known ones.

    An option that is silently ignored is a wrong result.
    """
    names = list(dict.fromkeys(there))
    told = shown(name, _LONGEST_NAME)
    if names:
        message = Message(
            "There is no {sort} {name}; there are: {known}", sort=sort, name=told, known=", ".join(names)
        )
    else:
        message = Message("There is no {sort} {name}; there are none", sort=sort, name=told)
    return Refusal("invalid_option", message, field=told, fields=names)


class _Body(BaseModel):
    """Fields of a request. One that is null counts as absent: the service decides."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)
    field_names: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        known = cls.field_names
        return {name: value for name, value in given.items() if value is not None or name not in known}


def _request_type(option: OptionField) -> Any:
    """Type that a request accepts for an option. Null is no value: it means that the field is absent."""
    mark = option.mark
    if mark.choices:
        values = dict(mark.choices)
        annotation = one_of(Literal[tuple(values)])
        return Annotated[option.constrained(annotation), AfterValidator(values.__getitem__)]
    annotation = _without_none(option.type) if mark.wire is None else mark.wire
    if get_origin(annotation) is Literal:
        annotation = one_of(annotation)
    elif mark.wire is None and get_origin(annotation) is tuple:
        annotation = Annotated[annotation, BeforeValidator(_between_commas)]
    return option.constrained(annotation)


def one_of(literal: Any) -> Any:
    """Return a type like `literal`, which accepts words in any case, and numbers also as the text that a form
    has."""
    known = {str(value).lower(): value for value in get_args(literal)}

    def as_declared(given: Any) -> Any:
        return known.get(given.strip().lower(), given) if isinstance(given, str) else given

    return Annotated[literal, BeforeValidator(as_declared)]


def _between_commas(given: Any) -> Any:
    if not isinstance(given, str):
        return given
    return [piece for each in given.split(",") if (piece := each.strip())]


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) not in (Union, UnionType):
        return annotation
    return Union[tuple(each for each in get_args(annotation) if each is not NoneType)]  # noqa: UP007


def _let_be_null(described: dict[str, Any]) -> None:
    if "anyOf" in described:
        described["anyOf"] = [*described["anyOf"], {"type": "null"}]
    elif "type" in described:
        described["type"] = [described["type"], "null"]
        if "enum" in described:
            described["enum"] = [*described["enum"], None]
