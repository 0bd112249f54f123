"""The example manifest that has something of every kind, and tenants that hold it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from fix_servers import Server, apply_manifest

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.manifest.model import Manifest
from pgfleet.run.files import load_manifest

FILE = Path(__file__).parent / "manifests" / "everything" / "manifest.toml"
ROLES = ("everything_reader", "everything_writer", "everything_stranger")
"""Of the cluster: the manifest grants to the first two, and knows nothing of the third."""


@pytest.fixture(scope="session")
def everything_manifest() -> Manifest:
    return load_manifest(FILE)


@pytest.fixture(scope="session")
def everything_server(server: Server) -> Server:
    """The server, with the roles that the manifest grants to."""
    for role in ROLES:
        server.execute(f"DO $$ BEGIN IF to_regrole('{role}') IS NULL THEN CREATE ROLE {role} NOLOGIN; END IF; END $$")
    return server


@pytest.fixture(scope="session")
def everything_expected(everything_server: Server, everything_manifest: Manifest) -> ExpectedCatalog:
    """What the manifest makes on this server."""
    return everything_server.expected(everything_manifest)


@pytest.fixture(scope="session")
def everything_template(everything_server: Server, everything_manifest: Manifest) -> str:
    """A database with the whole manifest, to be cloned."""
    name = everything_server.create_database()
    with everything_server.session(name) as session:
        apply_manifest(session, everything_manifest)
    return name


@pytest.fixture
def everything_database(everything_server: Server, everything_template: str) -> Iterator[str]:
    """A ready tenant's database of the test's own."""
    name = everything_server.create_database(everything_template)
    yield name
    everything_server.drop_database(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Beginning:
    """What most cases of a manifest begin with: what is expected, and a database that holds it, to be cloned."""

    manifest: Manifest
    expected: ExpectedCatalog
    template: str


@pytest.fixture(scope="session")
def beginnings(
    shipped_manifest: Manifest,
    expected: ExpectedCatalog,
    template: str,
    everything_manifest: Manifest,
    everything_expected: ExpectedCatalog,
    everything_template: str,
) -> dict[str, Beginning]:
    """By the manifest that a case names."""
    return {
        "shipped": Beginning(manifest=shipped_manifest, expected=expected, template=template),
        "everything": Beginning(
            manifest=everything_manifest, expected=everything_expected, template=everything_template
        ),
    }
