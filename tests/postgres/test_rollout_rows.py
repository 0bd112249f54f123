"""Seeds add missing rows and change nothing else; guarded tables do not shrink."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from fixtures.proxy import CuttingProxy
from fixtures.rollout import Subject, a_small_manifest

from pgfleet.documents.rollout import Result, StepStatus
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.apply.ledger import prepare_ledger

RULES = "SELECT name, message, ctid::text, xmin::text FROM ai_guardrails.policy_rules ORDER BY name"
WARN, BLOCK = "finance_wire_warn", "privacy_email_export_block"


def with_seed(manifest: Manifest, sql: str) -> Manifest:
    [seed] = manifest.seeds
    return replace(manifest, seeds=(replace(seed, script=replace(seed.script, sql=sql)),))


def test_missing_rows_are_added_and_edited_ones_kept(grown: Subject) -> None:
    grown.execute(f"DELETE FROM ai_guardrails.policy_rules WHERE name = '{WARN}'")
    grown.execute("UPDATE ai_guardrails.policy_rules SET message = 'ours'")
    [edited] = grown.query(RULES)
    result = grown.roll_out(migrations=False)
    assert [(each.status, each.rows_added) for each in result.seeds] == [(StepStatus.DONE, 1)]
    assert (edited in grown.query(RULES), len(grown.query(RULES))) == (True, 2)
    assert result.migrations == ()


def test_a_seed_that_is_present_is_not_run(grown: Subject) -> None:
    plan = grown.plan().model_copy(update={"seeds": ("policy_rules",)})
    before = grown.query(RULES)
    [found] = grown.roll_out(plan).seeds
    assert (found.status, found.detail, grown.query(RULES)) == (StepStatus.SKIPPED, "it is present", before)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("{insert}; UPDATE ai_guardrails.policy_rules SET message = 'mine'", "the seed alters 2 existing rows"),
        ("INSERT INTO ai_guardrails.policy_rules (name, severity, message) VALUES ('a', 'b', 'c')", "is missing"),
        ("DELETE FROM ai_guardrails.policy_rules; {insert}", "the seed deletes existing rows"),
        ("TRUNCATE ai_guardrails.policy_rules; {insert}", "the seed deletes existing rows"),
        ("{insert}; DROP INDEX ai_guardrails.idx_policy_rules_priority", "alters, or drops objects"),
        ("{insert}; CREATE INDEX ours ON ai_guardrails.policy_rules (severity)", "alters, or drops objects"),
    ],
    ids=["alters", "does not plant", "deletes", "truncates", "drops an index", "makes an index"],
)
def test_a_seed_that_changes_anything_else_is_rolled_back(grown: Subject, sql: str, said: str) -> None:
    grown.execute(f"DELETE FROM ai_guardrails.policy_rules WHERE name = '{WARN}'")
    before, found = grown.query(RULES), grown.audit()
    grown.manifest = with_seed(grown.manifest, sql.format(insert=grown.manifest.seeds[0].script.sql.rstrip(";\n ")))
    result = grown.roll_out()
    [failed] = result.seeds
    assert (result.result, failed.status) == (Result.FAILED, StepStatus.FAILED)
    assert failed.error is not None
    assert said in failed.error.message
    assert (grown.query(RULES), grown.audit().fingerprint) == (before, found.fingerprint)


def test_guards_apply_to_seeds_too(grown: Subject) -> None:
    grown.execute("DELETE FROM ai_guardrails.policy_rules")
    before = grown.rows()
    grown.manifest = with_seed(grown.manifest, f"{grown.manifest.seeds[0].script.sql}\nDELETE FROM ai_messages;")
    [failed] = grown.roll_out(migrations=False).seeds
    assert failed.error is not None
    assert failed.error.message == "rows would be lost: ai_messages lost 20 of 20 rows"
    assert grown.rows() == before


def guarded(small: Callable[..., Subject], script: str, *, may_shrink: bool = False, rows: int = 10) -> Subject:
    """A tenant with a table of `rows` rows, and a migration that makes a column and runs `script`."""
    make = "CREATE TABLE IF NOT EXISTS one (id integer, note varchar(9));"
    rest = f'[[counts]]\ntable = "one"\nmay_shrink = {str(may_shrink).lower()}'
    scripts = {"1_one.sql": make, "2_two.sql": "ALTER TABLE one ADD COLUMN IF NOT EXISTS two integer;"}
    subject = small(scripts, rest=rest)
    subject.execute(f"{make} INSERT INTO one SELECT n FROM generate_series(1, {rows}) AS n")
    changed = a_small_manifest({**scripts, "2_two.sql": f"{scripts['2_two.sql']} {script}"}, rest=rest)
    subject.manifest = changed
    return subject


def rows(subject: Subject) -> Any:
    return subject.query("SELECT count(*) FROM one")[0][0]


AGAIN = "CREATE TABLE one (id integer, note varchar(9), two integer);"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("DELETE FROM one WHERE id <= 3;", "one lost 3 of 10 rows"),
        ("DELETE FROM one WHERE id <= 3; INSERT INTO one VALUES (1);", "one lost 2 of 10 rows"),
        (
            "DO $$ BEGIN INSERT INTO one TABLE one; RAISE 'no'; EXCEPTION WHEN OTHERS THEN DELETE FROM one; END $$;",
            "one lost 10 of 10 rows",
        ),
        ("TRUNCATE one;", "one shrank from 10 rows to 0"),
        (f"DROP TABLE one; {AGAIN}", "one shrank from 10 rows to 0"),
        (
            f"CREATE TABLE kept AS SELECT * FROM one LIMIT 9; DROP TABLE one; {AGAIN} INSERT INTO one TABLE kept;",
            "to 9",
        ),
    ],
    ids=[
        "deleted",
        "deleted and some inserted",
        "deleted, what was inserted taken back",
        "truncated",
        "made anew",
        "made anew with most of them",
    ],
)
def test_a_migration_that_shrinks_a_guarded_table_fails(small: Callable[..., Subject], script: str, said: str) -> None:
    subject = guarded(small, script)
    failed = subject.roll_out().migrations[1]
    assert failed.error is not None
    assert said in failed.error.message
    assert (rows(subject), subject.ledger()) == (10, {"1": "adopted"})


@pytest.mark.parametrize("script", ["DELETE FROM one;", "TRUNCATE one;"])
def test_a_table_too_large_to_count_is_guarded_too(small: Callable[..., Subject], script: str) -> None:
    subject = guarded(small, script, rows=2_000)
    subject.execute("ANALYZE one")
    subject.policy = replace(subject.policy, exact_count_limit_rows=100)
    failed = subject.roll_out().migrations[1]
    assert failed.error is not None
    assert "about 2000 rows" in failed.error.message
    assert rows(subject) == 2_000


@pytest.mark.parametrize(
    "script",
    [
        "ALTER TABLE one ALTER COLUMN id TYPE integer USING id + 0;",
        "INSERT INTO one SELECT n FROM generate_series(1, 5) AS n; DELETE FROM one WHERE id = 1;",
        "UPDATE one SET id = id + 1;",
    ],
    ids=["written anew", "more inserted than deleted", "updated"],
)
def test_a_migration_that_removes_no_rows_does_not_trip_the_guard(small: Callable[..., Subject], script: str) -> None:
    subject = guarded(small, script)
    assert subject.roll_out().result is Result.DONE
    assert rows(subject) >= 10


def test_a_table_that_cannot_be_counted_is_not_reported_as_missing(small: Callable[..., Subject]) -> None:
    """The owner gives it a foreign child between the plan and the rollout."""
    subject = guarded(small, "CREATE TABLE two (id int);", may_shrink=True)
    plan = subject.plan()
    subject.execute("CREATE FOREIGN DATA WRAPPER w; CREATE SERVER elsewhere FOREIGN DATA WRAPPER w")
    subject.execute("CREATE FOREIGN TABLE far () INHERITS (one) SERVER elsewhere")
    result = subject.roll_out(plan)
    assert result.result is Result.DONE
    assert [(each.table, each.before, each.after) for each in result.counts] == [("one", None, None)]


def test_a_table_may_shrink_if_the_manifest_allows_it(small: Callable[..., Subject]) -> None:
    subject = guarded(small, "DELETE FROM one WHERE id <= 3;", may_shrink=True)
    assert (subject.roll_out().result, rows(subject)) == (Result.DONE, 7)


def test_rows_that_others_delete_meanwhile_do_not_trip_the_guard(
    small: Callable[..., Subject], cutting_proxy: Callable[..., CuttingProxy]
) -> None:
    """Another session deletes them between the first count and the script."""
    subject = guarded(small, "")
    plan = plan_with_ledger(subject)
    delete = partial(subject.execute, "DELETE FROM one WHERE id <= 4")
    subject.proxy = cutting_proxy(b"ADD COLUMN IF NOT EXISTS two", server=subject.server, act=delete, forwards=True)
    assert (subject.roll_out(plan).result, rows(subject), subject.proxy.cuts) == (Result.DONE, 6, 1)


def plan_with_ledger(subject: Subject) -> Any:
    """Makes the ledger beforehand, so that the only script that runs is the migration's."""
    with subject.server.session(subject.database) as session:
        prepare_ledger(session)
    return subject.plan()
