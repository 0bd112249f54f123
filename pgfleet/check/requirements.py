"""What a migration needs before it, by its own word."""

from pgfleet.manifest.model import Manifest, Migration


def required(manifest: Manifest, *versions: str) -> tuple[Migration, ...]:
    """The migrations of those versions with all that they require, and what that requires, in the manifest's order."""
    wanted = set(versions)
    for migration in reversed(manifest.migrations):  # a requirement always comes before
        if migration.version in wanted:
            wanted.update(migration.requires)
    return tuple(each for each in manifest.migrations if each.version in wanted)
