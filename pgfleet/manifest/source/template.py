"""The manifest that `pgfleet manifest init` writes for a directory."""

import json
from collections.abc import Iterator, Mapping, Sequence

from pgfleet.manifest.model import Tool
from pgfleet.manifest.source.model import Refused
from pgfleet.manifest.source.read import Found
from pgfleet.manifest.source.tools import LEDGERS


def render_manifest(tool: Tool, directory: str, prefix: str, found: Sequence[Found], refused: Sequence[Refused]) -> str:
    """The manifest's text, with comments; `prefix` is what the paths of the directory's files begin with."""
    return "\n".join(_lines(tool, directory, prefix, found, refused)) + "\n"


def _lines(
    tool: Tool, directory: str, prefix: str, found: Sequence[Found], refused: Sequence[Refused]
) -> Iterator[str]:
    yield "# What every tenant must have. The format is described in docs/manifest-format.md."
    yield "# Show what pgfleet reads: pgfleet manifest. Prove it on a server: pgfleet manifest check."
    yield "format = 2"
    yield 'history = "linear"  # each migration requires the one before it'
    yield '# product = "shop"  # what the databases serve, for reports'
    yield ""
    yield "[source]"
    yield f"directory = {_quoted(directory)}  # {len(found)} migrations, in the order of {tool}"
    yield f"tool = {_quoted(tool)}"
    if refused:
        yield ""
        yield "# pgfleet cannot take these files. Correct them, or leave them out: remove the # from the lines of skip."
        yield "# skip = ["
        yield from (f"#   {_quoted(prefix + each.path)},  # {each.problem}" for each in refused)
        yield "# ]"
    yield ""
    yield from _ledger(tool)
    yield ""
    yield "# What the files cannot say. Without an entry, a migration has priority P0 and the title in its name."
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
    """Versions of their own for files that begin with the number of an earlier one: their names."""
    seen: set[str] = set()
    versions = {}
    for each in found:
        if each.label.version in seen:
            versions[each.path] = each.path.removesuffix(".sql")
        seen.add(each.label.version)
    return versions


def _quoted(text: str) -> str:
    """A basic string of TOML, which allows the escapes of JSON."""
    return json.dumps(text, ensure_ascii=False)
