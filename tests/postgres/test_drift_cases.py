"""Every case in tests/drift_cases/: what was done to a tenant is found, named and attributed, and nothing else is.

Of the cases with the same kind of fix, the first tenant is then repaired, and another audit finds nothing, or just what
is left to a person.
"""

import re
import tomllib
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Literal

import psycopg
import pytest
from fixtures.binaries import BINARIES, MAIN
from fixtures.everything import Beginning
from fixtures.kept_databases import KeptDatabase
from fixtures.servers import CASES, Server, apply_manifest
from fixtures.stamps import stamp_of
from pydantic import BaseModel, ConfigDict

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import ObjectKind
from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.documents.findings import DifferenceEntry, MigrationStatus, SeedStatus
from pgfleet.documents.plan import Action
from pgfleet.documents.repair import RepairResult, TenantRepair
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.apply.ledger import prepare_ledger, record
from pgfleet.postgres.apply.repair import repair
from pgfleet.postgres.read.audit import audit
from pgfleet.postgres.session import Session
from pgfleet.repair.model import Strategy
from pgfleet.run.files import load_manifest


class Table(BaseModel):
    """A misspelled key is an error, not an expectation that is never checked."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ExpectedDifference(Table):
    version: str
    kind: str
    identity: str
    change: str
    actual: str | None = None


class ExpectedUnexpected(Table):
    kind: str
    identity: str


class Expectation(Table):
    """`expected.toml`, as README.md there describes it."""

    what: str
    verdict: Verdict
    manifest: Literal["shipped", "everything", "dependents"] = "shipped"
    min_server: int = 0
    never_run: tuple[str, ...] = ()
    in_ledger: tuple[str, ...] = ()
    migrations: dict[str, MigrationStatus] = {}
    seeds: dict[str, SeedStatus] = {}
    contracts: tuple[str, ...] = ()
    differences: tuple[ExpectedDifference, ...] = ()
    unexpected: tuple[ExpectedUnexpected, ...] = ()
    by_hand: tuple[str, ...] = ()
    by_hand_until: int = 99

    @property
    def depends_on_version(self) -> bool:
        return not self.model_fields_set.isdisjoint({"min_server", "by_hand_until"})

    @property
    def changes(self) -> set[tuple[str, str]]:
        """What becomes of objects, by their kind."""
        found = {(each.kind, each.change) for each in self.differences}
        return found | {(each.kind, "unexpected") for each in self.unexpected}

    def left(self, server: Server) -> set[str]:
        """What only a person can put right, on a server of this version."""
        return {*self.by_hand} if server.major <= self.by_hand_until else set()


class Case:
    """One folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def expected(self) -> Expectation:
        return Expectation.model_validate(tomllib.loads((self.folder / "expected.toml").read_text(encoding="utf-8")))

    @property
    def damage(self) -> str:
        return (self.folder / "damage.sql").read_text(encoding="utf-8")

    @property
    def setup(self) -> str:
        path = self.folder / "setup.sql"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    @cached_property
    def own_manifest(self) -> Manifest | None:
        path = self.folder / "manifest.toml"
        return load_manifest(path) if path.exists() else None

    @property
    def is_cloned(self) -> bool:
        """Whether it begins as a tenant that holds the whole of a manifest that other cases begin with too."""
        return not (self.own_manifest or self.setup or self.expected.never_run)

    @property
    def is_prepared(self) -> bool:
        """Whether it begins as that tenant is, without anything more."""
        return self.is_cloned and not self.expected.in_ledger


@pytest.fixture(scope="module")
def proven_beginnings(
    beginnings: dict[str, Beginning],
    proven: ExpectedCatalog,
    everything_proven: ExpectedCatalog,
    dependents: Beginning,
) -> dict[str, Beginning]:
    """What cases begin with, by the manifest that they name; with what reapplying its migrations fixes."""
    expected = {"shipped": proven, "everything": everything_proven}
    return {
        **{name: replace(each, expected=expected[name]) for name, each in beginnings.items()},
        "dependents": dependents,
    }


ALL_CASES = [Case(folder) for folder in sorted(CASES.iterdir()) if folder.is_dir()]


