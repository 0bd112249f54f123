"""Six tenants in schemas of one database: rolled out, damaged, audited, and repaired concurrently."""

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import pytest
from fixtures.rollout import QUICK, Subject, a_small_manifest, step
from fixtures.servers import Server, apply_manifest

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.documents.audit import AuditDocument, Verdict
from pgfleet.documents.plan import Action
from pgfleet.documents.repair import RepairResult, TenantRepair
from pgfleet.documents.rollout import Result, StepStatus, TenantResult
from pgfleet.judge.enrich import enrich
from pgfleet.judge.summary import build_document
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.apply import repair as repairs
from pgfleet.postgres.locks import lock_shared, locked_transaction
from pgfleet.rollout.repair_results import SHARED_ALREADY_REPAIRED

Found = TypeVar("Found")
SCHEMAS = ("acme", "borealis", "cobalt", "delta", 'Odd "Home.x')
HOMES = (*SCHEMAS, "public")
SHARED = ("20250331", "20250401")
"""The versions that work on the schema that the tenants share."""
BREAK_SHARED = "DROP INDEX ai_guardrails.idx_policy_rules_priority"
BREAK_OWN = "DROP INDEX idx_ai_messages_conversation"


@dataclass(kw_only=True)
class Database:
    """A database of several tenants."""

    subjects: dict[str, Subject]

    def __getitem__(self, home: str) -> Subject:
        return self.subjects[home]

    @property
    def any(self) -> Subject:
        return next(iter(self.subjects.values()))

    def audit(self) -> AuditDocument:
        """All tenants in one document."""
        subject, now = self.any, datetime.now(UTC)
        entries = [each.audit().model_copy(update={"name": home}) for home, each in self.subjects.items()]
        document = build_document("test", "run", subject.manifest, entries, started_at=now, finished_at=now)
        environment = subject.context.environment
        return enrich(document, environment, subject.manifest, None, date.max, is_partial=False)

    def verdicts(self) -> dict[str, str]:
        return {each.name: each.verdict for each in self.audit().tenants}


@pytest.fixture
def new(server: Server, empty_database: str, shipped_manifest: Manifest, expected: ExpectedCatalog) -> Database:
    """All of them empty; the schemas are there."""
    for home in SCHEMAS:
        quoted = home.replace('"', '""')
        server.execute(f'CREATE SCHEMA "{quoted}"', empty_database)
    subject = Subject(server=server, database=empty_database, manifest=shipped_manifest, expected=expected)
    patient = replace(QUICK, lock_timeout_ms=5_000)
    return Database(subjects={home: replace(subject, home=home, plans=[], policy=patient) for home in HOMES})


@pytest.fixture(scope="session")
def schema_template(server: Server, shipped_manifest: Manifest) -> str:
    """A database in which each tenant was migrated by hand."""

    def make() -> str:
        name = server.create_database()
        for home in HOMES:
            quoted = home.replace('"', '""')
            server.execute(f'CREATE SCHEMA IF NOT EXISTS "{quoted}"', name)
            with server.session(name, home) as session:
                apply_manifest(session, shipped_manifest)
        return name

    return server.once("schema template", make)


@pytest.fixture
def made(
    server: Server, schema_template: str, shipped_manifest: Manifest, expected: ExpectedCatalog
) -> Iterator[Database]:
    name = server.create_database(schema_template)
    subject = Subject(server=server, database=name, manifest=shipped_manifest, expected=expected)
    yield Database(subjects={home: replace(subject, home=home, plans=[]) for home in HOMES})
    server.drop_database(name)


