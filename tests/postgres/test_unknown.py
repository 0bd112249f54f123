"""A tenant that could not be read completely is unknown: not ready, and not drifted."""

import dataclasses

import psycopg
import pytest
from fixtures.servers import POLICY, Server

from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.documents.audit import TenantEntry, Verdict
from pgfleet.documents.findings import MigrationStatus, SeedStatus
from pgfleet.documents.plan import Action
from pgfleet.errors import NoExpectedCatalog
from pgfleet.fleet.model import Policy
from pgfleet.judge.observations import CountObservation
from pgfleet.manifest.model import Check, Count, Manifest
from pgfleet.postgres.apply.ledger import prepare_ledger, record
from pgfleet.postgres.read.audit import audit
from pgfleet.postgres.read.queries import count_rows

TABLES = [
    "public.ai_conversations",
    "public.ai_messages",
    "public.ai_task_queue",
    "public.ai_conversation_reflections",
    "public.skill_workflows",
    "public.skill_run_reflections",
    "public.agent_event_logs",
    "ai_guardrails.policy_rules",
]


@pytest.fixture
def reader(server: Server, database: str) -> str:
    """A role that may read what the manifest manages, and nothing else."""
    role = server.create_role()
    server.execute(
        f"""
        REVOKE ALL ON SCHEMA public FROM PUBLIC;
        GRANT USAGE ON SCHEMA public, ai_guardrails TO {role};
        GRANT SELECT ON ALL TABLES IN SCHEMA public, ai_guardrails TO {role};
        """,
        database,
    )
    return role


class Auditor:
    """Audits the test's database as the role that may only read."""

    def __init__(
        self, server: Server, database: str, reader: str, manifest: Manifest, expected: ExpectedCatalog
    ) -> None:
        self.server, self.database, self.role = server, database, reader
        self.manifest, self.expected = manifest, expected

    def execute(self, sql: str) -> None:
        """As the superuser; `{role}` stands for the reader."""
        self.server.execute(sql.replace("{role}", self.role), self.database)

    def audit(self, *, policy: Policy = POLICY) -> TenantEntry:
        tenant = self.server.tenant(self.database, role=self.role)
        return audit(tenant, self.server.context(self.manifest, self.expected, tenant, policy=policy))


@pytest.fixture
def auditor(
    server: Server, database: str, reader: str, shipped_manifest: Manifest, expected: ExpectedCatalog
) -> Auditor:
    return Auditor(server, database, reader, shipped_manifest, expected)


def found_differences(entry: TenantEntry) -> list[str]:
    return [each.identity for migration in entry.migrations for each in migration.differences]


def statuses(entry: TenantEntry) -> set[str]:
    return {each.status for each in entry.migrations}


def assert_unknown(entry: TenantEntry, *reasons: str) -> None:
    """Unknown, for these reasons; and nothing is said to differ."""
    assert entry.verdict is Verdict.UNKNOWN
    assert entry.reason is not None
    assert [reason for reason in reasons if reason not in entry.reason] == []
    assert found_differences(entry) == []
    assert statuses(entry) <= {MigrationStatus.APPLIED, MigrationStatus.UNKNOWN}


# Rights


def test_read_privileges_are_enough_for_an_audit(auditor: Auditor) -> None:
    entry = auditor.audit()
    assert (entry.verdict, entry.reason) == (Verdict.READY, None)


@pytest.mark.parametrize("table", TABLES)
def test_an_unreadable_table_is_unknown(auditor: Auditor, table: str) -> None:
    auditor.execute(f"REVOKE ALL ON {table} FROM {{role}}")
    entry = auditor.audit()
    assert_unknown(entry, f"the role cannot read {table}")
    assert MigrationStatus.UNKNOWN in statuses(entry)


def test_a_write_only_table_is_unknown(auditor: Auditor) -> None:
    """information_schema shows it, so that every check is answered; the audit did not see all of it all the same."""
    auditor.execute("REVOKE ALL ON agent_event_logs FROM {role}; GRANT INSERT ON agent_event_logs TO {role}")
    assert_unknown(auditor.audit(), "the role cannot read public.agent_event_logs")


