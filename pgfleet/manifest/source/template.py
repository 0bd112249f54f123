"""The manifest that `pgfleet manifest init` writes for a directory."""

import json
import shlex
from collections.abc import Iterator, Mapping, Sequence, Set
from itertools import count

from pgfleet.manifest.model import Tool
from pgfleet.manifest.source.model import Refused
from pgfleet.manifest.source.read import Found
from pgfleet.manifest.source.tools import LEDGERS
from pgfleet.wording import plural


def render_manifest(
    file: str, tool: Tool, directory: str, prefix: str, found: Sequence[Found], refused: Sequence[Refused]
) -> str:
    """The text of the manifest `file`, with comments; the paths of the directory's files begin with `prefix`."""
    return "\n".join(_lines(file, tool, directory, prefix, found, refused)) + "\n"


def _lines(
    file: str, tool: Tool, directory: str, prefix: str, found: Sequence[Found], refused: Sequence[Refused]
) -> Iterator[str]:
    command = f"pgfleet --manifest {shlex.quote(file)} manifest"
    yield "# What every tenant must have. The format: docs/manifest-format.md in pgfleet's documentation."
    yield f"# Show what pgfleet reads:    {command}"
    yield f"# Prove it on a server:       {command} check"
    yield "format = 2"
    yield 'history = "linear"  # each migration requires the one before it'
    yield '# product = "shop"  # what the databases serve, for reports'
    yield ""
    yield "[source]"
    yield f"directory = {_quoted(directory)}  # {plural(len(found), 'migration')}, in the order of {tool}"
    yield f"tool = {_quoted(tool)}"
    if refused:
        yield ""
        yield "# pgfleet cannot use these files. Correct them, or leave them out: remove the # from the lines of skip."
        yield "# skip = ["
        yield from (f"#   {_quoted(prefix + each.path)},  # {each.problem}" for each in refused)
        yield "# ]"
    yield ""
    yield from _ledger(tool)
    yield ""
    yield '# Optional settings per migration. The defaults: priority "P0", and a description from the file name.'
    example = found[-1].path if found else "0001_users.sql"
    yield from (
        "# [[migrations]]",
        f"# file = {_quoted(prefix + example)}",
        '# priority = "P1"  # an auxiliary feature needs it; P0: the product does not work without it',
        '# provides = "…"  # what it creates, for people',
    )
    for path, version in _versions(found).items():
        yield from ("", "[[migrations]]", f"file = {_quoted(prefix + path)}", f"version = {_quoted(version)}")


def _ledger(tool: Tool) -> Iterator[str]:
    if tool not in LEDGERS:
        yield "# No ledger: which migrations a tenant has is determined from its catalog and pgfleet's own ledger."
        return
    ledger = LEDGERS[tool]
    yield f"# The table in which {tool} records what it has applied. Delete this if the tenants do not have it."
    yield "[ledger]"
    yield f"table = {_quoted(ledger.default_table)}"
    if ledger.read_only_because:
        yield f"# pgfleet does not write it: {ledger.read_only_because}."
    else:
        yield "# write = true  # a rollout records its migrations there too, so that the tool finds nothing to do"


def _versions(found: Sequence[Found]) -> Mapping[str, str]:
    """Versions of their own for files that begin with the number of an earlier one: their names, without spaces."""
    seen: set[str] = set()
    versions = {}
    for each in found:
        version = _without_spaces(each.label.version)
        if version in seen:
            version = _unused(_without_spaces(each.path.removesuffix(".sql")), seen)
            versions[each.path] = version
        seen.add(version)
    return versions


def _without_spaces(name: str) -> str:
    return "_".join(name.split())


def _unused(name: str, seen: Set[str]) -> str:
    names = (f"{name}_{number}" if number > 1 else name for number in count(1))
    return next(each for each in names if each not in seen)


def _quoted(text: str) -> str:
    """A basic string of TOML, which allows the escapes of JSON."""
    return json.dumps(text, ensure_ascii=False)
