"""TOML held against its form; what is wrong is one line: which file, which key, and what is the matter with it."""

import tomllib
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from pgfleet.errors import ConfigurationError

WORDS = {
    "extra_forbidden": "unknown key",
    "missing": "missing",
}


Form = TypeVar("Form", bound=BaseModel)
Location = tuple[int | str, ...]


def read_toml(text: str, form: type[Form], *, file: str, error: type[ConfigurationError]) -> Form:
    """The text as a document of that form; `file` is its name in the `error` that is raised."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise error(file, "", f"is not TOML: {fault}") from None
    try:
        return form.model_validate(data)
    except ValidationError as fault:
        raise error(file, *first_fault(fault, data)) from None


def first_fault(error: ValidationError, document: Any = None) -> tuple[str, str]:
    """The key (`migrations[2].requires`) and the problem of the first fault; an unknown key is told before others.

    `document`, the data that was validated, serves to leave out what pydantic adds to a place (which type of several
    was tried). The value found is never part of what is returned: it may be a secret.
    """
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    fault = min(faults, key=lambda each: each["type"] != "extra_forbidden")
    location = fault["loc"] if document is None else _within(document, fault["loc"], missing=fault["type"] == "missing")
    return key_path(location), WORDS.get(fault["type"], fault["msg"].removeprefix("Value error, "))


def _within(document: Any, location: Location, *, missing: bool) -> Location:
    """As much of the location as the document has, and the key that it lacks if that is the fault."""
    found: list[int | str] = []
    for depth, part in enumerate(location, start=1):
        is_there = (
            part in document if isinstance(document, dict) else isinstance(document, list) and isinstance(part, int)
        )
        if is_there:
            found.append(part)
            document = document[part]
        elif missing and depth == len(location):
            found.append(part)
    return tuple(found)


def key_path(location: Location) -> str:
    """`("migrations", 2, "file")` as `migrations[2].file`; list places are counted from 0, as in TOML tools."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path
