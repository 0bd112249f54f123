"""Chooses the server that a manifest is proven on: an environment's or the embedded one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pgfleet.errors import AccessRefused, ConnectionFailed, ScratchUnavailable
from pgfleet.fleet.secret import Dsn
from pgfleet.manifest.model import Manifest
from pgfleet.manifest.roles import roles_named
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.embedded.binaries import Account, embedded_binaries, server_major
from pgfleet.postgres.embedded.cluster import Cluster
from pgfleet.postgres.query import with_names
from pgfleet.postgres.read.servers import group_by_server
from pgfleet.postgres.session import Session
from pgfleet.postgres.tenant_session import limits_of
from pgfleet.run.context import RunContext

EMBEDDED = Limits(application_name="pgfleet manifest check")


@contextmanager
def proving_server(context: RunContext | None, manifest: Manifest) -> Iterator[tuple[Dsn, Limits]]:
    """The DSN and limits for scratch databases: on the environment's server, or on an embedded one without context.

    Raises ScratchUnavailable if no server of the environment can be reached, and ClusterFailed.
    """
    if context is not None:
        yield _first_reachable(context)[0], limits_of(context)
    else:
        with embedded_server(embedded_binaries(), manifest) as admin:
            yield admin, EMBEDDED


def proving_major(context: RunContext | None) -> int:
    """The major version of that server, without starting the embedded one. Raises as `proving_server` does."""
    if context is not None:
        return _first_reachable(context)[1]
    return server_major(embedded_binaries(), Account(name="this user"))


def _first_reachable(context: RunContext) -> tuple[Dsn, int]:
    """The environment's `scratch_dsn`, or else the first of its tenants' servers, with its major version."""
    scratch = context.environment.policy.scratch_dsn
    servers = group_by_server(context.environment.tenants)
    candidates = [[scratch]] if scratch else [[each.dsn for each in tenants] for tenants in servers.values()]
    problems: dict[str, str] = {}
    for same_server in candidates:
        for candidate in same_server:
            try:
                with Session(candidate, limits=limits_of(context)) as session:
                    return candidate, session.server_major
            except (ConnectionFailed, AccessRefused) as error:
                problems.setdefault(libpq.server(candidate), str(error))
                if error.connect_failure is None or error.connect_failure.affects_server:
                    break
    raise ScratchUnavailable(", ".join(problems), "; ".join(problems.values()))


SUPERUSER = "postgres"
"""The superuser of every embedded cluster."""


@contextmanager
def embedded_server(binaries: Path, manifest: Manifest) -> Iterator[Dsn]:
    """The DSN of a server that runs within the block. The roles cannot log in; scripts grant privileges to them.

    Raises ClusterFailed if the server cannot be started.
    """
    with Cluster(binaries) as cluster:
        admin = Dsn(cluster.socket_dsn())
        with Session(admin) as session:
            for role in roles_named(manifest):
                if role != SUPERUSER:
                    session.run_outside_transaction(with_names("CREATE ROLE {} NOLOGIN", role))
        yield admin
