"""Reverts of one tenant: what they do, what they prove, and what they refuse."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

import psycopg
import pytest
from fixtures.rollout import Subject, step
from fixtures.servers import Server

from pgfleet.documents.audit import Verdict
from pgfleet.documents.findings import MigrationStatus
from pgfleet.documents.plan import Action
from pgfleet.documents.rollout import Result, StepStatus

SCRIPTS = {
    "1_users.sql": "CREATE TABLE users (id int PRIMARY KEY, name text);",
    "2_name.sql": "ALTER TABLE users ALTER name SET NOT NULL;",
    "3_touch.sql": "UPDATE users SET name = upper(name);",
    "4_posts.sql": "CREATE TABLE posts (id int PRIMARY KEY, author int REFERENCES users);"
    "CREATE INDEX ON posts (author);",
}
DOWNS = {
    "1_users.down.sql": "DROP TABLE users;",
    "2_name.down.sql": "ALTER TABLE users ALTER name DROP NOT NULL;",
    "3_touch.down.sql": "UPDATE users SET name = lower(name);",
    "4_posts.down.sql": "DROP TABLE posts;",
}
COUNTS = '[[counts]]\ntable = "users"\n[[counts]]\ntable = "posts"'
ROWS = "INSERT INTO users VALUES (1, 'ann'), (2, 'bob'); INSERT INTO posts VALUES (1, 1), (2, 1), (3, 2)"

Revertible = Callable[..., Subject]


@pytest.fixture
def revertible(server: Server, small: Callable[..., Subject]) -> Iterator[Revertible]:
    """Makes a tenant of the scripts, to which they were rolled out, with rows; `downs` replaces down scripts."""

    def make(downs: Mapping[str, str] | None = None, scripts: Mapping[str, str] = SCRIPTS) -> Subject:
        files = {**DOWNS, **(downs or {})}
        entries = {f"v{name.split('_')[0]}": f'revert = "{name}"' for name in files}
        linear = {f"v{n}": f'{entries.get(f"v{n}", "")}\nrequires = ["{n - 1}"]' for n in range(2, len(scripts) + 1)}
        subject = small(scripts, files=files, **{**entries, **linear}, rest=COUNTS)

        def rolled_out() -> str:
            first = replace(subject, database=server.create_database())
            assert first.roll_out().error is None
            first.execute(ROWS)
            return first.database

        template = server.once(f"rolled out {scripts}", rolled_out)  # whatever the down scripts are
        made.append(replace(subject, database=server.create_database(template), runs=1))
        return made[-1]

    made: list[Subject] = []
    yield make
    for each in made:
        server.drop_database(each.database)


def test_a_revert_runs_the_down_scripts_newest_first_and_an_audit_shows_pending_migrations(
    revertible: Revertible,
) -> None:
    subject = revertible()
    plan = subject.plan(revert_to="1")
    assert [(each.table, each.rows) for each in plan.dropped] == [("posts", 3)]
    result = subject.roll_out(plan)
    assert (result.result, result.error) == (Result.DONE, None)
    assert [(each.version, each.action, each.status, each.detail) for each in result.migrations] == [
        ("4", Action.REVERT, StepStatus.DONE, "deletes 3 rows of posts"),
        ("3", Action.REVERT, StepStatus.DONE, None),
        ("2", Action.REVERT, StepStatus.DONE, None),
    ]
    audit = subject.audit()
    assert [each.status for each in audit.migrations] == [MigrationStatus.APPLIED, *[MigrationStatus.PENDING] * 3]
    assert audit.unexpected == ()
    assert subject.ledger() == {"1": "applied"}
    assert subject.events()[-3:] == [("reverted", "4"), ("reverted", "3"), ("reverted", "2")]
    assert subject.query("SELECT count(*) FROM users") == [(2,)]
    assert subject.roll_out(revert_to="1").result is Result.UNCHANGED
    assert subject.roll_out().result is Result.DONE
    assert subject.audit().verdict is Verdict.READY


def test_none_reverts_every_migration(revertible: Revertible) -> None:
    subject = revertible()
    assert subject.roll_out(revert_to="none").result is Result.DONE
    audit = subject.audit()
    assert {each.status for each in audit.migrations} == {MigrationStatus.PENDING}
    assert audit.position is not None
    assert audit.position.version is None


def test_a_dry_run_changes_nothing(revertible: Revertible) -> None:
    subject = revertible()
    before = subject.before()
    result = subject.roll_out(subject.plan(revert_to="none"), dry_run=True)
    assert (result.result, len(result.migrations)) == (Result.DONE, 4)
    subject.assert_whole(before)
    assert subject.statuses() == before.statuses
    assert "reverted" not in {event for event, _ in subject.events()}


@pytest.mark.parametrize(
    ("version", "down", "message"),
    [
        ("4", "ALTER TABLE posts DROP CONSTRAINT posts_author_fkey;", "leaves behind table public.posts"),
        ("2", "SELECT 1;", "leaves changed column public.users.name"),
        ("2", "ALTER TABLE users DROP name;", "does not restore column public.users.name"),
        (
            "3",
            "CREATE INDEX more ON users (name);",
            "leaves behind index public.more",
        ),
    ],
    ids=["leaves a table", "does nothing", "drops more", "creates an object"],
)
def test_a_down_script_that_does_not_lead_to_the_position_before_is_rolled_back(
    revertible: Revertible, version: str, down: str, message: str
) -> None:
    name = next(each for each in DOWNS if each.startswith(version))
    subject = revertible({name: down})
    if version != "4":
        assert subject.roll_out(revert_to=version).result is Result.DONE
    before = subject.before()
    result = subject.roll_out(revert_to=str(int(version) - 1))
    failed = step(result, version)
    assert (result.result, failed.status) == (Result.FAILED, StepStatus.FAILED)
    assert failed.error is not None
    assert failed.error.message == f"its down script {message}"
    assert failed.residual
    subject.assert_whole(before)
    assert subject.statuses() == before.statuses


def test_what_comes_before_a_failed_revert_is_not_reached(revertible: Revertible) -> None:
    subject = revertible({"3_touch.down.sql": "DROP TABLE absent;"})
    result = subject.roll_out(revert_to="none")
    assert [(each.version, each.status) for each in result.migrations] == [
        ("4", StepStatus.DONE),
        ("3", StepStatus.FAILED),
        ("2", StepStatus.NOT_REACHED),
        ("1", StepStatus.NOT_REACHED),
    ]
    assert step(result, "1").detail == "3 was not reverted"
    assert "".join(each[0] for each in subject.statuses().values()) == "aaap"


def test_rows_of_a_table_that_stays_must_not_be_lost(revertible: Revertible) -> None:
    subject = revertible({"4_posts.down.sql": "DROP TABLE posts; DELETE FROM users WHERE id = 2;"})
    result = subject.roll_out(revert_to="3")
    assert step(result, "4").error is not None
    assert "users lost 1 of 2 rows" in step(result, "4").error.message  # type: ignore[union-attr]
    assert subject.query("SELECT count(*) FROM users") == [(2,)]


@pytest.mark.parametrize(
    ("sql", "dropped"),
    [
        ("CREATE VIEW report AS SELECT author FROM posts", "view public.report"),
        ("CREATE TABLE likes (post int REFERENCES posts)", "constraint public.likes.likes_post_fkey"),
    ],
)
def test_a_cascade_must_not_drop_what_is_not_the_manifests(revertible: Revertible, sql: str, dropped: str) -> None:
    subject = revertible({"4_posts.down.sql": "DROP TABLE posts CASCADE;"})
    subject.execute(sql)
    before = subject.before()
    failed = step(subject.roll_out(revert_to="3"), "4")
    assert failed.error is not None
    assert failed.error.message == f"its down script drops {dropped}, which the manifest does not contain"
    subject.assert_whole(before)


def test_a_drifted_migration_is_not_reverted_and_nothing_else_is(revertible: Revertible) -> None:
    subject = revertible()
    subject.execute("DROP INDEX posts_author_idx")
    plan = subject.plan(revert_to="none")
    assert {each.action for each in plan.migrations} == {Action.REFUSE}
    result = subject.roll_out(plan)
    assert result.result is Result.FAILED
    assert step(result, "4").error is not None
    assert "it is drifted (index public.posts_author_idx is missing)" in step(result, "4").error.message  # type: ignore[union-attr]
    assert "reverted" not in {event for event, _ in subject.events()}


def test_drift_of_what_stays_does_not_prevent_a_revert(revertible: Revertible) -> None:
    subject = revertible()
    subject.execute("ALTER TABLE users ALTER id TYPE bigint")
    assert subject.roll_out(revert_to="3").result is Result.DONE
    assert "".join(each[0] for each in subject.statuses().values()) == "daap"


def test_a_tenant_without_a_ledger_keeps_its_position(revertible: Revertible) -> None:
    """Without pgfleet's record, the data migration before the reverted one would look like a pending one."""
    subject = revertible()
    subject.execute("DROP SCHEMA pgfleet CASCADE")
    assert subject.roll_out(revert_to="3").result is Result.DONE
    assert subject.ledger() == dict.fromkeys("123", "adopted")
    assert "".join(each[0] for each in subject.statuses().values()) == "aaap"


