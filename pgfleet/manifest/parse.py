"""From the texts of the manifest and its scripts to a `Manifest`."""

from collections.abc import Iterator, Mapping

from pgfleet.errors import ManifestError
from pgfleet.hazards.codes import HazardCode
from pgfleet.manifest.checksums import manifest_checksum, script_checksum
from pgfleet.manifest.contracts import contract_fault, contract_statements
from pgfleet.manifest.file import ContractTable, ManifestDocument, SeedTable, WatchTable
from pgfleet.manifest.migrations import Fault, Listed, build_migrations, list_migrations, migration_faults, read_file
from pgfleet.manifest.model import Contract, Count, Manifest, Script, Seed, ToolLedger, Watch
from pgfleet.manifest.script import read_script
from pgfleet.manifest.source.model import Content
from pgfleet.manifest.source.tools import LEDGERS
from pgfleet.manifest.text import Unusable, normalize
from pgfleet.parser.statements import query_fault, split
from pgfleet.validation import read_toml


def parse_document(text: str, *, file: str) -> ManifestDocument:
    """Validates the form of the manifest's text; `file` is its name in errors. Raises ManifestError."""
    return read_toml(text, ManifestDocument, file=file, error=ManifestError)


def build_manifest(document: ManifestDocument, files: Mapping[str, Content], *, file: str) -> Manifest:
    """The manifest with its scripts; `files` are its own and those of its source's directory, by path.

    Raises ManifestError with every fault: a missing script, a script that does not parse or contradicts its entry, a
    file that the source's tool would run and pgfleet cannot, a duplicate version or name, an unknown or later
    requirement, a check without expected rows, or an invalid contract statement.
    """
    listed, faults = list_migrations(document, files)
    is_linear = _is_linear(document)
    versions = [each.version for each in listed]
    faults += _document_faults(document)
    faults += migration_faults(listed, is_linear=is_linear)
    faults += _check_faults(listed)
    faults += _other_faults(document, versions, files)
    if faults:
        raise ManifestError(file, *faults[0], *faults[1:])
    migrations = tuple(build_migrations(listed, files, is_linear=is_linear))
    seeds = tuple(_seed(entry, files) for entry in document.seeds)
    counts = tuple(Count(table=entry.table, may_shrink=entry.may_shrink) for entry in document.counts)
    equivalents = tuple(tuple(group) for group in document.equivalent_defaults)
    contracts = tuple(_contract(entry, files) for entry in document.contracts)
    ledger = _ledger(document)
    return Manifest(
        checksum=manifest_checksum(migrations, seeds, counts, equivalents, contracts, ledger),
        migrations=migrations,
        seeds=seeds,
        counts=counts,
        equivalent_defaults=equivalents,
        watches=tuple(_watch(entry) for entry in document.watches),
        contracts=contracts,
        product=document.product,
        is_linear=is_linear,
        is_idempotent=document.source is None if document.idempotent is None else document.idempotent,
        ledger=ledger,
    )


def _is_linear(document: ManifestDocument) -> bool:
    """Whether each migration requires the one before it: as set, or by default with a source without requirements."""
    has_requirements = any(entry.requires for entry in document.migrations)
    return document.history == "linear" or (document.source is not None and not has_requirements)


def _ledger(document: ManifestDocument) -> ToolLedger | None:
    if document.ledger is None or document.source is None:
        return None
    tool = document.source.tool
    table = document.ledger.table or LEDGERS[tool].default_table
    return ToolLedger(tool=tool, table=table, write=document.ledger.write)


def _document_faults(document: ManifestDocument) -> Iterator[Fault]:
    if document.format == 1:
        later = ("history", "idempotent", "source", "ledger")
        yield from ((key, "needs format = 2") for key in later if getattr(document, key) is not None)
    if document.source is None and not document.migrations:
        yield "migrations", "missing; list the scripts, or name their directory in [source] (format = 2)"
    if document.ledger is None:
        return
    if document.source is None:
        yield "ledger", "needs a [source], whose tool's ledger it is"
    elif document.source.tool not in LEDGERS:
        yield "ledger", f"is not possible: {document.source.tool} files have no ledger"
    elif document.ledger.write and (reason := LEDGERS[document.source.tool].read_only_because):
        yield "ledger.write", f"is not possible for {document.source.tool}: {reason}"


