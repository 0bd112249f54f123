"""The name and the form in which expected catalogs are cached."""

from pydantic import TypeAdapter

from pgfleet.catalog.expected import FORMAT, ExpectedCatalog
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.read.introspection import introspection_checksum
from pgfleet.run.context import Replay
from pgfleet.version import VERSION

EXPECTED_CATALOG = TypeAdapter(ExpectedCatalog)
"""The form: JSON, because reading a pickle can run code."""


def expectation_key(manifest: Manifest, replay: Replay, extensions: str) -> str:
    """What an expected catalog depends on, as a name.

    `extensions` are those of the manifest with the versions that the server has packages of.
    """
    made_by = f"{VERSION}-{FORMAT}-{introspection_checksum()[:16]}"
    name = f"{made_by}-{manifest.checksum[:16]}-{replay.server_major}-{replay.home}"
    return f"{name}-{extensions}" if extensions else name