def test_a_tenant_without_readable_tables_is_unknown(auditor: Auditor) -> None:
    auditor.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public, ai_guardrails FROM {role}")
    entry = auditor.audit()
    assert_unknown(entry, *TABLES, "ai_conversations could not be counted", "seed policy_rules could not be checked")
    assert MigrationStatus.UNKNOWN in statuses(entry)
    assert [each.rows for each in entry.counts] == [None, None]


def test_a_table_with_one_readable_column_is_unknown(auditor: Auditor) -> None:
    auditor.execute("REVOKE ALL ON ai_messages FROM {role}; GRANT SELECT (id) ON ai_messages TO {role}")
    assert_unknown(auditor.audit(), "the role cannot read public.ai_messages")


def test_an_unusable_managed_schema_is_unknown(auditor: Auditor) -> None:
    auditor.execute("REVOKE ALL ON SCHEMA ai_guardrails FROM {role}")
    entry = auditor.audit()
    assert_unknown(entry, "permission denied for schema ai_guardrails")
    assert [each.status for each in entry.seeds] == [SeedStatus.UNKNOWN]


def test_an_unusable_home_schema_is_unknown(auditor: Auditor) -> None:
    """Not even its names resolve then: the server leaves it out of the search path without a word."""
    auditor.execute("REVOKE ALL ON SCHEMA public FROM {role}")
    assert_unknown(auditor.audit(), "schema public")


def test_an_unusable_home_schema_without_readable_tables_is_unknown(auditor: Auditor) -> None:
    auditor.execute("REVOKE ALL ON SCHEMA public FROM {role}; REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}")
    assert_unknown(auditor.audit(), "schema public")


def test_a_missing_home_schema_is_unknown(auditor: Auditor) -> None:
    """A slip in the fleet file, and no tenant that no migration was ever run in."""
    tenant = auditor.server.tenant(auditor.database, home="acne", role=auditor.role)
    entry = audit(tenant, auditor.server.context(auditor.manifest, auditor.expected, tenant))
    assert entry.verdict in {Verdict.UNREACHABLE, Verdict.UNKNOWN}
    assert entry.reason is not None
    assert "schema acne does not exist" in entry.reason


def test_differences_are_reported_although_something_is_unknown(auditor: Auditor) -> None:
    """Every role may read the catalog, so what it shows is known even if other things are not."""
    auditor.execute("REVOKE ALL ON ai_messages FROM {role}; DROP INDEX idx_ai_messages_conversation")
    entry = auditor.audit()
    assert entry.verdict is Verdict.UNKNOWN
    assert found_differences(entry) == ["public.idx_ai_messages_conversation"]


def test_an_unreadable_seed_table_is_unknown(auditor: Auditor) -> None:
    auditor.execute("REVOKE ALL ON ai_guardrails.policy_rules FROM {role}")
    entry = auditor.audit()
    assert_unknown(entry, "seed policy_rules could not be checked: permission denied")
    assert [each.status for each in entry.seeds] == [SeedStatus.UNKNOWN]


def test_an_unreadable_counted_table_is_unknown(auditor: Auditor) -> None:
    auditor.execute("REVOKE ALL ON ai_messages FROM {role}")
    entry = auditor.audit()
    assert_unknown(entry, "ai_messages could not be counted: permission denied")
    assert [(each.table, each.rows) for each in entry.counts] == [("ai_conversations", 0), ("ai_messages", None)]


# The ledger


@pytest.mark.parametrize(
    "how",
    [
        "GRANT USAGE ON SCHEMA pgfleet TO {role}",
        "GRANT SELECT ON ALL TABLES IN SCHEMA pgfleet TO {role}",
        """
        GRANT USAGE ON SCHEMA pgfleet TO {role};
        GRANT SELECT ON ALL TABLES IN SCHEMA pgfleet TO {role};
        ALTER TABLE pgfleet.ledger RENAME COLUMN version TO number;
        """,
    ],
    ids=["no right on the table", "no right on the schema", "of another make"],
)
def test_an_unreadable_ledger_is_unknown(auditor: Auditor, how: str) -> None:
    with auditor.server.session(auditor.database) as session:
        prepare_ledger(session)
    auditor.execute(how)
    assert_unknown(auditor.audit(), "the ledger could not be read")


