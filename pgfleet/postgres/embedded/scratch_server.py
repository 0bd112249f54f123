"""Starts an embedded server for scratch databases, with the roles that the manifest's scripts name."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from psycopg import sql

from pgfleet.fleet.secret import Dsn
from pgfleet.manifest.model import Manifest
from pgfleet.manifest.roles import roles_named
from pgfleet.postgres.embedded.cluster import Cluster
from pgfleet.postgres.session import Session

SUPERUSER = "postgres"
"""The superuser of every embedded cluster."""


@contextmanager
def embedded_server(binaries: Path, manifest: Manifest) -> Iterator[Dsn]:
    """The DSN of a server that runs within the block. The roles cannot log in; scripts grant privileges to them.

    Raises ClusterFailed if the server cannot be started.
    """
    with Cluster.temporary(binaries) as cluster:
        admin = Dsn(cluster.socket_dsn())
        with Session(admin) as session:
            for role in roles_named(manifest):
                if role != SUPERUSER:
                    session.run_outside_transaction(
                        sql.SQL("CREATE ROLE {} NOLOGIN").format(sql.Identifier(role)).as_string()
                    )
        yield admin
