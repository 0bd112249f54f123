"""An embedded server for a manifest's scratch databases, with the roles that its scripts name."""

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
"""Of every embedded cluster."""


@contextmanager
def embedded_server(binaries: Path, manifest: Manifest) -> Iterator[Dsn]:
    """Where databases can be made while the block lasts. Roles may not log in: they are there to be granted to.

    Raises ClusterFailed where the server cannot be started.
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