def _other_faults(document: ManifestDocument, versions: list[str], files: Mapping[str, Content]) -> Iterator[Fault]:
    yield from _seed_faults(document, versions, files)
    expressions = [each for group in document.equivalent_defaults for each in group]
    if repeated := next((each for place, each in enumerate(expressions) if each in expressions[:place]), None):
        yield "equivalent_defaults", f"'{repeated}' appears twice; an expression can be in one group only"
    tables = [entry.table for entry in document.counts]
    yield from _duplicate_faults("counts", "table", tables)
    yield from _watch_faults(document)
    yield from _contract_faults(document, files)


def _seed_faults(document: ManifestDocument, versions: list[str], files: Mapping[str, Content]) -> Iterator[Fault]:
    yield from _duplicate_faults("seeds", "name", [entry.name for entry in document.seeds])
    for index, entry in enumerate(document.seeds):
        if entry.requires not in versions:
            yield f"seeds[{index}].requires", f"'{entry.requires}' is not a migration of this manifest"
        try:
            sql = read_script(normalize(read_file(files, entry.file)), transactional=True).sql
            fault = None if split(sql) else "contains no statement"
        except Unusable as error:
            fault = str(error)
        if fault:
            yield f"seeds[{index}].file", f"'{entry.file}' {fault}"


def _watch_faults(document: ManifestDocument) -> Iterator[Fault]:
    yield from _duplicate_faults("watches", "name", [entry.name for entry in document.watches])
    for index, entry in enumerate(document.watches):
        key = f"watches[{index}]"
        if (entry.overdue is None) != (entry.taken is None):
            yield key, "needs both overdue and taken (for a queue), or neither"
        for name, query in (("overdue", entry.overdue), ("taken", entry.taken)):
            if query and (fault := query_fault(query)):
                yield f"{key}.{name}", fault


def _contract_faults(document: ManifestDocument, files: Mapping[str, Content]) -> Iterator[Fault]:
    yield from _duplicate_faults("contracts", "consumer", [entry.consumer for entry in document.contracts])
    for index, entry in enumerate(document.contracts):
        try:
            fault = contract_fault(normalize(read_file(files, entry.file)))
        except Unusable as error:
            fault = str(error)
        if fault:
            yield f"contracts[{index}].file", f"'{entry.file}' {fault}"


def _check_faults(listed: list[Listed]) -> Iterator[Fault]:
    for each in listed:
        yield from _duplicate_faults(f"{each.key}.checks", "name", [check.name for check in each.table.checks])
        for place, check in enumerate(each.table.checks):
            key = f"{each.key}.checks[{place}]"
            if not check.returns or not all(check.returns):
                yield (
                    f"{key}.returns",
                    "is empty, so the check could never fail; list the rows that the query must return",
                )
            if len({len(row) for row in check.returns}) > 1:
                yield f"{key}.returns", "contains rows of different lengths"
            if fault := query_fault(check.query):
                yield f"{key}.query", fault


def _duplicate_faults(key: str, field: str, values: list[str]) -> Iterator[Fault]:
    for index, value in enumerate(values):
        if value in values[:index]:
            yield f"{key}[{index}].{field}", f"'{value}' appears twice"


def _seed(entry: SeedTable, files: Mapping[str, Content]) -> Seed:
    text = read_file(files, entry.file)
    return Seed(
        name=entry.name,
        script=_script(entry.file, text, read_script(normalize(text), transactional=True).sql),
        requires=entry.requires,
        table=entry.table,
        key=tuple(entry.key),
        ignores=tuple(entry.ignores),
        allows=tuple(map(HazardCode, entry.allows)),
    )


def _watch(entry: WatchTable) -> Watch:
    return Watch(name=entry.name, table=entry.table, overdue=entry.overdue, taken=entry.taken)


def _contract(entry: ContractTable, files: Mapping[str, Content]) -> Contract:
    text = read_file(files, entry.file)
    script = _script(entry.file, text, normalize(text))
    return Contract(
        consumer=entry.consumer,
        script=script,
        priority=entry.priority,
        statements=contract_statements(script.sql, file=script.file),
    )


def _script(path: str, text: str, sql: str) -> Script:
    return Script(path=path, sql=sql, checksum=script_checksum(text), text=text)
