"""From the texts of the manifest and its scripts to a `Manifest`."""

from collections.abc import Iterator, Mapping

from pgfleet.errors import ManifestError
from pgfleet.manifest.checksums import manifest_checksum, script_checksum
from pgfleet.manifest.contracts import contract_fault, contract_statements
from pgfleet.manifest.file import CheckTable, ContractTable, ManifestDocument, MigrationTable, SeedTable, WatchTable
from pgfleet.manifest.model import Check, Contract, Count, Impact, Manifest, Migration, Script, Seed, Watch
from pgfleet.manifest.statements import query_fault, script_fault
from pgfleet.validation import read_toml

RELATIVE = "paths are relative to the manifest's folder"


def parse_document(text: str, *, file: str) -> ManifestDocument:
    """Validates the form of the manifest's text; `file` is its name in errors. Raises ManifestError."""
    return read_toml(text, ManifestDocument, file=file, error=ManifestError)


def build_manifest(document: ManifestDocument, scripts: Mapping[str, str], *, file: str) -> Manifest:
    """The manifest with its scripts; `scripts` maps paths to texts.

    Raises ManifestError for a missing script, a script that does not parse or contradicts its entry, a duplicate
    version or name, an unknown or later requirement, a check without expected rows, or an invalid contract statement.
    """
    for key, problem in _faults(document, scripts):
        raise ManifestError(file, key, problem)
    migrations = tuple(_migration(entry, scripts) for entry in document.migrations)
    seeds = tuple(_seed(entry, scripts) for entry in document.seeds)
    counts = tuple(Count(table=entry.table, may_shrink=entry.may_shrink) for entry in document.counts)
    equivalents = tuple(tuple(group) for group in document.equivalent_defaults)
    contracts = tuple(_contract(entry, scripts) for entry in document.contracts)
    return Manifest(
        checksum=manifest_checksum(migrations, seeds, counts, equivalents, contracts),
        migrations=migrations,
        seeds=seeds,
        counts=counts,
        equivalent_defaults=equivalents,
        watches=tuple(_watch(entry) for entry in document.watches),
        contracts=contracts,
        product=document.product,
    )


def version_of(path: str) -> str:
    """The digits before the first `_` of a script's name; empty if there are none."""
    head = path.rsplit("/", 1)[-1].split("_", 1)[0]
    return head if head.isascii() and head.isdigit() else ""


Fault = tuple[str, str]
"""A key and its problem."""


def _faults(document: ManifestDocument, scripts: Mapping[str, str]) -> Iterator[Fault]:
    yield from _migration_faults(document, scripts)
    yield from _seed_faults(document, scripts)
    expressions = [each for group in document.equivalent_defaults for each in group]
    if repeated := next((each for place, each in enumerate(expressions) if each in expressions[:place]), None):
        yield "equivalent_defaults", f"'{repeated}' appears twice; an expression can be in one group only"
    tables = [entry.table for entry in document.counts]
    yield from _duplicate_faults("counts", "table", tables)
    yield from _watch_faults(document)
    yield from _contract_faults(document, scripts)


def _migration_faults(document: ManifestDocument, scripts: Mapping[str, str]) -> Iterator[Fault]:
    versions = [version_of(entry.file) for entry in document.migrations]
    for index, entry in enumerate(document.migrations):
        key = f"migrations[{index}]"
        if not versions[index]:
            yield f"{key}.file", f"'{entry.file}' does not start with a version (digits, then _)"
        if versions[index] in versions[:index]:
            first = versions.index(versions[index])
            yield f"{key}.file", f"version {versions[index]} is already used by migrations[{first}]"
        yield from _requirement_faults(key, entry, versions[:index], versions)
        yield from _script_faults(key, entry.file, scripts, transactional=entry.transactional)
        yield from _duplicate_faults(f"{key}.checks", "name", [check.name for check in entry.checks])
        for place, check in enumerate(entry.checks):
            yield from _check_faults(f"{key}.checks[{place}]", check)


def _requirement_faults(key: str, entry: MigrationTable, earlier: list[str], known: list[str]) -> Iterator[Fault]:
    for version in entry.requires:
        if version not in known:
            yield f"{key}.requires", f"'{version}' is not a migration of this manifest"
        elif version not in earlier:
            yield f"{key}.requires", f"'{version}' comes later; a migration can require only earlier ones"


