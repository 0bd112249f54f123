"""TLS on a server that can do it, with a certificate of an authority of the tests' own."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import trustme
from fix_servers import ByAnotherWay, Server

from pgfleet.fleet.secret import Dsn
from pgfleet.postgres.embedded.binaries import server_account

HOST = "localhost"
SETTINGS = ("ssl", "ssl_cert_file", "ssl_key_file")
LONGEST_RELOAD_SECONDS = 20


class EncryptedServer(ByAnotherWay):
    """The same server, whose tenants are reached by TLS under the name of its certificate, which is verified."""

    def __init__(self, server: Server, root: Path) -> None:
        super().__init__(server)
        self.root = root

    def dsn(self, database: str, role: str | None = None) -> Dsn:
        return self.by(super().dsn(database, role), host=HOST, root=self.root)

    def by(self, dsn: Dsn, *, host: str, root: Path) -> Dsn:
        """The same database under this name, verified by that root."""
        text = dsn.text.replace("@127.0.0.1:", f"@{host}:")
        return Dsn(f"{text}?sslmode=verify-full&sslrootcert={root}")


@pytest.fixture(scope="module")
def encrypted(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EncryptedServer]:
    """A server that is installed: the embedded one is built without OpenSSL."""
    folder, data = tmp_path_factory.mktemp("tls"), server.cluster.data_dir
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "root.pem"))
    trustme.CA().cert_pem.write_to_path(str(folder / "other.pem"))
    certificate = authority.issue_cert(HOST)
    (data / "tls.crt").write_bytes(b"".join(each.bytes() for each in certificate.cert_chain_pems))
    (data / "tls.key").touch(mode=0o600)
    (data / "tls.key").write_bytes(certificate.private_key_pem.bytes())
    for name in ("tls.crt", "tls.key"):
        server_account().own(data / name)
    for name, value in zip(SETTINGS, ("on", "tls.crt", "tls.key"), strict=True):
        server.execute(f"ALTER SYSTEM SET {name} TO '{value}'")
    reload(server, ssl="on")
    yield EncryptedServer(server, folder / "root.pem")
    for name in SETTINGS:
        server.execute(f"ALTER SYSTEM RESET {name}")
    reload(server, ssl="off")


def reload(server: Server, *, ssl: str) -> None:
    """The server reads its configuration at some time after it was told to."""
    server.execute("SELECT pg_reload_conf()")
    deadline = time.monotonic() + LONGEST_RELOAD_SECONDS
    while True:
        with psycopg.connect(server.cluster.dsn()) as connection:
            if connection.execute("SHOW ssl").fetchone() == (ssl,):
                return
        assert time.monotonic() < deadline, "the server does not read its configuration"
        time.sleep(0.02)