def test_a_readable_ledger_is_read(auditor: Auditor) -> None:
    with auditor.server.session(auditor.database) as session:
        prepare_ledger(session)
        record(session, auditor.manifest.migrations[0], Action.APPLY, run_id="test")
    auditor.execute("GRANT USAGE ON SCHEMA pgfleet TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA pgfleet TO {role}")
    assert auditor.audit().verdict is Verdict.READY


# Checks that cannot be completed


def with_check(manifest: Manifest, query: str) -> Manifest:
    """The manifest with one more check of its last migration."""
    *others, last = manifest.migrations
    check = Check(name="one more", query=query, returns=((1,),))
    return dataclasses.replace(manifest, migrations=(*others, dataclasses.replace(last, checks=(*last.checks, check))))


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT count(*) FROM generate_series(1, 1000000000000)", "canceling statement due to statement timeout"),
        ("SELECT 1 / 0", "division by zero"),
        ("SELECT count(*) FROM pg_authid", "permission denied for table pg_authid"),
        ("WITH x AS (DELETE FROM ai_messages RETURNING 1) SELECT * FROM x", "read-only"),
    ],
)
def test_a_check_that_cannot_be_completed_is_unknown(auditor: Auditor, query: str, said: str) -> None:
    """The other checks are answered all the same."""
    auditor.manifest = with_check(auditor.manifest, query)
    entry = auditor.audit(policy=dataclasses.replace(POLICY, statement_timeout_ms=300))
    assert_unknown(entry, "check 'one more' of 20250401 could not be completed", said)
    assert [each.passed for each in entry.migrations[-1].checks] == [True, None]
    assert [each.status for each in entry.migrations[:-1]] == [MigrationStatus.APPLIED] * 6


def test_a_check_of_a_missing_object_fails(auditor: Auditor) -> None:
    auditor.manifest = with_check(auditor.manifest, "SELECT 1 FROM nothing_by_this_name")
    entry = auditor.audit()
    assert entry.verdict is Verdict.BLOCKED
    assert entry.migrations[-1].checks[-1].passed is False
    assert entry.migrations[-1].checks[-1].detail == 'relation "nothing_by_this_name" does not exist'


def test_a_locked_table_is_unknown(auditor: Auditor) -> None:
    policy = dataclasses.replace(POLICY, lock_timeout_ms=50)
    with psycopg.connect(auditor.server.cluster.dsn(auditor.database)) as other:
        other.execute("LOCK TABLE ai_messages")
        assert_unknown(auditor.audit(policy=policy), "canceling statement due to lock timeout")
    assert auditor.audit(policy=policy).verdict is Verdict.READY


def test_a_server_without_expected_catalog_is_unknown(auditor: Auditor) -> None:
    tenant = auditor.server.tenant(auditor.database)
    context = auditor.server.context(auditor.manifest, auditor.expected, tenant)
    context.expectations = {
        context.replay(auditor.server.major, "public"): NoExpectedCatalog("no scratch database; set scratch_dsn")
    }
    assert_unknown(audit(tenant, context), "no scratch database; set scratch_dsn")
    context.expectations = {}
    assert_unknown(audit(tenant, context), f"no PostgreSQL {auditor.server.major} server")


# Counts


def counted(auditor: Auditor, table: str, *, limit_rows: int) -> CountObservation:
    with auditor.server.session(auditor.database) as session:
        return count_rows(session, Count(table=table, may_shrink=True), limit_rows=limit_rows)