def at_once(work: Callable[[Subject], Found], subjects: Sequence[Subject]) -> list[Found]:
    """What came of each, all begun at the same moment."""
    together, found = threading.Barrier(len(subjects)), dict[int, Found]()

    def begin(place: int) -> None:
        together.wait()
        found[place] = work(subjects[place])

    threads = [threading.Thread(target=begin, args=(place,)) for place in range(len(subjects))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [found[place] for place in range(len(subjects))]


def without_retries(subject: Subject) -> Subject:
    """A collision would be the result then, and nothing would hide it."""
    return replace(subject, run=lambda each, *arguments: each(*arguments))


def failures(results: Sequence[TenantResult]) -> list[str]:
    return [each.error.message for result in results for each in (*result.migrations, *result.seeds) if each.error]


def test_concurrent_rollouts_do_not_collide_on_shared_objects(new: Database) -> None:
    """Without a single retry: no tenant gets a unique violation of a catalog, or a deadlock."""
    subjects = [without_retries(each) for each in new.subjects.values()]
    results = at_once(lambda each: each.roll_out(), subjects)
    assert (failures(results), {each.result for each in results}) == ([], {Result.DONE})
    done = [step(each, version).action for each in results for version in SHARED]
    assert sorted(done) == [*[Action.ADOPT] * 10, *[Action.APPLY] * 2], "the first makes it, the others find it"
    assert [each.rows_added for result in results for each in result.seeds if each.rows_added] == [2]
    assert set(new.verdicts().values()) == {Verdict.READY}
    rows = new.any.query("SELECT home_schema, count(*) FROM pgfleet.ledger GROUP BY home_schema ORDER BY 1")
    assert rows == [(home, 7) for home in sorted(HOMES)]
    triggers = "SELECT count(*) FROM pg_trigger WHERE tgname = 'trg_ai_task_queue_updated_at'"
    functions = "SELECT count(DISTINCT tgfoid) FROM pg_trigger WHERE tgname = 'trg_ai_task_queue_updated_at'"
    assert new.any.query(f"SELECT ({triggers}), ({functions})") == [(6, 6)]
    again = at_once(lambda each: each.roll_out(), subjects[:2])
    assert {each.result for each in again} == {Result.UNCHANGED}


def test_concurrent_dry_runs_wait_for_each_other(new: Database) -> None:
    subjects = [new[home] for home in ("acme", "borealis", "cobalt")]
    results = at_once(lambda each: each.roll_out(dry_run=True), subjects)
    assert (failures(results), {each.result for each in results}) == ([], {Result.DONE})
    assert new.any.query("SELECT to_regnamespace('ai_guardrails'), to_regnamespace('pgfleet')") == [(None, None)]


def test_only_shared_objects_wait_for_other_tenants(new: Database) -> None:
    acme = new["acme"]
    patient = acme.policy
    acme.policy = replace(patient, statement_timeout_ms=300, lock_timeout_ms=300)
    plan = prepared(acme)
    with new.any.server.session(new.any.database, "borealis") as other, locked_transaction(other):
        lock_shared(other)
        result = without_retries(acme).roll_out(plan)
    status = {each.version: each.status for each in result.migrations}
    assert status["20250315"] is StepStatus.DONE
    assert status["20250331"] is StepStatus.FAILED
    [said] = failures([result])
    assert said.startswith("another run is working on the shared objects of this database: pgfleet")
    acme.policy = patient
    assert acme.roll_out().result is Result.DONE


def prepared(subject: Subject) -> Any:
    """The plan of a tenant in whose database there is a ledger."""
    from pgfleet.postgres.apply.ledger import prepare_ledger

    with subject.server.session(subject.database) as session:
        prepare_ledger(session)
    return subject.plan()


def test_shared_differences_are_reported_once_and_own_ones_per_tenant(made: Database) -> None:
    made["acme"].execute(f"{BREAK_OWN}; {BREAK_SHARED}")
    document = made.audit()
    assert {each.verdict for each in document.tenants} == {Verdict.BLOCKED}
    [shared] = document.shared
    assert (shared.identity, shared.change, shared.tenants) == (
        "ai_guardrails.idx_policy_rules_priority",
        "missing",
        HOMES,
    )
    assert shared.database.endswith(f"/{made.any.database}")
    found = [(each.identity, each.shared) for part in document.tenants[0].migrations for each in part.differences]
    assert found == [("acme.idx_ai_messages_conversation", False), (shared.identity, True)]
    assert document.tenants[1].home == "borealis"


def test_a_rollout_fixes_shared_objects_once(made: Database, proven: ExpectedCatalog) -> None:
    for each in made.subjects.values():
        each.expected = proven
    for home in ("acme", "borealis"):
        made[home].roll_out()
    made["acme"].execute(f"{BREAK_OWN}; {BREAK_SHARED}")
    plans = {home: made[home].plan() for home in ("acme", "borealis")}
    restored = {home: made[home].roll_out(plan) for home, plan in plans.items()}
    assert [step(each, "20250331").action for each in restored.values()] == [Action.REAPPLY, Action.REAPPLY]
    assert step(restored["borealis"], "20250331").detail == "done already when its turn came"
    assert made["borealis"].events().count(("healed", "20250331")) == 1
    assert made.audit().shared == ()


def test_a_repair_fixes_shared_objects_once(made: Database) -> None:
    homes = ("acme", "borealis", "cobalt")
    made["acme"].execute(BREAK_OWN)
    made["borealis"].execute(BREAK_OWN)
    made.any.execute(BREAK_SHARED)
    subjects = [made[home] for home in homes]
    planned = at_once(preview, subjects)
    assert [len(each.statements) for each in planned] == [2, 2, 1]
    found = dict(zip(homes, at_once(lambda each: repair(each, planned[subjects.index(each)]), subjects), strict=True))
    assert [each.error for each in found.values()] == [None] * 3
    assert sum(len(each.statements) for each in found.values()) == 3, "each its own, and one what is shared"
    assert found["cobalt"].result in {RepairResult.REPAIRED, RepairResult.UNCHANGED}
    assert sum(each.detail == SHARED_ALREADY_REPAIRED for each in found.values()) == 2
    assert set(made.verdicts().values()) == {Verdict.READY}


def preview(subject: Subject) -> TenantRepair:
    context = subject.context
    return repairs.preview(context.environment.tenants[0], context)


def repair(subject: Subject, planned: TenantRepair) -> TenantRepair:
    context = subject.context
    agreed = {"digest": planned.digest, "own_digest": planned.own_digest}
    return repairs.repair(context.environment.tenants[0], context, dry_run=False, **agreed)


def test_a_repair_is_refused_if_the_tenants_own_part_has_changed(made: Database) -> None:
    made["acme"].execute(f"{BREAK_OWN}; {BREAK_SHARED}")
    planned = preview(made["acme"])
    made["acme"].execute("DROP INDEX idx_ai_conversations_user")
    repair(made["borealis"], preview(made["borealis"]))
    refused = repair(made["acme"], planned)
    assert refused.error is not None
    assert "has changed since its repair was approved" in refused.error.message


def test_seeds_and_counts_use_the_tenants_schema(made: Database) -> None:
    made["acme"].execute(
        "INSERT INTO ai_conversations (user_id) VALUES (1), (2); DELETE FROM ai_guardrails.policy_rules"
    )
    acme, public = made["acme"], made["public"]
    plans = [each.plan(migrations=False) for each in (acme, public)]
    assert [each.seeds for each in plans] == [("policy_rules",)] * 2
    results = [acme.roll_out(plans[0]), public.roll_out(plans[1])]
    assert [(each.status, each.detail) for result in results for each in result.seeds] == [
        (StepStatus.DONE, None),
        (StepStatus.SKIPPED, "it is present"),
    ]
    counted = [each.after.rows for result in results for each in result.counts if each.after]
    assert counted == [2, 0, 0, 0]


def test_contracts_are_tried_in_the_home_schema(made: Database) -> None:
    made["acme"].execute("ALTER TABLE ai_task_queue DROP COLUMN attempts")
    broken = {
        home: [each.consumer for each in made[home].audit().contracts if each.works is False]
        for home in ("acme", "borealis")
    }
    assert (broken["acme"] != [], broken["borealis"]) == (True, [])


def test_a_rollout_resumes_after_a_lost_connection_without_touching_other_tenants(new: Database) -> None:
    new["borealis"].roll_out()
    before = new["borealis"].before()
    acme = replace(new["acme"])
    third = acme.manifest.migrations[2]
    broken = replace(third, script=replace(third.script, sql=f"{third.script.sql} SELECT 1 / 0;"))
    whole, acme.manifest = acme.manifest, with_migration(acme.manifest, broken)
    assert acme.roll_out().result is Result.FAILED
    acme.manifest = whole
    assert acme.roll_out().result is Result.DONE
    new["borealis"].assert_whole(before)
    assert set(acme.ledger().values()) <= {"applied", "adopted"}
    assert len(acme.ledger()) == 7


def with_migration(manifest: Manifest, changed: Any) -> Manifest:
    migrations = tuple(changed if each.version == changed.version else each for each in manifest.migrations)
    return replace(manifest, migrations=migrations)


def test_a_missing_home_schema_is_reported_and_not_created(new: Database) -> None:
    missing = replace(new.any, home="not_yet", plans=[])
    entry = missing.audit()
    assert entry.verdict is Verdict.UNKNOWN
    assert "schema not_yet does not exist; create it" in (entry.reason or "")
    result = missing.roll_out()
    assert (result.result, result.obstacle) == (Result.FAILED, Verdict.UNKNOWN)
    assert new.any.query("SELECT to_regnamespace('not_yet'), to_regnamespace('pgfleet')") == [(None, None)]
    new.any.execute("CREATE SCHEMA not_yet")
    assert missing.roll_out().result is Result.DONE


@pytest.mark.parametrize("home", ["s", "S x", "my-app", "a.b"])
def test_a_missing_home_schema_that_the_manifest_creates_is_created(
    server: Server, empty_database: str, home: str
) -> None:
    table = f'CREATE SCHEMA IF NOT EXISTS "{home}"; CREATE TABLE IF NOT EXISTS "{home}".t (id int PRIMARY KEY);'
    manifest = a_small_manifest({"1_t.sql": table})
    expected = server.expected(manifest, home=home)
    subject = Subject(
        server=server, database=empty_database, manifest=manifest, expected=expected, policy=QUICK, home=home
    )
    assert subject.audit().verdict is Verdict.BLOCKED
    assert subject.roll_out().result is Result.DONE
    assert subject.audit().verdict is Verdict.READY


EXTENSION = "CREATE EXTENSION IF NOT EXISTS hstore SCHEMA {schema}; CREATE TABLE IF NOT EXISTS notes (tags hstore);"


@pytest.mark.parametrize("schema", ["tools", "public"])
def test_an_extension_is_found_from_every_schema(server: Server, empty_database: str, schema: str) -> None:
    """It is the database's; with no tenant in its schema it is on the search path, after the home schema."""
    made = "CREATE SCHEMA IF NOT EXISTS tools; " if schema == "tools" else ""
    later = "ALTER TABLE notes ADD COLUMN IF NOT EXISTS more hstore DEFAULT hstore('a', 'b');"
    manifest = a_small_manifest({"1_notes.sql": made + EXTENSION.format(schema=schema), "2_more.sql": later})
    subject = Subject(
        server=server, database=empty_database, manifest=manifest, expected=server.expected(manifest), policy=QUICK
    )
    subject.execute("CREATE SCHEMA acme; CREATE SCHEMA globex")
    subjects = [replace(subject, home=home, plans=[]) for home in ("acme", "globex")]
    results = at_once(lambda each: each.roll_out(), subjects)
    assert (failures(results), {each.result for each in results}) == ([], {Result.DONE})
    assert {each.audit().verdict for each in subjects} == {Verdict.READY}


def test_a_missing_name_is_not_found_in_another_tenants_schema(server: Server, empty_database: str) -> None:
    """Although the extension is in that tenant's schema."""
    manifest = a_small_manifest(
        {"1_notes.sql": EXTENSION.format(schema="public"), "2_data.sql": "UPDATE notes SET tags = NULL;"}
    )
    subject = Subject(
        server=server, database=empty_database, manifest=manifest, expected=server.expected(manifest), policy=QUICK
    )
    assert subject.roll_out().result is Result.DONE
    subject.execute("CREATE SCHEMA acme; INSERT INTO notes VALUES ('a=>b')")
    acme = replace(subject, home="acme", plans=[])
    failed = step(acme.roll_out(), "1")
    assert failed.error is not None
    assert (failed.error.message, "belongs to no other tenant" in (failed.error.advice or "")) == (
        'type "hstore" does not exist',
        True,
    )
    assert step(acme.roll_out(), "2").status is StepStatus.FAILED
    assert subject.query("SELECT tags::text FROM notes") == [('"a"=>"b"',)]
