"""What `${VAR}`, `${file:PATH}` and `${secret:NAME}` stand for."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pgfleet.fleet.templates import Unresolved

FORMS = "there are ${VAR}, ${file:PATH} and ${secret:NAME}"
SecretReader = Callable[[str], str | None]
"""The value of the Secret block of that name; None where there is no such block. Raises PgfleetError."""

_readers: list[SecretReader] = []


def read_secrets_with(reader: SecretReader) -> None:
    """From now on `${secret:NAME}` is what the reader says; the engine itself knows no Prefect."""
    _readers[:] = [reader]


class References:
    """Looks each reference up when it is first asked for, and once: a thousand tenants may have the same password."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self._variables = variables
        self._known: dict[str, str] = {}

    def __getitem__(self, reference: str, /) -> str:
        """The value of what stands between the braces.

        Raises KeyError with the name of a variable that is not set, Unresolved, and what the reader of secrets raises.
        """
        if reference not in self._known:
            self._known[reference] = self._look_up(reference)
        return self._known[reference]

    def _look_up(self, reference: str) -> str:
        kind, colon, name = reference.partition(":")
        if not colon:
            return self._variables[reference]
        if kind == "file":
            return _file(reference, name)
        if kind == "secret":
            return _secret(reference, name)
        raise Unresolved(reference, f"'{kind}:' is no way to refer to anything; {FORMS}")


def _file(reference: str, name: str) -> str:
    """The file's text, less the newline that editors and shells put at its end."""
    try:
        text = Path(name).read_bytes().decode("utf-8")
    except OSError as error:
        raise Unresolved(reference, f"the file {name} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise Unresolved(reference, f"the file {name} is not UTF-8, at byte {error.start}") from None
    return text.removesuffix("\n").removesuffix("\r") if text.endswith("\n") else text


def _secret(reference: str, name: str) -> str:
    if not _readers:
        raise Unresolved(reference, f"the Secret block {name} can be read by pgfleet's commands and flows alone")
    value = _readers[0](name)
    if value is None:
        raise Unresolved(reference, f"Prefect has no Secret block named {name} that holds a text")
    return value
