"""A pydantic validation error as one line: which key, and what is wrong with it."""

from pydantic import ValidationError

WORDS = {
    "extra_forbidden": "unknown key",
    "missing": "missing",
}


def first_fault(error: ValidationError) -> tuple[str, str]:
    """The key (`migrations[2].requires`) and the problem of the first fault; an unknown key is told before others.

    The value found is never part of it: it may be a secret.
    """
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    fault = min(faults, key=lambda each: each["type"] != "extra_forbidden")
    return key_path(fault["loc"]), WORDS.get(fault["type"], fault["msg"].removeprefix("Value error, "))


def key_path(location: tuple[int | str, ...]) -> str:
    """`("migrations", 2, "file")` as `migrations[2].file`; list places are counted from 0, as in TOML tools."""
    path = ""
    for part in location:
        if isinstance(part, int):
            path += f"[{part}]"
        else:
            path += f".{part}" if path else part
    return path
