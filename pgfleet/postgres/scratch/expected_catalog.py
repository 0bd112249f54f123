"""Builds the expected catalog of tenants on servers of one major version."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from pydantic import TypeAdapter

from pgfleet.catalog.expected import FORMAT, ExpectedCatalog
from pgfleet.errors import AccessRefused, ConnectionFailed, ScratchUnavailable
from pgfleet.fleet.secret import Dsn
from pgfleet.manifest.model import Manifest
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.embedded.binaries import ClusterFailed, embedded_binaries, server_account
from pgfleet.postgres.embedded.binaries import server_major as binaries_major
from pgfleet.postgres.read.introspection import introspection_checksum
from pgfleet.postgres.scratch.database import scratch_database
from pgfleet.postgres.scratch.reapplicable import find_reapplicable
from pgfleet.postgres.scratch.replay import replay
from pgfleet.postgres.scratch.server import embedded_server
from pgfleet.postgres.session import Session
from pgfleet.postgres.tenant_session import limits_of
from pgfleet.run.context import Replay, RunContext
from pgfleet.version import VERSION

Builder = Callable[[Manifest, Session], ExpectedCatalog]
"""Makes the expected catalog in the empty database of the session."""
EXPECTED_CATALOG = TypeAdapter(ExpectedCatalog)
"""The form in which expected catalogs are cached: JSON, because reading a pickle can run code."""


def build_expected(manifest: Manifest, scratch: Session) -> ExpectedCatalog:
    """What the manifest creates in the empty database of `scratch`, and which of it a rerun restores.

    Raises ReplayFailed, and transient DatabaseErrors.
    """
    expected = replay(manifest, scratch)
    return replace(expected, reapplicable=find_reapplicable(manifest, scratch, expected))


def find_expected(
    context: RunContext, key: Replay, own_server: Dsn, build: Builder = build_expected
) -> ExpectedCatalog:
    """Replays the manifest, and tries which objects a rerun restores, unless `build` does less.

    Uses the environment's `scratch_dsn`, or else the tenants' `own_server`; if no scratch database can be created
    there, the embedded server, provided it has the same version. Raises NoExpectedCatalog, and transient
    DatabaseErrors.
    """
    try:
        return _replay_on(context.environment.policy.scratch_dsn or own_server, context, key, build)
    except ScratchUnavailable:
        embedded = _replay_embedded(context, key, build)
        if embedded is None:
            raise
        return embedded


def _replay_on(admin: Dsn, context: RunContext, key: Replay, build: Builder) -> ExpectedCatalog:
    limits = limits_of(context)
    found = _major_of(admin, limits)
    if found != key.server_major:
        raise ScratchUnavailable(libpq.server(admin), f"it is PostgreSQL {found}, the tenants use {key.server_major}")
    with scratch_database(admin, limits, context.manifest.migrations, key.home) as scratch:
        return build(context.manifest, scratch)


def _major_of(admin: Dsn, limits: Limits) -> int:
    try:
        with Session(admin, limits=limits) as session:
            return session.server_major
    except (ConnectionFailed, AccessRefused) as error:
        raise ScratchUnavailable(libpq.server(admin), str(error)) from error


def _replay_embedded(context: RunContext, key: Replay, build: Builder) -> ExpectedCatalog | None:
    """The expected catalog from the embedded server; None if that has another version or cannot start."""
    with suppress(ClusterFailed):
        binaries = embedded_binaries()
        if binaries_major(binaries, server_account()) == key.server_major:
            with embedded_server(binaries, context.manifest) as admin:
                return _replay_on(admin, context, key, build)
    return None


def expectation_key(manifest: Manifest, replay: Replay, extensions: str) -> str:
    """What an expected catalog depends on, as a name.

    `extensions` are those of the manifest with the versions that the server has packages of.
    """
    made_by = f"{VERSION}-{FORMAT}-{introspection_checksum()[:16]}"
    name = f"{made_by}-{manifest.checksum[:16]}-{replay.server_major}-{replay.home}"
    return f"{name}-{extensions}" if extensions else name
