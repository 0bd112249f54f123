"""`${…}` in a connection string, and in how a service is restarted."""

import re
from collections.abc import Callable
from typing import Protocol
from urllib.parse import quote

from pgfleet.fleet.secret import Dsn, Secret

EMPTY = "''"
REFERENCE = re.compile(r"\$\{([^}]*)\}")


class Values(Protocol):
    """What references stand for, by what is between their braces: `VAR`, `file:PATH`, `secret:NAME`."""

    def __getitem__(self, reference: str, /) -> str:
        """The value. Raises KeyError with the name of a variable that is not set, or `Unresolved`."""


class Unresolved(KeyError):
    """A reference that stands for nothing; `problem` says why, without the key that it stands in."""

    def __init__(self, reference: str, problem: str) -> None:
        super().__init__(reference, problem)
        self.reference, self.problem = reference, problem


def problem_of(error: KeyError) -> str:
    """What a failed substitution is told as, without the key that it failed in."""
    return error.problem if isinstance(error, Unresolved) else f"the environment variable {error.args[0]} is not set"


def substitute(template: str, values: Values) -> Dsn:
    """The connection string with each `${…}` replaced, written so that libpq reads exactly the value.

    Within a URL the value is percent-encoded, within `key=value` pairs escaped (PostgreSQL manual, 34.1.1 Connection
    Strings); a template that is one reference and nothing else is replaced as it is. Raises KeyError for a reference
    that stands for nothing.
    """
    if whole := REFERENCE.fullmatch(template):
        value = values[whole[1]]
        return Dsn(value, (value,))
    write = _in_url if re.match(r"postgres(ql)?://", template) else _in_pair
    text = REFERENCE.sub(lambda found: write(values[found[1]], found), template)
    secrets = {each for found in REFERENCE.finditer(template) for each in _forms(values[found[1]], found, write)}
    return Dsn(text, tuple(sorted(secrets - {""})))


def substitute_plainly(template: str, values: Values) -> Secret:
    """The text with each `${…}` replaced as it is: for an argument of a command, or a URL, which nothing parses.

    Raises KeyError for a reference that stands for nothing.
    """
    text = REFERENCE.sub(lambda found: values[found[1]], template)
    secrets = {values[found[1]] for found in REFERENCE.finditer(template)}
    return Secret(text, tuple(sorted(secrets - {""})))


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
