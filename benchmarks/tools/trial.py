"""What a real tool and pgfleet make of each other's work in the same databases."""

import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from fixtures.rollout import Subject
from fixtures.servers import Server

from benchmarks.tools.execution import Output, migrate, write_sql
from benchmarks.tools.project import SUPPORT, Project
from benchmarks.tools.real_tools import RealTool
from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.documents.findings import Evidence, MigrationStatus
from pgfleet.documents.rollout import Result
from pgfleet.manifest.source.ledger import table_name
from pgfleet.manifest.source.tools import ledger_format
from pgfleet.postgres.embedded.binaries import embedded_binaries
from pgfleet.postgres.read.audit import directly

SHOWN_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check: what was seen, and what is wrong with it, if anything."""

    name: str
    seen: str
    problem: str = ""


class Trial:
    """A tool's trial on a server; `programs` is the folder in which the tool is installed."""

    def __init__(self, real: RealTool, project: Project, server: Server, programs: Path) -> None:
        self.real, self.project, self.server, self.programs = real, project, server, programs
        self.table = table_name(real.ledger or ledger_format(real.tool).default_table, home="public")
        self.is_recorded = bool(real.ledger or ledger_format(real.tool).insert)
        self.evidence = {Evidence.CATALOG, Evidence.ORDER} if real.ledger else {Evidence.TOOL}
        for name in real.support:
            shutil.copy(SUPPORT / name, programs / name)
        if real.offline:
            write_sql(project, programs)

    def checks(self) -> Iterator[Check]:
        """Every check in order."""
        count = len(self.project.manifest.migrations)
        half = count // 2
        expected = self.server.proven(self.project.manifest)
        tenants = {
            name: Subject(
                server=self.server,
                database=self.server.create_database(),
                manifest=self.project.manifest,
                expected=expected,
                run=directly,
            )
            for name in ("complete", "middle", "empty")
        }
        complete, middle = tenants["complete"], tenants["middle"]
        part = self.project.first(half, self.project.folder.with_name("half"))
        yield self._migrated(f"{self.real.title} applies {count}", self.project, complete)
        yield self._migrated(f"{self.real.title} applies {half}", part, middle)
        for name, applied in (("complete", count), ("middle", half), ("empty", 0)):
            yield self._audited(f"audit, {name}", tenants[name].audit(), applied)
        if not self.is_recorded:
            yield from self._read_only(tenants)
            return
        for name, tenant in tenants.items():
            yield self._rolled_out(f"rollout, {name}", tenant)
        for name in ("middle", "empty"):
            yield self._same(f"{name} = complete", tenants[name], complete)
        for name, tenant in tenants.items():
            yield self._idle(f"{self.real.title} again, {name}", tenant)
        yield from self._reverse(complete, count - 1)

    def _reverse(self, complete: Subject, count: int) -> Iterator[Check]:
        """The tool continues after pgfleet."""
        part = self.project.first(count, self.project.folder.with_name("all-but-one"))
        tenant = replace(
            complete,
            database=self.server.create_database(),
            manifest=part.manifest,
            expected=self.server.proven(part.manifest),
            plans=[],
        )
        yield self._rolled_out(f"rollout of {count}", tenant)
        yield self._migrated(f"{self.real.title} applies 1 more", self.project, tenant)
        yield self._same("continued = complete", tenant, complete)
        yield self._idle(f"{self.real.title} again", tenant)

    def _read_only(self, tenants: dict[str, Subject]) -> Iterator[Check]:
        """A rollout where pgfleet cannot write the ledger: the schemas are equal, and the ledger is as it was."""
        rows = {name: self._rows(tenant) for name, tenant in tenants.items()}
        for name, tenant in tenants.items():
            yield self._rolled_out(f"rollout, {name}", tenant)
        yield self._idle(f"{self.real.title} again, complete", tenants["complete"])
        for name, tenant in tenants.items():
            yield _equal(f"ledger as before, {name}", self._rows(tenant), rows[name])
        for name in ("middle", "empty"):
            yield _equal(f"schema, {name} = complete", self._dump(tenants[name]), self._dump(tenants["complete"]))

    def _migrated(self, name: str, project: Project, tenant: Subject) -> Check:
        output = self._run(project, tenant)
        problem = "" if output.status == 0 and not self._says_idle(output) else str(output)
        return Check(name=name, seen=f"exit status {output.status}", problem=problem)

    def _audited(self, name: str, entry: TenantEntry, applied: int) -> Check:
        statuses = [each.status for each in entry.migrations]
        counts = ", ".join(f"{number} {status}" for status, number in Counter(statuses).items())
        pending = len(statuses) - applied
        evidence = {each.evidence for each in entry.migrations[:applied]}
        problem = ""
        if statuses != [MigrationStatus.APPLIED] * applied + [MigrationStatus.PENDING] * pending:
            problem = f"expected {applied} applied, {pending} pending: {entry.reason}"
        elif not evidence <= self.evidence:
            problem = f"evidence is {', '.join(evidence)}"
        elif not pending and entry.verdict is not Verdict.READY:
            problem = f"{entry.reason}"
        elif entry.unexpected:
            problem = f"unexpected: {entry.unexpected}"
        position = entry.position and f"at {entry.position.version} by {entry.position.by}"
        return Check(name=name, seen=f"{entry.verdict}, {counts}, {position}", problem=problem)

    def _rolled_out(self, name: str, tenant: Subject) -> Check:
        result = tenant.roll_out()
        problem = "" if result.result in {Result.DONE, Result.UNCHANGED} else f"{result.error or result.migrations}"
        entry = tenant.audit()
        if not problem and entry.verdict is not Verdict.READY:
            problem = f"then {entry.verdict}: {entry.reason}"
        return Check(name=name, seen=f"{result.result}, then {entry.verdict}", problem=problem)

    def _idle(self, name: str, tenant: Subject) -> Check:
        before, dump = self._rows(tenant), self._dump(tenant)
        output = self._run(self.project, tenant)
        problem = ""
        if output.status or not self._says_idle(output):
            problem = str(output)
        elif self._rows(tenant) != before or self._dump(tenant) != dump:
            problem = "it changed the database"
        rows = len(before.splitlines())
        return Check(name=name, seen=f"nothing to do, {rows} rows in the ledger", problem=problem)

    def _same(self, name: str, tenant: Subject, complete: Subject) -> Check:
        dumps = _equal("schemas", self._dump(tenant), self._dump(complete))
        rows = _equal("ledgers", self._rows(tenant), self._rows(complete))
        return Check(
            name=name, seen="schema and ledger", problem="\n".join(filter(None, (dumps.problem, rows.problem)))
        )

    def _says_idle(self, output: Output) -> bool:
        return bool(re.search(self.real.idle, output.text, re.MULTILINE))

    def _run(self, project: Project, tenant: Subject) -> Output:
        return migrate(project, self.programs, self.server.cluster.dsn(tenant.database))

    def _rows(self, tenant: Subject) -> str:
        """The ledger's rows without the columns that vary, a line each; nothing if there is no ledger."""
        if tenant.query(f"SELECT pg_catalog.to_regclass('{self.table.sql}') IS NULL") == [(True,)]:
            return ""
        varying = ", ".join(f"'{each}'" for each in self.real.varying)
        found = tenant.query(
            f"SELECT (pg_catalog.to_jsonb(t) - ARRAY[{varying}]::text[])::text FROM {self.table.sql} AS t ORDER BY 1"
        )
        return "\n".join(row for (row,) in found)

    def _dump(self, tenant: Subject) -> str:
        """The schema, without the token of each dump; without the ledger's schema if pgfleet does not write it."""
        options = [] if self.is_recorded else [f"--exclude-schema={self.table.schema}"]
        command = [
            str(embedded_binaries() / "pg_dump"),
            "--schema-only",
            *options,
            tenant.server.dsn(tenant.database).text,
        ]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        return "\n".join(line for line in text.splitlines() if not re.match(r"\\(un)?restrict ", line))


def _equal(what: str, one: str, other: str) -> Check:
    left, right = one.splitlines(), other.splitlines()
    differing = [f"- {line}" for line in right if line not in left] + [
        f"+ {line}" for line in left if line not in right
    ]
    problem = "\n".join([f"{what} differ", *differing[:SHOWN_LINES]]) if one != other else ""
    return Check(name=what, seen=f"equal, {len(right)} lines", problem=problem)
