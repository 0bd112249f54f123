"""The migrations of a directory in the tool's order, and the files that pgfleet cannot use or that the tool ignores."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from pgfleet.manifest.model import Tool
from pgfleet.manifest.script import Runnable, read_script
from pgfleet.manifest.source.model import Candidate, Directory, Down, Label, Refused
from pgfleet.manifest.source.tools import LAYOUTS
from pgfleet.manifest.text import Unusable


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A migration's file, by path relative to the directory, what runs of it, and what reverts it."""

    path: str
    label: Label
    script: Runnable
    down: Down | None = None


def read_source(
    directory: Directory,
    tool: Tool,
    *,
    skip: Collection[str] = (),
    transactional: Mapping[str, bool | None] | None = None,
) -> tuple[tuple[Found, ...], tuple[Refused, ...]]:
    """The directory's migrations, repeatable ones last, and every file that cannot be used.

    Paths are relative to the directory. `skip` are files to leave out; `transactional` overrides what the files say.
    """
    kept = {path: content for path, content in sorted(directory.items()) if path not in skip}
    findings = [each for each in LAYOUTS[tool].find(kept) if each.path not in skip]
    candidates = sorted(
        (each for each in findings if isinstance(each, Candidate)),
        key=lambda each: (each.label.repeatable, each.label.order),
    )
    refused = [each for each in findings if isinstance(each, Refused)]
    refused += _duplicates(candidates, tool)
    unusable = {each.path for each in refused}
    usable = [each for each in candidates if each.path not in unusable]
    downs = dict(LAYOUTS[tool].find_downs(kept, usable))
    found = []
    for each in usable:
        chosen = (transactional or {}).get(each.path)
        try:
            script = read_script(
                each.section.sql, transactional=each.section.transactional if chosen is None else chosen
            )
        except Unusable as error:
            refused.append(Refused(path=each.path, problem=str(error)))
        else:
            found.append(Found(path=each.path, label=each.label, script=script, down=downs.get(each.path)))
    return tuple(found), tuple(sorted(refused, key=lambda each: each.path))


def ignored_files(directory: Directory, tool: Tool, known: Collection[str]) -> tuple[str, ...]:
    """The SQL files that the tool ignores and that are not auxiliary; `known` are the paths that `read_source` found.

    The ending .sql may be in uppercase. The files of a folder that is known as a whole are not ignored.
    """
    return tuple(
        path
        for path in sorted(directory)
        if is_sql(path) and not {path, path.split("/")[0]} & {*known} and not LAYOUTS[tool].auxiliary.fullmatch(path)
    )


def is_sql(path: str) -> bool:
    """Whether the file's name ends in .sql, in any case."""
    return path.lower().endswith(".sql")


def _duplicates(candidates: Collection[Candidate], tool: Tool) -> Iterator[Refused]:
    first: dict[object, str] = {}
    for each in candidates:
        other = first.setdefault(each.label.identity, each.path)
        if other != each.path:
            yield Refused(path=each.path, problem=f"has the same version as '{other}', which {tool} does not allow")
