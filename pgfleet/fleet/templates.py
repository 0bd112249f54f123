"""References (`${…}`) in connection strings and in restart commands."""

import re
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote

from pgfleet.fleet.secret import HIDDEN, Dsn, Secret

EMPTY = "''"
REFERENCE = re.compile(r"\$\{([^}]*)\}")


class Values(Protocol):
    """The values of references, by the text between their braces: `VAR`, `file:PATH`, `secret:NAME`."""

    def __getitem__(self, reference: str, /) -> str:
        """The value. Raises KeyError with the name of an unset variable, or `Unresolved`."""


class Unresolved(KeyError):
    """A reference that cannot be resolved; `problem` says why, without naming the key in the fleet file."""

    def __init__(self, reference: str, problem: str) -> None:
        super().__init__(reference, problem)
        self.reference, self.problem = reference, problem


def describe_unresolved(error: KeyError) -> str:
    """The problem of a failed substitution, without naming the key in the fleet file."""
    return error.problem if isinstance(error, Unresolved) else f"the environment variable {error.args[0]} is not set"


def substitute(template: str, values: Values) -> Dsn:
    """The connection string with every `${…}` replaced and encoded so that libpq reads exactly the value.

    In a URL, the value is percent-encoded; in `key=value` pairs, it is escaped (PostgreSQL manual, 34.1.1 Connection
    Strings). A template that is a single reference becomes its value. Raises KeyError for an unresolved reference.
    """
    _require_closed(template)
    if reference := REFERENCE.fullmatch(template):
        value = values[reference[1]]
        return Dsn(value, (value,))
    write = _in_url if re.match(r"postgres(ql)?://", template) else _in_pair
    text = REFERENCE.sub(lambda found: write(values[found[1]], found), template)
    secrets = {each for found in REFERENCE.finditer(template) for each in _forms(values[found[1]], found, write)}
    return Dsn(text, tuple(sorted(secrets - {""})))


def substitute_text(template: str, values: Values) -> Secret:
    """The text with every `${…}` replaced by its value without encoding, for command arguments and URLs.

    Raises KeyError for an unresolved reference.
    """
    _require_closed(template)
    text = REFERENCE.sub(lambda found: values[found[1]], template)
    secrets = {values[found[1]] for found in REFERENCE.finditer(template)}
    return Secret(text, tuple(sorted(secrets - {""})), REFERENCE.sub(HIDDEN, template))


def _require_closed(template: str) -> None:
    """Raises Unresolved for a `${` without its `}`, or with nothing between them; the message quotes no text."""
    if "${" in REFERENCE.sub("", template):
        raise Unresolved(template, "contains ${ without }")
    if any(not found[1].strip() for found in REFERENCE.finditer(template)):
        raise Unresolved(template, "contains ${} without a name")


Writer = Callable[[str, re.Match[str]], str]


def _forms(value: str, found: re.Match[str], write: Writer) -> tuple[str, str]:
    return value, write(value, found) if value else ""


def _in_url(value: str, _found: re.Match[str]) -> str:
    return quote(value, safe="")


def _in_pair(value: str, found: re.Match[str]) -> str:
    stands_alone = re.search(r"=\s*$", found.string[: found.start()]) and re.match(r"\s|$", found.string[found.end() :])
    if not value and stands_alone:
        return EMPTY
    return re.sub(r"([\\'\s])", r"\\\1", value)
