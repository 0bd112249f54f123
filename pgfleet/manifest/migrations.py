"""The manifest's migrations, from its `[[migrations]]` and its `[source]`."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pgfleet.hazards.codes import HazardCode
from pgfleet.manifest.checksums import script_checksum
from pgfleet.manifest.file import ManifestDocument, MigrationTable, SourceTable
from pgfleet.manifest.model import Check, Impact, Migration, Script
from pgfleet.manifest.names import read_name
from pgfleet.manifest.script import Runnable, build_down, read_script
from pgfleet.manifest.source.model import Content, Down, Label
from pgfleet.manifest.source.read import read_source
from pgfleet.manifest.text import Unusable, normalize

RELATIVE = "paths are relative to the manifest's folder"
NO_VERSION = "does not start with a version (0001_, V1.2__, 2024-01-01-000000_); rename it, or set version"
Fault = tuple[str, str]
"""A key of the manifest and its problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A migration's script: `key` is its place in the manifest, `table` its entry there.

    `down` is what reverts it, with the path of a file of the manifest.
    """

    key: str
    path: str
    label: Label
    script: Runnable
    table: MigrationTable
    down: Down | None = None

    @property
    def version(self) -> str:
        """The version that the entry sets, or that of the name, without spaces; empty if there is none."""
        return self.table.version or "_".join(self.label.version.split())


def list_migrations(document: ManifestDocument, files: Mapping[str, Content]) -> tuple[list[Listed], list[Fault]]:
    """The migrations in the order of application, repeatable ones last, and the faults of their files."""
    reverts = {table.file: _read_revert(table.revert, files) for table in document.migrations if table.revert}
    if document.source:
        listed, faults = _list_source(document.source, document.migrations, files)
    else:
        listed, faults = _list_entries(document.migrations, files)
    listed = [replace(each, down=reverts.get(each.path, each.down)) for each in listed]
    return listed, [*faults, *_revert_faults(listed)]


def _read_revert(path: str, files: Mapping[str, Content]) -> Down:
    try:
        return Down(path=path, sql=normalize(read_file(files, path)))
    except Unusable as error:
        return Down(path=path, sql=error)


def _revert_faults(listed: Sequence[Listed]) -> Iterator[Fault]:
    """What is wrong with the files that `revert` names. A tool's down script is needed only for a revert."""
    for each in listed:
        if each.table.revert and each.down:
            down = build_down(each.down.path, each.down.sql)
            if problem := down.problem if down else "contains no statement":
                yield f"{each.key}.revert", f"'{each.table.revert}' {problem}"


def _list_entries(tables: Sequence[MigrationTable], files: Mapping[str, Content]) -> tuple[list[Listed], list[Fault]]:
    listed: list[Listed] = []
    faults: list[Fault] = []
    for index, table in enumerate(tables):
        key = f"migrations[{index}]"
        try:
            sql = normalize(read_file(files, table.file))
            transactional = table.transactional is not False
            script = read_script(sql, transactional=transactional)
        except Unusable as error:
            faults.append((f"{key}.file", f"'{table.file}' {error}"))
            script = Runnable(sql="", transactional=True)
        listed.append(Listed(key=key, path=table.file, label=_label(table.file), script=script, table=table))
    return sorted(listed, key=lambda each: each.label.repeatable), faults


def _list_source(
    source: SourceTable, tables: Sequence[MigrationTable], files: Mapping[str, Content]
) -> tuple[list[Listed], list[Fault]]:
    prefix = prefix_of(source.directory)
    found, refused = read_source(
        {path.removeprefix(prefix): content for path, content in files.items() if path.startswith(prefix)},
        source.tool,
        skip=[path.removeprefix(prefix) for path in (*source.skip, *_reverts(tables))],
        transactional={table.file.removeprefix(prefix): table.transactional for table in tables},
    )
    places = {table.file: index for index, table in enumerate(tables)}
    listed = [
        Listed(
            key=f"migrations[{places[path]}]" if (path := prefix + each.path) in places else "source",
            path=path,
            label=each.label,
            script=each.script,
            table=tables[places[path]] if path in places else MigrationTable.model_construct(file=path),
            down=Down(path=prefix + each.down.path, sql=each.down.sql) if each.down else None,
        )
        for each in found
    ]
    faults = [("source", f"cannot use '{prefix}{each.path}': {each.problem}") for each in refused]
    known = [*(each.path for each in listed), *(prefix + each.path for each in refused)]
    return listed, [*faults, *_source_faults(source, tables, known, files)]