def test_an_older_ledger_learns_the_event(revertible: Revertible) -> None:
    subject = revertible()
    subject.execute(
        "ALTER TABLE pgfleet.ledger_events DROP CONSTRAINT ledger_events_event_check, "
        "ADD CONSTRAINT ledger_events_event_check CHECK (event IN ('applied', 'adopted'))"
    )
    assert subject.roll_out(revert_to="3").result is Result.DONE
    assert subject.events()[-1] == ("reverted", "4")


def test_a_revert_of_a_killed_session_is_retried_or_leaves_nothing(revertible: Revertible) -> None:
    sleeping = {"4_posts.down.sql": "DROP TABLE posts; SELECT pg_terminate_backend(pg_backend_pid());"}
    subject = revertible(sleeping)
    before = subject.before()
    result = subject.roll_out(revert_to="3")
    assert result.result in {Result.FAILED, Result.UNREACHABLE}
    subject.assert_whole(before)
    assert subject.statuses() == before.statuses


def test_a_lock_held_by_another_session_fails_the_revert_and_rolls_it_back(revertible: Revertible) -> None:
    subject = revertible()
    before = subject.before()
    with psycopg.connect(subject.server.cluster.dsn(subject.database)) as holder:
        holder.execute("LOCK TABLE posts IN ACCESS SHARE MODE")
        result = subject.roll_out(revert_to="3")
        holder.rollback()
    assert step(result, "4").error is not None
    assert step(result, "4").error.sqlstate == "55P03"  # type: ignore[union-attr]
    subject.assert_whole(before)
    assert subject.roll_out(revert_to="3").result is Result.DONE


