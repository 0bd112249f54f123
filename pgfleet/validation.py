"""Validation of TOML; an error is one line with the file, the key, and the problem."""

import re
import tomllib
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, get_args

from pydantic import AfterValidator, BaseModel, ValidationError
from pydantic_core import ErrorDetails

from pgfleet.errors import ConfigurationError
from pgfleet.hidden_characters import is_shown
from pgfleet.wording import did_you_mean

MESSAGES = {
    "extra_forbidden": "unknown key",
    "missing": "missing",
    "string_type": "must be text in quotes",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "is too large a number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "list_type": "must be an array",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "date_type": "must be a date such as 2026-12-31, without quotes",
    "date_from_datetime_inexact": "must be a date without a time",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "string_too_short": "must not be empty",
    "string_too_long": "must not be longer than {max_length} characters",
    "too_long": "must not be longer than {max_length}",
    "too_short": "must have {min_length} or more entries",
}
"""The problem for each type of pydantic's errors; in braces, what the error knows. None contains the value."""
NOT_VALID = "is not valid"
LONG_KEY = re.compile(r"^[ \t\[]*(?:[\w-]+[ \t]*\.[ \t]*){100}", re.MULTILINE)
"""A key of so many parts; tomllib takes time in proportion to the square of their number."""


Form = TypeVar("Form", bound=BaseModel)
Location = tuple[int | str, ...]


def matching(pattern: str, problem: str) -> AfterValidator:
    """For the type of a key: rejects text that does not match the pattern entirely, with `problem` as the message."""
    return rejecting(lambda text: None if re.fullmatch(pattern, text) else problem)


def rejecting(fault_of: Callable[[str], str | None]) -> AfterValidator:
    """For the type of a key: rejects text in which `fault_of` finds a fault, with the fault as the message."""

    def check(text: str) -> str:
        if fault := fault_of(text):
            raise ValueError(fault)
        return text

    return AfterValidator(check)


def without_nul(text: str) -> str:
    """For the type of a key. Raises ValueError for a text that a server, a file system, or a command would cut off."""
    if "\0" in text:
        raise ValueError("must not contain a NUL character")
    return text


def without_hidden(text: str) -> str:
    """For the type of a key. Raises ValueError for a name that would not look like what it is."""
    if not is_shown(text):
        raise ValueError("must not contain control characters or other invisible ones")
    return text


def read_toml(text: str, form: type[Form], *, file: str, error: type[ConfigurationError]) -> Form:
    """The text as a document of the given form; raises `error` with all its faults, in which `file` is its name."""
    if LONG_KEY.search(text):
        raise error(file, "", "is not valid TOML: it is nested too deeply")
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise error(file, "", f"is not valid TOML: {fault}") from None
    except RecursionError:
        raise error(file, "", "is not valid TOML: it is nested too deeply") from None
    except ValueError:  # of Python's, for a number of thousands of digits
        raise error(file, "", "is not valid TOML: a number has too many digits") from None
    try:
        return form.model_validate(data)
    except ValidationError as fault:
        first, *others = faults_of(fault, data, form)
        raise error(file, *first, *others) from None


def first_fault(error: ValidationError) -> tuple[str, str]:
    """The first of `faults_of`."""
    return faults_of(error)[0]


def faults_of(
    error: ValidationError, document: Any = None, form: type[BaseModel] | None = None
) -> list[tuple[str, str]]:
    """The keys (`migrations[2].requires`) and the problems of the errors; unknown keys come first.

    If a table has an unknown key, its missing keys are omitted, because the unknown one is probably a misspelled one.
    `document` is the validated data, used to remove parts that pydantic adds to a location (such as the variant of a
    union). With the `form`, an unknown key comes with the known ones that are similar. The result never contains an
    invalid value, which may be a secret.
    """
    faults = error.errors(include_input=False, include_url=False, include_context=True)
    unknown = [each for each in faults if each["type"] == "extra_forbidden"]
    tables = {each["loc"][:-1] for each in unknown}
    others = [
        each
        for each in faults
        if each["type"] != "extra_forbidden" and (each["type"] != "missing" or each["loc"][:-1] not in tables)
    ]
    return [_describe(each, document, form) for each in (*unknown, *others)]


def _describe(fault: ErrorDetails, document: Any, form: type[BaseModel] | None) -> tuple[str, str]:
    location = fault["loc"] if document is None else _within(document, fault["loc"], missing=fault["type"] == "missing")
    is_unknown = fault["type"] == "extra_forbidden"
    similar = did_you_mean(str(location[-1]), _keys_at(form, location[:-1])) if form and is_unknown else ""
    return key_path(location), _problem(fault) + similar


def _keys_at(form: type[BaseModel], location: Location) -> Iterator[str]:
    """The keys of the tables at this location of a document of the form."""
    tables = [form]
    for part in location:
        fields = [
            field for table in tables for name, field in table.model_fields.items() if (field.alias or name) == part
        ]
        # A part that names no field is a position in a list, or a key that the user chose.
        tables = [inner for field in fields for inner in _tables_in(field.annotation)] or tables
    for table in tables:
        yield from (field.alias or name for name, field in table.model_fields.items())


def _tables_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _tables_in(inner)


def _problem(fault: ErrorDetails) -> str:
    context = fault.get("ctx", {})
    if fault["type"] == "value_error":
        return str(context["error"])
    return MESSAGES.get(fault["type"], NOT_VALID).format(**context)


def _within(document: Any, location: Location, *, missing: bool) -> Location:
    """The parts of the location that exist in the document, and the missing key if that is the error."""
    found: list[int | str] = []
    for depth, part in enumerate(location, start=1):
        exists = (
            part in document if isinstance(document, dict) else isinstance(document, list) and isinstance(part, int)
        )
        if exists:
            found.append(part)
            document = document[part]
        elif missing and depth == len(location):
            found.append(part)
    return tuple(found)


def key_path(location: Location) -> str:
    """`("migrations", 2, "file")` as `migrations[2].file`; list positions start at 0."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path