def some_of_each_change() -> list[Case]:
    """Those that depend on the server's version, and the first one of each kind of object and change that has a fix."""
    covered, found = set[tuple[str, str]](), []
    for case in ALL_CASES:
        fixed = {(kind, change) for kind, change in case.expected.changes if change != "unexpected"}
        if case.expected.depends_on_version or fixed - covered:
            found.append(case)
        covered |= fixed
    return found


EACH_ON_A_SERVER = [
    (server, case) for server in BINARIES for case in (ALL_CASES if server == MAIN else some_of_each_change())
]
"""What other versions write differently is read in test_introspection.py; the fixes differ by kind and change."""
Stamps = dict[tuple[int, str], str]
KEYWORD = re.compile(r"\b[A-Z]{2,}\b")


@pytest.fixture(scope="module")
def repaired_shapes() -> set[tuple[object, ...]]:
    """The shapes of the repairs that were run, each with the server's version."""
    return set()


@pytest.fixture(scope="module")
def stamps() -> Stamps:
    """The stamps of databases before any damage."""
    return {}


@pytest.mark.parametrize(
    ("server", "case"),
    EACH_ON_A_SERVER,
    indirect=["server"],
    scope="session",
    ids=[f"{server}-{case.folder.name}" for server, case in EACH_ON_A_SERVER],
)
def test_exactly_the_damage_is_found(
    case: Case,
    everything_server: Server,
    proven_beginnings: dict[str, Beginning],
    kept_database: Callable[[str], KeptDatabase],
    repaired_shapes: set[tuple[object, ...]],
    stamps: Stamps,
) -> None:
    server, beginning = everything_server, proven_beginnings[case.expected.manifest]
    manifest = case.own_manifest or beginning.manifest
    kept = kept_database(beginning.template if case.is_cloned else "template1")
    if server.major < case.expected.min_server:
        with pytest.raises(psycopg.errors.SyntaxError):
            server.execute(case.damage, kept.name)
        return
    wanted = server.proven(manifest) if case.own_manifest else beginning.expected
    context = server.context(manifest, wanted, kept.tenant)
    with kept.undone() as session:
        prepare(case, session, manifest)
        pristine = (server.major, kept.name)
        stamp = (case.is_prepared and stamps.get(pristine)) or stamp_of(session, wanted)
        if case.is_prepared:
            stamps[pristine] = stamp
        session.run_script(case.damage)
        assert case.expected.never_run or not case.expected.changes or stamp_of(session, wanted) != stamp
        entry = audit(kept.tenant, context)
        shape = (server.major, *shape_of(entry, case.expected))
        if shape not in repaired_shapes:
            repaired_shapes.add(shape)
            repaired = repair(kept.tenant, context, dry_run=False)
            assert_repaired(case.expected, case.expected.left(server), entry, repaired, audit(kept.tenant, context))
    assert found_in(entry) == wanted_of(case.expected, manifest)
    assert differences_explain_themselves(entry)
    assert actuals_of(entry, case.expected) == {
        each.identity: each.actual for each in case.expected.differences if each.actual is not None
    }
    by_hand = {each.identity for each in drifted_in(entry) if each.repair and each.repair.way is Strategy.BY_HAND}
    assert by_hand == case.expected.left(server)


def shape_of(entry: TenantEntry, expected: Expectation) -> tuple[object, ...]:
    """What may make the repair of a tenant different from that of another: its statements, without names and values."""
    fixes = set[tuple[object, ...]]()
    for each in drifted_in(entry):
        assert each.repair
        keywords = [KEYWORD.findall(statement.partition("(")[0]) for statement in each.repair.statements]
        fixes.add((each.kind, each.change, each.repair.way, *map(tuple, keywords)))
    return expected.manifest, expected.by_hand, frozenset(fixes), frozenset(each.kind for each in entry.unexpected)


def test_every_kind_and_every_migration_has_cases(shipped_manifest: Manifest, everything_manifest: Manifest) -> None:
    differences = [each for case in ALL_CASES for each in case.expected.differences]
    assert {each.kind for each in differences} == set(ObjectKind)
    migrations = (*shipped_manifest.migrations, *everything_manifest.migrations)
    assert {each.version for each in differences} >= {each.version for each in migrations}


