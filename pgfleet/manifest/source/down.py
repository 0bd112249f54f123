"""Finds what reverts migrations: a section of the same file, or another file."""

from collections.abc import Callable, Collection

from pgfleet.manifest.source.model import Candidate, Directory, Down, Downs, read_text
from pgfleet.manifest.text import Unusable, normalize


def find_sections(directory: Directory, found: Collection[Candidate], read_section: Callable[[str], str]) -> Downs:
    """For `Layout.find_downs`: a section of each file; `read_section` gets a text with LF line ends."""
    for each in found:
        yield each.path, Down(path=each.path, sql=read_section(normalize(read_text(directory, each.path))))


def find_counterparts(directory: Directory, found: Collection[Candidate], path_of: Callable[[str], str]) -> Downs:
    """For `Layout.find_downs`: another file, whose path `path_of` makes from that of the migration."""
    for each in found:
        if (path := path_of(each.path)) != each.path and path in directory:
            yield each.path, _read(directory, path)


def find_by_identity(
    directory: Directory, found: Collection[Candidate], identify: Callable[[str], object | None]
) -> Downs:
    """For `Layout.find_downs`: another file with the same identity, which `identify` reads from its path.

    Returns None for a file that reverts nothing. Of several, the last path counts.
    """
    downs = {identity: path for path in sorted(directory) if (identity := identify(path)) is not None}
    for each in found:
        if not each.label.repeatable and each.label.identity in downs:
            yield each.path, _read(directory, downs[each.label.identity])


def _read(directory: Directory, path: str) -> Down:
    try:
        return Down(path=path, sql=normalize(read_text(directory, path)))
    except Unusable as error:
        return Down(path=path, sql=error)
