"""Who may use the Prefect server that `pgfleet up` starts, on a machine that other people use, too."""

import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rich.console import Console

from pgfleet.errors import ConfigurationError
from pgfleet.run.files import private_file

USER = "pgfleet"
"""The first half of the key: Prefect uses HTTP's basic authentication."""
TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
LISTENING = "0A"


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The key of the server's API, if it has one, and the file that contains it if the key is ours."""

    key: str | None
    file: Path | None

    @classmethod
    def of(cls, file: Path, *, is_ours: bool) -> Self:
        """The key that the user has set for Prefect; or else the one in the file, which is created if necessary.

        None for a server that is not ours. Raises ConfigurationError.
        """
        from prefect.settings import PREFECT_API_AUTH_STRING, PREFECT_SERVER_API_AUTH_STRING

        for setting in (PREFECT_SERVER_API_AUTH_STRING, PREFECT_API_AUTH_STRING) if is_ours else ():
            if known := setting.value():
                return cls(key=known.get_secret_value(), file=None)
        if not is_ours:
            known = PREFECT_API_AUTH_STRING.value()
            return cls(key=known.get_secret_value() if known else None, file=None)
        try:
            return cls(key=read_or_create_key(file), file=file)
        except OSError as error:
            raise ConfigurationError(str(file), "", f"cannot be used: {error.strerror}") from None

    @property
    def server_variables(self) -> Mapping[str, str]:
        """The environment variables of the server. Unlike arguments, other users cannot see them."""
        return {"PREFECT_SERVER_API_AUTH_STRING": self.key} if self.key else {}

    @property
    def client_variables(self) -> Mapping[str, str]:
        """The environment variables of processes that use the API."""
        return {"PREFECT_API_AUTH_STRING": self.key} if self.key else {}

    def explain(self, console: Console, api: str) -> None:
        """Prints how the browser and the command line get in; the key itself only at a terminal, never into a log."""
        if not self.file:
            return
        key = self.key if sys.stderr.isatty() else f"the content of {self.file}"
        console.print(f"The page asks for a password once in each browser: {key}", markup=False)
        variables = f'PREFECT_API_URL={api} PREFECT_API_AUTH_STRING="$(cat {self.file})"'
        console.print(f"Other commands use this server with: export {variables}", style="dim", markup=False)


def read_or_create_key(file: Path) -> str:
    """The key in the file, which is created if it is missing, readable only by its owner. Raises OSError."""
    known = file.read_text(encoding="utf-8").strip() if file.is_file() else ""
    if not known or file.stat().st_uid != os.geteuid() or file.stat().st_mode & 0o077:
        known = f"{USER}:{secrets.token_urlsafe(24)}"
        private_file(file, f"{known}\n")
    return known


def is_own_port(port: int) -> bool:
    """Whether this user or root listens on the port; false where the system does not say (no /proc)."""
    owners = set[int]()
    for table in TABLES:
        for line in table.read_text().splitlines()[1:] if table.exists() else ():
            _, local, _, state, _, _, _, user, *_ = line.split()
            if state == LISTENING and int(local.rpartition(":")[2], 16) == port:
                owners.add(int(user))
    return bool(owners) and owners <= {os.geteuid(), 0}