@pytest.fixture
def thousand(auditor: Auditor) -> Auditor:
    """A table of a thousand analysed rows, less one that the planner does not know to be gone."""
    auditor.execute(
        """
        CREATE TABLE "Thousand" WITH (autovacuum_enabled = off) AS SELECT * FROM generate_series(1, 1000) AS n;
        CREATE INDEX by_n ON "Thousand" (n);
        """
    )
    auditor.execute('ANALYZE "Thousand"')
    auditor.execute('DELETE FROM "Thousand" WHERE n = 1')
    return auditor


@pytest.mark.parametrize(
    ("limit_rows", "rows", "exact"), [(999, 1000, False), (1000, 999, True), (0, 1000, False), (2000, 999, True)]
)
def test_counts_are_exact_up_to_the_limit(thousand: Auditor, limit_rows: int, rows: int, exact: bool) -> None:
    assert counted(thousand, "Thousand", limit_rows=limit_rows) == CountObservation(
        table="Thousand", rows=rows, exact=exact
    )


def test_without_statistics_the_size_decides(auditor: Auditor) -> None:
    """It is taken for rows of a hundred bytes, and these are smaller."""
    auditor.execute("CREATE TABLE fresh WITH (autovacuum_enabled = off) AS SELECT n FROM generate_series(1, 1000) AS n")
    estimated = counted(auditor, "fresh", limit_rows=100)
    assert not estimated.exact
    assert estimated.rows is not None
    assert 100 < estimated.rows < 1000
    assert counted(auditor, "fresh", limit_rows=1000) == CountObservation(table="fresh", rows=1000, exact=True)


def test_an_empty_table_is_counted(auditor: Auditor) -> None:
    assert counted(auditor, "ai_messages", limit_rows=0) == CountObservation(table="ai_messages", rows=0, exact=True)


def test_a_table_of_another_schema_is_counted(auditor: Auditor) -> None:
    reading = counted(auditor, "ai_guardrails.policy_rules", limit_rows=100)
    assert reading == CountObservation(table="ai_guardrails.policy_rules", rows=2, exact=True)


@pytest.mark.parametrize("table", ["nothing_by_this_name", "no_schema.by_this_name"])
def test_a_missing_table_has_no_count_and_no_fault(auditor: Auditor, table: str) -> None:
    assert counted(auditor, table, limit_rows=100) == CountObservation(table=table, rows=None, exact=False)


def test_an_estimate_is_marked_in_the_audit(auditor: Auditor) -> None:
    auditor.execute("INSERT INTO ai_conversations SELECT FROM generate_series(1, 50)")
    auditor.execute("ANALYZE ai_conversations")
    entry = auditor.audit(policy=dataclasses.replace(POLICY, exact_count_limit_rows=49))
    assert [(each.table, each.rows, each.exact) for each in entry.counts] == [
        ("ai_conversations", 50, False),
        ("ai_messages", 0, True),
    ]
    assert entry.verdict is Verdict.READY


def test_a_dropped_table_s_count_is_null(auditor: Auditor) -> None:
    auditor.execute("DROP TABLE ai_messages")
    entry = auditor.audit()
    assert [(each.table, each.rows) for each in entry.counts] == [("ai_conversations", 0), ("ai_messages", None)]
    assert entry.verdict is Verdict.BLOCKED
    assert entry.reason is None


def test_a_different_fingerprint_without_differences_is_not_clean(
    server: Server, database: str, shipped_manifest: Manifest, expected: ExpectedCatalog
) -> None:
    """A fault of ours, if it ever happens: it must not read as ready."""
    first, *others = expected.history.chains
    link = first.links[-1]
    assert link.state is not None
    links = (*first.links[:-1], dataclasses.replace(link, state=dataclasses.replace(link.state, digest="0" * 64)))
    chains = (dataclasses.replace(first, links=links), *others)
    strange = dataclasses.replace(expected, history=dataclasses.replace(expected.history, chains=chains))
    tenant = server.tenant(database)
    entry = audit(tenant, server.context(shipped_manifest, strange, tenant))
    assert entry.verdict in {Verdict.BLOCKED, Verdict.UNKNOWN}
