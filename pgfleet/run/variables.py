"""Resolves `${VAR}`, `${file:PATH}`, and `${secret:NAME}`."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pgfleet.fleet.templates import Unresolved
from pgfleet.run.regular_file import KIB, Unreadable, read_regular_file

MOST_BYTES = 64 * KIB
"""Of a file with a secret."""
FORMS = "use ${VAR}, ${file:PATH}, or ${secret:NAME}"
SecretReader = Callable[[str], str | None]
"""Returns the value of the Secret block of that name, or None if there is none. Raises PgfleetError."""

_readers: list[SecretReader] = []


def read_secrets_with(reader: SecretReader) -> None:
    """Sets the function that reads `${secret:NAME}`, since this package does not import Prefect."""
    _readers[:] = [reader]


class References:
    """Looks a reference up when it is first needed, and only once: a thousand tenants may share a password."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._known: dict[str, str] = {}

    def __getitem__(self, reference: str, /) -> str:
        """The value of the text between the braces.

        Raises KeyError with the name of a variable that is not set, Unresolved, and the errors of the secret reader.
        """
        if reference not in self._known:
            self._known[reference] = _checked(reference, self._look_up(reference))
        return self._known[reference]

    def _look_up(self, reference: str) -> str:
        kind, colon, name = reference.partition(":")
        if not colon:
            return self._variables[reference]
        if kind == "file":
            return _file(reference, name)
        if kind == "secret":
            return _secret(reference, name)
        raise Unresolved(reference, f"'{kind}:' is unknown; {FORMS}")


def _file(reference: str, name: str) -> str:
    """The file's text, without the newline that editors and shells add at the end."""
    try:
        text = read_regular_file(Path(name), most_bytes=MOST_BYTES).decode("utf-8")
    except Unreadable as error:
        raise Unresolved(reference, f"the file {name} {error}") from None
    except UnicodeDecodeError as error:
        raise Unresolved(reference, f"the file {name} is not UTF-8, at byte {error.start}") from None
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def _checked(reference: str, value: str) -> str:
    """The value, which libpq and commands can take. Raises Unresolved, without the value."""
    if "\0" in value:
        raise Unresolved(reference, f"the value of ${{{reference}}} contains a NUL byte")
    try:
        value.encode()
    except UnicodeEncodeError:  # a byte of the environment that Python could not decode
        raise Unresolved(reference, f"the value of ${{{reference}}} is not UTF-8") from None
    return value


def _secret(reference: str, name: str) -> str:
    if not _readers:
        raise Unresolved(reference, f"only pgfleet's commands and flows can read the Secret block {name}")
    value = _readers[0](name)
    if value is None:
        raise Unresolved(reference, f"Prefect has no Secret block named {name} with a text value")
    return value
