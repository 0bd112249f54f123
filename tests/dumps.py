"""What `pg_dump --schema-only` says of a database, entry by entry."""

import os
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass

from fix_servers import BINARIES
from psycopg.conninfo import conninfo_to_dict

HEADER = re.compile(r"^-- Name: (?P<name>.*); Type: (?P<type>.*); Schema: (?P<schema>.*); Owner: .*$", re.MULTILINE)
SETTINGS = re.compile(r"^(?:--.*|SET default_table_access_method = .*|\\(?:un)?restrict .*)\n?", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Entry:
    """One object as the dump writes it, its owner apart."""

    type: str
    schema: str
    name: str
    text: str

    @property
    def object(self) -> str:
        """What it is of: the word before the name tells an entry of privileges, comments or the like from another's."""
        return self.name.partition(" ")[2] if self.type in {"ACL", "COMMENT"} else self.name.partition(" ")[0]


def dump(dsn: str) -> tuple[Entry, ...]:
    """Every entry, with the newest pg_dump at hand, which reads older servers too."""
    found = {key: str(value) for key, value in conninfo_to_dict(dsn).items()}
    command = [str(BINARIES["embedded"] / "pg_dump"), "--schema-only"]
    command += [f"--host={found['host']}", f"--port={found['port']}", f"--username={found['user']}", found["dbname"]]
    environment = os.environ | {"PGPASSWORD": found.get("password", "")}
    shown = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return tuple(sorted(read_entries(shown.stdout)))


def read_entries(text: str) -> Iterable[Entry]:
    """The entries of a dump's text, without what varies by itself."""
    headers = list(HEADER.finditer(text))
    ends = [each.start() for each in headers[1:]] + [len(text)]
    for header, end in zip(headers, ends, strict=True):
        body = SETTINGS.sub("", text[header.end() : end])
        yield Entry(
            type=header["type"],
            schema=header["schema"],
            name=header["name"],
            text="\n".join(line for line in body.splitlines() if line.strip()),
        )