def test_a_down_script_outside_a_transaction_is_resumed(revertible: Revertible) -> None:
    scripts = {**SCRIPTS, "5_index.sql": "CREATE INDEX one ON posts (id, author); CREATE INDEX two ON users (name);"}
    down = "DROP INDEX CONCURRENTLY one; DROP INDEX CONCURRENTLY two;"
    subject = revertible({"5_index.down.sql": down}, scripts)
    plan = subject.plan(revert_to="4")
    assert subject.roll_out(plan, dry_run=True).migrations[0].status is StepStatus.NOT_EXERCISED
    with psycopg.connect(subject.server.cluster.dsn(subject.database)) as holder:
        holder.execute("LOCK TABLE users IN SHARE MODE")
        result = subject.roll_out(plan)
        holder.rollback()
    assert step(result, "5").status is StepStatus.FAILED
    assert subject.ledger()["5"] == "started"
    again = subject.roll_out(revert_to="4")
    assert (again.result, step(again, "5").error) == (Result.DONE, None)
    assert "".join(each[0] for each in subject.statuses().values()) == "aaaap"
    assert "5" not in subject.ledger()


def test_an_outdated_plan_reverts_nothing(revertible: Revertible) -> None:
    subject = revertible()
    plan = subject.plan(revert_to="3")
    manifest = replace(
        subject.manifest,
        migrations=tuple(
            replace(each, down=replace(each.down, script=replace(each.down.script, checksum="other")))
            if each.version == "4" and each.down
            else each
            for each in subject.manifest.migrations
        ),
    )
    result = replace(subject, manifest=manifest).roll_out(plan)
    assert step(result, "4").error is not None
    assert step(result, "4").error.message == "its down script changed after the plan was made"  # type: ignore[union-attr]


@pytest.mark.parametrize("down", ["DROP TABLE IF EXISTS common.kinds; DROP SCHEMA IF EXISTS common;", "SELECT 1;"])
def test_tenants_of_one_database_are_reverted_one_after_another(small: Callable[..., Subject], down: str) -> None:
    """What they share may be gone already, and may remain."""
    scripts = {
        "1_users.sql": SCRIPTS["1_users.sql"],
        "2_kinds.sql": "CREATE SCHEMA IF NOT EXISTS common;"
        "CREATE TABLE IF NOT EXISTS common.kinds (id int PRIMARY KEY);",
    }
    one = small(scripts, {"2.down.sql": down}, v2='revert = "2.down.sql"\nrequires = ["1"]')
    tenants = [replace(one, home=home, plans=[]) for home in ("acme", "globex")]
    for tenant in tenants:
        tenant.server.execute(f"CREATE SCHEMA {tenant.home}", tenant.database)
        assert tenant.roll_out().result is Result.DONE
    for tenant in tenants:
        result = tenant.roll_out(revert_to="1")
        assert (result.result, [each.error for each in result.migrations]) == (Result.DONE, [None])
        assert tenant.statuses() == {"1": MigrationStatus.APPLIED, "2": MigrationStatus.PENDING}
