"""What a watch observes of a queue and of a table."""

import time
from datetime import UTC, datetime

import psycopg
import pytest
from fixtures.rollout import Subject

from pgfleet.documents.ring import WatchEntry
from pgfleet.postgres.read.queries import read_activity
from pgfleet.postgres.session import Session
from pgfleet.rollout.activity import judge_watch

LATE = "INSERT INTO ai_task_queue (task_type, scheduled_for) VALUES ('mail', now() - interval '1 hour')"
TAKE = "UPDATE ai_task_queue SET status = 'running', started_at = clock_timestamp()"

COLLECTED_AFTER_SECONDS = 1
"""Before PostgreSQL 15, a process of its own collects the statistics, and its answers may be half a second old."""


class Watched:
    """A tenant that is watched from when this is made."""

    def __init__(self, subject: Subject, role: str | None = None) -> None:
        self.subject, self.role = subject, role
        self.began_at = datetime.now(UTC)
        self.before = self.read()

    def read(self) -> dict:
        self.subject.server.kept.close(self.subject.database)  # a session writes its statistics at its end
        if self.subject.server.major < 15:
            time.sleep(COLLECTED_AFTER_SECONDS)
        with Session(self.subject.server.dsn(self.subject.database, self.role)) as session:
            watches = self.subject.manifest.watches
            return {each.name: read_activity(session, each, began_at=self.began_at) for each in watches}

    def seen(self) -> dict[str, WatchEntry]:
        after = self.read()
        return {
            each.name: judge_watch(each, self.before[each.name], after[each.name], tenant="t", seconds=1)
            for each in self.subject.manifest.watches
        }


def test_an_overdue_task_that_no_worker_takes_is_a_finding(grown: Subject) -> None:
    grown.execute(LATE)
    seen = Watched(grown).seen()
    assert (seen["task queue"].is_finding, seen["task queue"].overdue, seen["task queue"].taken) == (True, 1, 0)
    assert (seen["guardrail policies"].is_finding, seen["guardrail policies"].scans) == (False, 0)


def test_a_worker_that_takes_tasks_is_seen(grown: Subject) -> None:
    grown.execute(LATE + ", ('later', now() - interval '2 hours')")
    watched = Watched(grown)
    with psycopg.connect(grown.server.cluster.dsn(grown.database)) as service:  # its end has the server count at once
        service.execute(TAKE + " WHERE task_type = 'mail'")
    entry = watched.seen()["task queue"]
    assert (entry.is_finding, entry.overdue, entry.taken) == (False, 1, 1)
    assert entry.updates == 1, "by PostgreSQL's own counters, too"


def test_no_overdue_task_is_no_finding(grown: Subject) -> None:
    grown.execute("INSERT INTO ai_task_queue (task_type, scheduled_for) VALUES ('x', now() + interval '1 hour')")
    assert Watched(grown).seen()["task queue"].detail == "nothing overdue; none taken in 1 s"


def test_reads_of_the_rules_are_seen(grown: Subject) -> None:
    watched = Watched(grown)
    with psycopg.connect(grown.server.cluster.dsn(grown.database)) as service:
        for _ in range(3):
            service.execute("SELECT name FROM ai_guardrails.policy_rules")
    assert watched.seen()["guardrail policies"].detail == "read 3 times in 1 s"


def test_a_missing_table_is_reported_and_no_finding(subject: Subject, grown: Subject) -> None:
    assert {each.is_finding for each in Watched(subject).seen().values()} == {False}
    assert "does not exist" in Watched(subject).seen()["guardrail policies"].detail


def test_an_unreadable_queue_is_reported(grown: Subject) -> None:
    grown.execute(LATE)
    role = grown.server.create_role()
    entry = Watched(grown, role).seen()["task queue"]
    assert (entry.is_finding, entry.overdue) == (False, None)
    assert "permission denied" in entry.detail


@pytest.mark.parametrize("reset", ["SELECT pg_stat_reset()"])
def test_reset_counters_are_reported_as_unknown(grown: Subject, reset: str) -> None:
    grown.query("SELECT count(*) FROM ai_guardrails.policy_rules")
    watched = Watched(grown)
    grown.query(reset)
    assert watched.seen()["guardrail policies"].scans is None
