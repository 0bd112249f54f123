"""Faults at random moments of rollouts, and what came of them: `make faults`, `make faults ARGS=500`.

Each round takes a tenant in some state, begins its rollout, does something to it within a random time, and looks: is
every migration whole, does the ledger agree with the catalog, is a row lost, does the same rollout run again complete?
With `--transaction tenant`, each tenant's rollout is one transaction: then either nothing changed, or everything did.
The named points are in tests/postgres/test_rollout_faults.py; this is for the points that nobody has thought of.
"""

import argparse
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace

import psycopg
from fixtures.rollout import QUICK, ROWS, Before, Subject
from fixtures.servers import Server, apply_manifest, started

from pgfleet.documents.audit import Verdict
from pgfleet.documents.findings import MigrationStatus
from pgfleet.documents.rollout import Result
from pgfleet.fleet.model import Policy, TransactionMode
from pgfleet.manifest.model import Manifest
from pgfleet.postgres.embedded.binaries import embedded_binaries
from pgfleet.postgres.read.audit import directly
from pgfleet.run.files import load_manifest
from pgfleet.run.retries import retrying
from pgfleet.run.shipped import sql_folder

ROUNDS = 200
LONGEST_DELAY_SECONDS = 0.45
"""About what a rollout of all migrations takes."""
STATES = {
    "empty": "",
    "drifted": "DROP INDEX idx_ai_task_queue_status_schedule, idx_ai_conversations_summary_updated;"
    "DROP INDEX ai_guardrails.idx_policy_rules_priority;"
    "DROP INDEX idx_skill_run_reflections_workflow",
    "made by hand": "DROP INDEX idx_agent_event_logs_tool",
}
REPAIRED = {
    "to be repaired": "ALTER TABLE ai_messages ALTER content TYPE varchar(90);"
    "ALTER TABLE ai_conversations ALTER status DROP DEFAULT;"
    "ALTER TABLE skill_workflows DROP CONSTRAINT skill_workflows_name_version_key",
}
"""States that only generated statements fix: with --repair."""


def terminate(subject: Subject) -> None:
    """The server ends the tenant's session."""
    subject.terminate()


def cancel(subject: Subject) -> None:
    """Somebody cancels the statement under way."""
    subject.query("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'pgfleet%'")


def stop(subject: Subject) -> None:
    """The server crashes, and is started again."""
    subject.server.cluster.restart(signal.SIGQUIT)


def lock(subject: Subject) -> None:
    """Another session sits on the tables for a while."""
    there = [name for name in ("ai_conversations", "ai_task_queue") if name in subject.rows()]
    with psycopg.connect(subject.server.cluster.dsn(subject.database)) as holder:
        for name in there:
            holder.execute(f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE NOWAIT")
        time.sleep(0.5)


def roll_out_too(subject: Subject) -> None:
    """Another run takes the same tenant on."""
    other = Subject(
        server=subject.server,
        database=subject.database,
        manifest=subject.manifest,
        expected=subject.expected,
        policy=subject.policy,
        runs=1000,
    )
    other.roll_out()


FAULTS: tuple[Callable[[Subject], None], ...] = (terminate, cancel, stop, lock, roll_out_too)


@dataclass(kw_only=True)
class Tally:
    """What came of all rounds."""

    results: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)


def main(rounds: int, policy: Policy, *, repair: bool) -> int:
    """Runs that many rounds, with repairs or without, prints what came of them; 0 if nothing was ever wrong."""
    tally, dice = Tally(), random.Random(rounds)
    states = list(STATES | REPAIRED if repair else STATES)
    manifest = load_manifest(sql_folder() / "manifest.toml")
    with started(embedded_binaries()) as server:
        template = make_template(server, manifest)
        expected = server.proven(manifest)
        for number in range(rounds):
            state, fault, run = dice.choice(states), dice.choice(FAULTS), dice.choice((directly, retrying))
            database = server.create_database(*([] if state == "empty" else [template]))
            subject = Subject(
                server=server, database=database, manifest=manifest, expected=expected, run=run, policy=policy
            )
            subject.known = {}  # so that the rollout begins with what its plan found
            prepare(subject, state)
            said = one_round(subject, fault, dice.random() * LONGEST_DELAY_SECONDS, tally, repair=repair)
            if said:
                tally.wrong.append(f"round {number}, {state}, {fault.__name__}: {said}")
            server.drop_database(database)
            if number % 20 == 19:
                print(f"{number + 1} of {rounds} rounds, {len(tally.wrong)} wrong", file=sys.stderr)
    print_tally(tally, rounds)
    return 1 if tally.wrong else 0


def make_template(server: Server, manifest: Manifest) -> str:
    """A database with all of it, and rows."""
    name = server.create_database()
    with server.session(name) as session:
        apply_manifest(session, manifest)
        session.run_script(ROWS)
    return name


def prepare(subject: Subject, state: str) -> None:
    """Brings the tenant into that state."""
    if state in {"drifted", *REPAIRED}:
        subject.run, run = directly, subject.run
        subject.roll_out()
        subject.run = run
    if damage := (STATES | REPAIRED)[state]:
        subject.execute(damage)


def one_round(
    subject: Subject, fault: Callable[[Subject], None], delay_seconds: float, tally: Tally, *, repair: bool
) -> str:
    """What was wrong; empty if nothing was."""
    before, plan = subject.before(), subject.plan(repair=repair)
    results: list[Result] = []
    thread = threading.Thread(target=lambda: results.append(subject.roll_out(plan).result))
    thread.start()
    time.sleep(delay_seconds)
    with suppress(psycopg.errors.LockNotAvailable):  # the rollout has it
        fault(subject)
    thread.join()
    tally.results[fault.__name__, str(results[0]) if results else "broke"] += 1
    return inspect(subject, before, repair=repair) if results else "the rollout itself broke"


def inspect(subject: Subject, before: Before, *, repair: bool) -> str:
    """Whole now, and completed by the same rollout again?"""
    try:
        subject.assert_whole(before)
    except AssertionError as error:
        return f"half-applied or lost: {error}"
    statuses = subject.statuses()
    is_whole = subject.policy.rollout.transaction is TransactionMode.TENANT
    if is_whole and statuses != before.statuses and {*statuses.values()} != {MigrationStatus.APPLIED}:
        return f"neither all nor nothing: {statuses}"
    subject.run = retrying
    again = subject.roll_out(repair=repair).result
    verdict = subject.audit().verdict
    return "" if verdict is Verdict.READY else f"not completed by a second run: {again}, {verdict}"


def print_tally(tally: Tally, rounds: int) -> None:
    """A line a fault, then what was wrong."""
    for fault in FAULTS:
        found = {result: count for (name, result), count in tally.results.items() if name == fault.__name__}
        said = ", ".join(f"{count} {result}" for result, count in sorted(found.items()))
        print(f"{fault.__name__:13} {sum(found.values()):4}   {said}   ({(fault.__doc__ or '').rstrip('.')})")
    print(f"{rounds} rounds, {len(tally.wrong)} in which a tenant was half-applied, lost rows or did not complete")
    print("\n".join(tally.wrong))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Injects faults at random moments of rollouts.")
    parser.add_argument("rounds", nargs="?", type=int, default=ROUNDS)
    parser.add_argument("--transaction", type=TransactionMode, choices=list(TransactionMode), default="migration")
    parser.add_argument("--repair", action="store_true", help="also repair drift with generated statements")
    chosen = parser.parse_args()
    whole = replace(QUICK.rollout, transaction=chosen.transaction)
    sys.exit(main(chosen.rounds, replace(QUICK, rollout=whole), repair=chosen.repair))
