"""A rollout leaves accepted differences alone, and no others."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest
from fixtures.rollout import QUICK, Subject, step

from pgfleet.documents.audit import Verdict
from pgfleet.documents.findings import MigrationStatus
from pgfleet.documents.plan import Action
from pgfleet.documents.rollout import Result, StepStatus
from pgfleet.fleet.model import Acceptance
from pgfleet.run.context import RunContext

INDEX = "idx_ai_task_queue_status_schedule"
UNTIL = date(2026, 12, 31)


class Accepting(Subject):
    """A tenant whose fleet file accepts that the index is missing, on a day when that still holds, or does not."""

    today = UNTIL

    @property
    def context(self) -> RunContext:
        context = super().context
        context.today = self.today
        return context


def accepting_of(subject: Subject, index: str) -> Accepting:
    """The same tenant, with that acceptance."""
    acceptance = Acceptance(
        tenant="*",
        kind="index",
        identity=f"public.{index}",
        change="missing",
        owner="ana",
        reason="known",
        until=UNTIL,
    )
    return Accepting(
        server=subject.server,
        database=subject.database,
        manifest=subject.manifest,
        expected=subject.expected,
        policy=replace(QUICK, acceptances=(acceptance,)),
    )


@pytest.fixture
def accepting(adopted: Subject) -> Accepting:
    found = accepting_of(adopted, INDEX)
    found.execute(f"DROP INDEX {INDEX}")
    return found


def has_index(subject: Subject) -> bool:
    return bool(subject.query(f"SELECT to_regclass('{INDEX}')")[0][0])


def test_a_tenant_with_an_accepted_difference_is_ready_and_unchanged(accepting: Accepting) -> None:
    entry, events = accepting.audit(), accepting.events()
    assert (entry.verdict, entry.migrations[0].status) == (Verdict.READY, MigrationStatus.DRIFTED)
    result = accepting.roll_out()
    assert result.result is Result.UNCHANGED
    left = step(result, "20250315")
    assert (left.action, left.status) == (Action.SKIP, StepStatus.SKIPPED)
    assert "accepted" in (left.detail or "")
    assert not has_index(accepting)
    assert accepting.events() == events


def test_a_dry_run_does_not_fix_accepted_differences(accepting: Accepting) -> None:
    assert accepting.roll_out(dry_run=True).result is Result.UNCHANGED


def test_other_migrations_are_reapplied_and_proven(accepting: Accepting) -> None:
    accepting.execute("ALTER TABLE ai_conversations DROP COLUMN summary")
    result = accepting.roll_out(recreate=("ai_conversations.summary",))
    assert result.result is Result.DONE, result.error
    assert [each.version for each in result.migrations if each.status is StepStatus.DONE] == ["20250328"]
    assert not has_index(accepting)
    assert accepting.audit().verdict is Verdict.READY


def test_a_difference_that_arose_after_the_plan_is_not_accepted(accepting: Accepting) -> None:
    plan = accepting.plan()
    accepting.execute("ALTER TABLE ai_messages ALTER COLUMN role DROP NOT NULL")
    result = accepting.roll_out(plan)
    error = step(result, "20250315").error
    assert (result.result, error.message if error else "") == (
        Result.FAILED,
        "it has more differences than were accepted when the plan was made",
    )


def test_a_further_difference_makes_the_entire_script_run_again(accepting: Accepting) -> None:
    accepting.execute("DROP INDEX idx_ai_messages_conversation")
    assert accepting.audit().verdict is Verdict.BLOCKED
    assert step(accepting.roll_out(), "20250315").action is Action.REAPPLY
    assert has_index(accepting), "a script knows nothing of acceptances"


def test_a_requested_rerun_ignores_the_acceptance(accepting: Accepting) -> None:
    assert step(accepting.roll_out(rerun=("20250315",)), "20250315").status is StepStatus.DONE
    assert has_index(accepting)


def test_an_expired_acceptance_does_not_prevent_reapplying(accepting: Accepting) -> None:
    accepting.today = date(2027, 1, 1)
    assert accepting.audit().verdict is Verdict.BLOCKED
    assert step(accepting.roll_out(), "20250315").action is Action.REAPPLY
    assert has_index(accepting)


def test_an_acceptance_applies_only_to_its_own_tenant(accepting: Accepting) -> None:
    [acceptance] = accepting.policy.acceptances
    accepting.policy = replace(accepting.policy, acceptances=(replace(acceptance, tenant="other-*"),))
    assert accepting.audit().verdict is Verdict.BLOCKED


def test_an_earlier_script_that_undoes_an_accepted_migration_is_not_proven(small: Callable[..., Subject]) -> None:
    """The first makes the function anew, as it was before the second changed it; the second is left alone."""

    def function(body: str) -> str:
        return f"CREATE OR REPLACE FUNCTION says() RETURNS text LANGUAGE sql AS $$ SELECT '{body}' $$;"

    scripts = {
        "1_one.sql": "CREATE TABLE IF NOT EXISTS one (id integer); CREATE INDEX IF NOT EXISTS one_id ON one (id); "
        f"{function('first')}",
        "2_two.sql": f"CREATE TABLE IF NOT EXISTS two (id integer); {function('second')} "
        "CREATE INDEX IF NOT EXISTS known ON two (id);",
    }
    subject = accepting_of(small(scripts), "known")
    subject.roll_out()
    subject.execute("DROP INDEX one_id; DROP INDEX known")
    result = subject.roll_out()
    error = step(result, "1").error
    assert "damages objects of other migrations" in (error.message if error else "")
    assert step(result, "2").status is StepStatus.SKIPPED
    assert subject.query("SELECT says()") == [("second",)]
