"""A script that undoes a later migration's work is committed together with that migration's rerun, or not at all."""

from collections.abc import Callable

import pytest
from fixtures.rollout import Subject, step

from pgfleet.documents.findings import MigrationStatus
from pgfleet.documents.plan import Action
from pgfleet.documents.rollout import Result, StepStatus, TenantResult

FIRST = "CREATE TABLE IF NOT EXISTS one (id integer); CREATE INDEX IF NOT EXISTS one_id ON one (id);"
SECOND = "CREATE TABLE IF NOT EXISTS c (id integer);"
SAYS = "SELECT says()"


def function(body: str) -> str:
    return f"CREATE OR REPLACE FUNCTION says() RETURNS text LANGUAGE sql AS $$ SELECT '{body}' $$;"


def message(result: TenantResult, version: str) -> str:
    error = step(result, version).error
    assert error is not None
    return error.message


@pytest.fixture
def undone(small: Callable[..., Subject]) -> Subject:
    """The script of 1 undoes what 3 made of a function; 2 lies between, and 3 requires it."""
    scripts = {"1_one.sql": f"{FIRST} {function('first')}", "2_two.sql": SECOND, "3_three.sql": function("third")}
    subject = small(scripts, v3='requires = ["2"]')
    assert subject.roll_out().result is Result.DONE
    return subject


def test_a_rerun_migration_stays_applied_although_one_in_between_fails(undone: Subject) -> None:
    undone.execute("DROP INDEX one_id; ALTER TABLE c ALTER id TYPE bigint")
    before = undone.before()
    result = undone.roll_out()
    statuses = [each.status for each in result.migrations]
    assert statuses == [StepStatus.DONE, StepStatus.SKIPPED, StepStatus.DONE]
    assert (step(result, "1").along, undone.query(SAYS)) == (("3",), [("third",)])
    assert step(result, "3").detail == "run in the transaction of 1, which undoes part of it"
    undone.assert_whole(before)
    assert undone.statuses()["3"] is MigrationStatus.APPLIED
    assert undone.events()[-2:] == [("healed", "1"), ("rerun", "3")]


def test_in_a_linear_history_the_later_migration_runs_in_the_same_transaction(small: Callable[..., Subject]) -> None:
    scripts = {"1_one.sql": f"{FIRST} {function('first')}", "2_two.sql": function("second")}
    subject = small(scripts, v2='requires = ["1"]')
    subject.roll_out()
    subject.execute("DROP INDEX one_id")
    assert [each.action for each in subject.plan().migrations] == [Action.REAPPLY, Action.RERUN]
    result = subject.roll_out()
    assert (result.result, step(result, "1").along, subject.query(SAYS)) == (Result.DONE, ("2",), [("second",)])
    assert subject.query("SELECT count(*), count(DISTINCT recorded_at) FROM pgfleet.ledger") == [(2, 1)]
    assert subject.events()[-2:] == [("healed", "1"), ("rerun", "2")]


def test_a_migration_that_cannot_be_rerun_prevents_reapplying_the_one_that_undoes_it(undone: Subject) -> None:
    undone.execute("DROP INDEX one_id; CREATE TABLE in_use AS SELECT 1")
    plan, before = undone.plan(), undone.before()
    script = undone.manifest.migrations[2].script
    object.__setattr__(script, "sql", f"{script.sql} SELECT 1 / 0;")
    result = undone.roll_out(plan)
    assert step(result, "1").status is StepStatus.FAILED
    assert "division by zero" in message(result, "1")
    undone.assert_whole(before)
    assert undone.query("SELECT says(), to_regclass('one_id')::text") == [("third", None)]


def test_a_correct_object_stays_correct_although_its_migration_cannot_be_fixed(
    small: Callable[..., Subject],
) -> None:
    """The later migration is drifted itself: it is no better afterwards, and no worse."""
    scripts = {"1_one.sql": f"{FIRST} {function('first')}", "2_two.sql": f"{SECOND} {function('second')}"}
    subject = small(scripts)
    subject.roll_out()
    subject.execute("DROP INDEX one_id; ALTER TABLE c ALTER id TYPE bigint")
    result = subject.roll_out()
    assert [each.action for each in result.migrations] == [Action.REAPPLY, Action.RERUN]
    assert [each.status for each in result.migrations] == [StepStatus.DONE, StepStatus.DONE]
    assert subject.query(SAYS) == [("second",)]
    assert [each.identity for each in subject.audit().migrations[1].differences] == ["public.c.id"]


@pytest.mark.parametrize(
    ("alone", "said"),
    [
        ("2", "it undoes part of 2, which cannot run in the same transaction"),
        ("1", "it runs outside a transaction and may undo 2's change to public.says()"),
    ],
)
def test_migrations_outside_a_transaction_neither_undo_nor_are_undone(
    small: Callable[..., Subject], alone: str, said: str
) -> None:
    scripts = {"1_one.sql": function("first"), "2_two.sql": function("second")}
    subject = small(scripts, **{f"v{alone}": "transactional = false"})
    subject.roll_out()
    before, events = subject.before(), subject.events()
    assert said in message(subject.roll_out(rerun=("1",)), "1")
    subject.assert_whole(before)
    assert subject.query(SAYS) == [("second",)]
    assert [each for each in subject.events()[len(events) :] if each[1] == "1"] == []


def test_a_difference_that_gets_worse_is_not_proven(small: Callable[..., Subject]) -> None:
    """It was there before, in a migration that the plan leaves alone; a script may not change it for another."""
    subject = small({"1_one.sql": SECOND, "2_two.sql": FIRST})
    subject.roll_out()
    subject.execute("ALTER TABLE c ALTER id TYPE bigint; DROP INDEX one_id")
    plan = subject.plan()
    alone = plan.model_copy(update={"migrations": plan.migrations[1:]})
    script = subject.manifest.migrations[1].script
    object.__setattr__(script, "sql", f"{script.sql} ALTER TABLE c ALTER id TYPE text;")
    [failed] = subject.roll_out(alone).migrations
    assert failed.error is not None
    assert "it damages objects of other migrations: column public.c.id is text" in failed.error.message
    assert [each.identity for each in failed.residual] == ["public.c.id"]
    assert subject.query("SELECT to_regclass('one_id')") == [(None,)]
