"""Validation of TOML; an error is one line with the file, the key, and the problem."""

import tomllib
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pgfleet.errors import ConfigurationError

MESSAGES = {
    "extra_forbidden": "unknown key",
    "missing": "missing",
}


Form = TypeVar("Form", bound=BaseModel)
Location = tuple[int | str, ...]


def read_toml(text: str, form: type[Form], *, file: str, error: type[ConfigurationError]) -> Form:
    """The text as a document of the given form; raises `error`, in which `file` is its name."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise error(file, "", f"is not valid TOML: {fault}") from None
    try:
        return form.model_validate(data)
    except ValidationError as fault:
        raise error(file, *first_fault(fault, data)) from None


def first_fault(error: ValidationError, document: Any = None) -> tuple[str, str]:
    """The key (`migrations[2].requires`) and the problem of the first error; unknown keys come first.

    `document` is the validated data, used to remove parts that pydantic adds to a location (such as the variant of a
    union). The result never contains the invalid value, which may be a secret.
    """
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    fault = min(faults, key=lambda each: each["type"] != "extra_forbidden")
    location = fault["loc"] if document is None else _within(document, fault["loc"], missing=fault["type"] == "missing")
    return key_path(location), MESSAGES.get(fault["type"], fault["msg"].removeprefix("Value error, "))


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
