"""`${VAR}` in a connection string, and in how a service is restarted."""

import re
from collections.abc import Callable, Mapping
from urllib.parse import quote

from pgfleet.fleet.secret import Dsn, Secret

EMPTY = "''"
REFERENCE = re.compile(r"\$\{([^}]*)\}")


def substitute(template: str, variables: Mapping[str, str]) -> Dsn:
    """The connection string with each `${VAR}` replaced, written so that libpq reads exactly the variable's value.

    Within a URL the value is percent-encoded, within `key=value` pairs escaped (PostgreSQL manual, 34.1.1 Connection
    Strings); a template that is one reference and nothing else is replaced as it is. Raises KeyError with the name of
    an unset variable.
    """
    if whole := REFERENCE.fullmatch(template):
        value = variables[whole[1]]
        return Dsn(value, (value,))
    write = _in_url if re.match(r"postgres(ql)?://", template) else _in_pair
    text = REFERENCE.sub(lambda found: write(variables[found[1]], found), template)
    secrets = {each for found in REFERENCE.finditer(template) for each in _forms(variables[found[1]], found, write)}
    return Dsn(text, tuple(sorted(secrets - {""})))


def substitute_plainly(template: str, variables: Mapping[str, str]) -> Secret:
    """The text with each `${VAR}` replaced as it is: for an argument of a command, or a URL, which nothing parses.

    Raises KeyError with the name of an unset variable.
    """
    text = REFERENCE.sub(lambda found: variables[found[1]], template)
    secrets = {variables[found[1]] for found in REFERENCE.finditer(template)}
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