def _seed_faults(document: ManifestDocument, scripts: Mapping[str, str]) -> Iterator[Fault]:
    versions = {version_of(entry.file) for entry in document.migrations}
    yield from _duplicate_faults("seeds", "name", [entry.name for entry in document.seeds])
    for index, entry in enumerate(document.seeds):
        if entry.requires not in versions:
            yield f"seeds[{index}].requires", f"'{entry.requires}' is not a migration of this manifest"
        yield from _script_faults(f"seeds[{index}]", entry.file, scripts, transactional=True)


def _watch_faults(document: ManifestDocument) -> Iterator[Fault]:
    yield from _duplicate_faults("watches", "name", [entry.name for entry in document.watches])
    for index, entry in enumerate(document.watches):
        key = f"watches[{index}]"
        if (entry.overdue is None) != (entry.taken is None):
            yield key, "needs both overdue and taken (for a queue), or neither"
        for name, query in (("overdue", entry.overdue), ("taken", entry.taken)):
            if query and (fault := query_fault(query)):
                yield f"{key}.{name}", fault


def _contract_faults(document: ManifestDocument, scripts: Mapping[str, str]) -> Iterator[Fault]:
    yield from _duplicate_faults("contracts", "consumer", [entry.consumer for entry in document.contracts])
    for index, entry in enumerate(document.contracts):
        if entry.file not in scripts:
            yield f"contracts[{index}].file", f"'{entry.file}' does not exist; {RELATIVE}"
        elif fault := contract_fault(scripts[entry.file]):
            yield f"contracts[{index}].file", f"'{entry.file}' {fault}"


def _script_faults(key: str, path: str, scripts: Mapping[str, str], *, transactional: bool) -> Iterator[Fault]:
    if path not in scripts:
        yield f"{key}.file", f"'{path}' does not exist; {RELATIVE}"
    elif fault := script_fault(scripts[path], transactional=transactional):
        yield f"{key}.file", f"'{path}' {fault}"


def _check_faults(key: str, check: CheckTable) -> Iterator[Fault]:
    if not check.returns or not all(check.returns):
        yield f"{key}.returns", "is empty, so the check could never fail; list the rows that the query must return"
    if len({len(row) for row in check.returns}) > 1:
        yield f"{key}.returns", "contains rows of different lengths"
    if fault := query_fault(check.query):
        yield f"{key}.query", fault


def _duplicate_faults(key: str, field: str, values: list[str]) -> Iterator[Fault]:
    for index, value in enumerate(values):
        if value in values[:index]:
            yield f"{key}[{index}].{field}", f"'{value}' appears twice"


def _migration(entry: MigrationTable, scripts: Mapping[str, str]) -> Migration:
    return Migration(
        version=version_of(entry.file),
        script=_script(entry.file, scripts),
        priority=entry.priority,
        provides=entry.provides,
        impacts=tuple(Impact(service=each.service, breaks=each.breaks) for each in entry.without),
        requires=tuple(entry.requires),
        transactional=entry.transactional,
        checks=tuple(_check(each) for each in entry.checks),
    )


def _check(entry: CheckTable) -> Check:
    return Check(name=entry.name, query=entry.query, returns=tuple(tuple(row) for row in entry.returns))


def _seed(entry: SeedTable, scripts: Mapping[str, str]) -> Seed:
    return Seed(
        name=entry.name,
        script=_script(entry.file, scripts),
        requires=entry.requires,
        table=entry.table,
        key=tuple(entry.key),
        ignores=tuple(entry.ignores),
    )


def _watch(entry: WatchTable) -> Watch:
    return Watch(name=entry.name, table=entry.table, overdue=entry.overdue, taken=entry.taken)


def _contract(entry: ContractTable, scripts: Mapping[str, str]) -> Contract:
    script = _script(entry.file, scripts)
    return Contract(
        consumer=entry.consumer,
        script=script,
        priority=entry.priority,
        statements=contract_statements(script.sql, file=script.file),
    )


def _script(path: str, scripts: Mapping[str, str]) -> Script:
    return Script(path=path, sql=scripts[path], checksum=script_checksum(scripts[path]))