def _source_faults(
    source: SourceTable, tables: Sequence[MigrationTable], known: Sequence[str], files: Mapping[str, Content]
) -> Iterator[Fault]:
    """What the manifest says about files that the source does not contain; `known` are its migrations' paths."""
    if not known:
        yield "source.directory", f"'{source.directory}' contains no migration of {source.tool}; {RELATIVE}"
    for path in source.skip:
        if not any(each == path or each.startswith(f"{path}/") for each in files):
            yield "source.skip", f"'{path}' does not exist; {RELATIVE}"
    for index, table in enumerate(tables):
        if table.file not in known:
            yield f"migrations[{index}].file", f"'{table.file}' is not a migration of the source; {RELATIVE}"
        if any(table.file == other.file for other in tables[:index]):
            yield f"migrations[{index}].file", f"'{table.file}' appears twice"


def _reverts(tables: Iterable[MigrationTable]) -> Iterator[str]:
    """The files that `revert` names: they are no migrations."""
    return (table.revert for table in tables if table.revert)


def prefix_of(directory: str) -> str:
    """What the paths of a directory's files begin with."""
    plain = directory.removeprefix("./").rstrip("/")
    return "" if plain in {"", "."} else f"{plain}/"


def _label(path: str) -> Label:
    name = read_name(path)
    return Label(
        version=name.version,
        key=name.version,
        title=name.title,
        order=(),
        identity=name.version,
        repeatable=name.repeatable,
        shown_folders=name.shown_folders,
    )


def migration_faults(listed: Sequence[Listed], *, is_linear: bool) -> Iterator[Fault]:
    """What contradicts itself among the migrations' versions and requirements."""
    versions = [each.version for each in listed]
    for index, each in enumerate(listed):
        if not each.version:
            yield f"{each.key}.file", f"'{each.path}' {NO_VERSION}"
        elif each.version in versions[:index]:
            first = listed[versions.index(each.version)]
            yield (
                f"{each.key}.file",
                f"'{each.path}' has version {each.version}, as '{first.path}' has; set another version for one of them",
            )
        if each.table.requires and is_linear:
            yield f"{each.key}.requires", "is not allowed, because the history is linear; delete it"
            continue
        for version in each.table.requires:
            if version not in versions:
                yield f"{each.key}.requires", f"'{version}' is not a migration of this manifest"
            elif version not in versions[:index]:
                yield f"{each.key}.requires", f"'{version}' comes later; a migration can require only earlier ones"


def build_migrations(listed: Sequence[Listed], files: Mapping[str, Content], *, is_linear: bool) -> Iterator[Migration]:
    """The values of valid migrations. In a linear history, each requires the one before it."""
    versioned: list[str] = []
    shown_folders = _shown_folders(listed)
    for each in listed:
        if is_linear:
            requires = tuple(versioned[-1:])
        else:
            requires = tuple(versioned) if each.label.repeatable else tuple(each.table.requires)
        if not each.label.repeatable:
            versioned.append(each.version)
        text = read_file(files, each.path)
        script = Script(
            path=each.path,
            sql=each.script.sql,
            checksum=script_checksum(text),
            text=text,
            shown_folders=shown_folders[each.path],
        )
        yield Migration(
            version=each.version,
            key=each.label.key or each.version,
            script=script,
            priority=each.table.priority,
            provides=each.table.provides or each.label.title or script.file,
            impacts=tuple(Impact(service=impact.service, breaks=impact.breaks) for impact in each.table.without),
            requires=requires,
            transactional=each.script.transactional,
            checks=tuple(
                Check(name=check.name, query=check.query, returns=tuple(map(tuple, check.returns)))
                for check in each.table.checks
            ),
            repeatable=each.label.repeatable,
            down=build_down(each.down.path, each.down.sql, script.shown_folders) if each.down else None,
            allows=tuple(map(HazardCode, each.table.allows)),
        )


def _shown_folders(listed: Sequence[Listed]) -> Mapping[str, int]:
    """For each path, how many folders tell it from the others; at least as many as its layout shows."""
    endings = Counter(ending for each in listed for ending in _endings(each.path))
    return {
        each.path: next(
            (
                depth
                for depth, ending in enumerate(_endings(each.path))
                if depth >= each.label.shown_folders and endings[ending] == 1
            ),
            0,
        )
        for each in listed
    }


def _endings(path: str) -> tuple[str, ...]:
    """The file's name, then with one folder, and so on."""
    parts = path.split("/")
    return tuple("/".join(parts[-1 - depth :]) for depth in range(len(parts)))


def read_file(files: Mapping[str, Content], path: str) -> str:
    """The text of a file as it is stored. Raises Unusable."""
    content = files.get(path)
    if isinstance(content, Unusable):
        raise content
    if content is None:
        raise Unusable(f"does not exist; {RELATIVE}")
    return content
