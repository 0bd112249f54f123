"""What the tests of rollout reports share."""

from unit.literals import a_manifest, a_migration

from pgfleet.documents.entry import ErrorEntry
from pgfleet.manifest.model import Priority

MANIFEST = a_manifest(a_migration("1"), a_migration("2", name="two", priority=Priority.P1))
HOSTILE = ["[red]x[/red]", "[/]", "[link=http://x]y[/link]", ":boom:", "a\\[b]", "[bold"]
BAD_VALUE = ErrorEntry(
    message="invalid input syntax", sqlstate="22P02", file="2_two.sql", line=4, column=7, advice="correct the script"
)


def section(lines: list[str], heading: str) -> list[str]:
    """The lines under a heading, up to the next empty one."""
    rest = lines[lines.index(heading) + 1 :]
    return rest[: rest.index("")]
