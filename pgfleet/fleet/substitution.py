"""`${VAR}` in a connection string."""

import re
from collections.abc import Mapping
from urllib.parse import quote

from pgfleet.fleet.secret import Dsn

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
    escape = _in_url if re.match(r"postgres(ql)?://", template) else _in_pair
    text = REFERENCE.sub(lambda found: escape(variables[found[1]]), template)
    values = [variables[name] for name in REFERENCE.findall(template)]
    return Dsn(text, tuple({*values, *map(escape, values)}))


def _in_url(value: str) -> str:
    return quote(value, safe="")


def _in_pair(value: str) -> str:
    return re.sub(r"([\\'\s])", r"\\\1", value)
