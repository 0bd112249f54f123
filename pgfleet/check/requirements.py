"""The declared requirements of migrations."""

from pgfleet.manifest.model import Manifest, Migration


def required(manifest: Manifest, *versions: str) -> tuple[Migration, ...]:
    """The migrations of these versions and all that they require, also indirectly, in manifest order."""
    wanted = set(versions)
    for migration in reversed(manifest.migrations):  # a requirement always comes earlier
        if migration.version in wanted:
            wanted.update(migration.requires)
    return tuple(each for each in manifest.migrations if each.version in wanted)
