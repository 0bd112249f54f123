"""The checks of the shipped manifest pass after their migration and fail before it."""

import pytest
from fixtures.servers import Server

from pgfleet.judge.entries import judge_check
from pgfleet.manifest.model import Manifest, Migration
from pgfleet.postgres.read.queries import run_checks
from pgfleet.postgres.session import Session

pytestmark = pytest.mark.every_version


def passed(session: Session, migration: Migration) -> dict[str, bool | None]:
    """Whether each check of the migration passed; an answer there must be, be it no rows."""
    answers = run_checks(session, migration.checks)
    assert [each.fault or each.absent for each in answers] == [None] * len(migration.checks)
    return {
        check.name: judge_check(check, answer).passed for check, answer in zip(migration.checks, answers, strict=True)
    }


def all_of(migration: Migration, *, answer: bool) -> dict[str, bool]:
    return {check.name: answer for check in migration.checks}


def test_each_migration_has_checks(shipped_manifest: Manifest) -> None:
    assert all(migration.checks for migration in shipped_manifest.migrations)


def test_they_fail_before_their_migration_and_pass_after(
    server: Server, empty_database: str, shipped_manifest: Manifest
) -> None:
    with server.session(empty_database) as session:
        for migration in shipped_manifest.migrations:
            assert passed(session, migration) == all_of(migration, answer=False)
            session.run_script(migration.script.sql)
            assert passed(session, migration) == all_of(migration, answer=True)


def test_they_fail_in_an_empty_database(server: Server, empty_database: str, shipped_manifest: Manifest) -> None:
    with server.session(empty_database) as session:
        for migration in shipped_manifest.migrations:
            assert passed(session, migration) == all_of(migration, answer=False)


@pytest.mark.parametrize("home", ["acme", 'Odd "Home.x'])
def test_they_only_look_at_the_home_schema(
    server: Server, empty_database: str, shipped_manifest: Manifest, home: str
) -> None:
    """Applying the manifest in another schema proves nothing; in the shared schema, it does."""
    quoted = home.replace('"', '""')
    server.execute(f'CREATE SCHEMA "{quoted}"', empty_database)
    with server.session(empty_database) as other, server.session(empty_database, home) as session:
        for migration in shipped_manifest.migrations:
            other.run_script(migration.script.sql)
        for migration in shipped_manifest.migrations:
            is_shared = "ai_guardrails" in migration.script.sql
            assert passed(session, migration) == all_of(migration, answer=is_shared)
            session.run_script(migration.script.sql)
            assert passed(session, migration) == all_of(migration, answer=True)