def test_every_file_of_a_case_is_used() -> None:
    known = {"damage.sql", "expected.toml", "setup.sql"}
    assert [
        path for case in ALL_CASES for path in case.folder.iterdir() if not case.own_manifest and path.name not in known
    ] == []


def assert_repaired(
    expected: Expectation, left: set[str], before: TenantEntry, repaired: TenantRepair, after: TenantEntry
) -> None:
    """All that drifted is as expected now, but for what is left to a person; what was never run still is not."""
    drifted = drifted_in(before)
    assert repaired.error is None
    assert {each.identity for each in repaired.remaining} == left
    assert (repaired.result is RepairResult.REPAIRED) == (len(drifted) > len(left))
    assert {each.identity for each in drifted_in(after)} == left
    never = {each.version for each in before.migrations if each.status is MigrationStatus.PENDING}
    lacking = {each.version for each in after.migrations if each.status is not MigrationStatus.APPLIED}
    assert lacking - never == {each.version for each in expected.differences if each.identity in left} - never


def drifted_in(entry: TenantEntry) -> list[DifferenceEntry]:
    """The differences of the migrations that are partly applied."""
    drifted = (each for each in entry.migrations if each.status is MigrationStatus.DRIFTED)
    return [difference for migration in drifted for difference in migration.differences]


def prepare(case: Case, session: Session, manifest: Manifest) -> None:
    """The database as the case's tenant had it before the damage."""
    if not case.is_cloned:
        session.run_script(case.setup)
        apply_manifest(session, manifest, without=case.expected.never_run)
    if case.expected.in_ledger:
        prepare_ledger(session)
    for migration in manifest.migrations:
        if migration.version in case.expected.in_ledger:
            with session.transaction():  # the row is written when it ends
                record(session, migration, Action.APPLY, run_id="test")


def found_in(entry: TenantEntry) -> set[str]:
    """What the audit says, a line each, so that a failed assertion shows the lines that differ."""
    differences = [
        f"{migration.version}: {each.kind} {each.identity} is {each.change}"
        for migration in entry.migrations
        for each in migration.differences
    ]
    unexpected = [f"unexpected {each.kind} {each.identity}" for each in entry.unexpected]
    assert len({*differences, *unexpected}) == len(differences) + len(unexpected), "something is reported twice"
    return {
        f"{entry.verdict}, reason {entry.reason}",
        *(f"{each.version} is {each.status}" for each in entry.migrations),
        *(f"seed {each.name} is {each.status}" for each in entry.seeds),
        *(f"{each.consumer} is broken" for each in entry.contracts if not each.works),
        *differences,
        *unexpected,
    }


def wanted_of(expected: Expectation, manifest: Manifest) -> set[str]:
    """The same from `expected.toml`: what it does not mention is applied or present."""
    statuses = {each.version: MigrationStatus.APPLIED for each in manifest.migrations} | expected.migrations
    seeds = {each.name: SeedStatus.PRESENT for each in manifest.seeds} | expected.seeds
    return {
        f"{expected.verdict}, reason None",
        *(f"{version} is {status}" for version, status in statuses.items()),
        *(f"seed {name} is {status}" for name, status in seeds.items()),
        *(f"{consumer} is broken" for consumer in expected.contracts),
        *(f"{each.version}: {each.kind} {each.identity} is {each.change}" for each in expected.differences),
        *(f"unexpected {each.kind} {each.identity}" for each in expected.unexpected),
    }


def actuals_of(entry: TenantEntry, expected: Expectation) -> dict[str, str | None]:
    """The definitions found of those objects whose definition the case names."""
    named = {each.identity for each in expected.differences if each.actual is not None}
    found = (each for migration in entry.migrations for each in migration.differences)
    return {each.identity: each.actual for each in found if each.identity in named}


def differences_explain_themselves(entry: TenantEntry) -> bool:
    """A person sees from each changed object's two definitions what has changed, and of a missing one what to make."""
    found = [each for migration in entry.migrations for each in migration.differences]
    return all(each.expected and each.expected != each.actual for each in found)
