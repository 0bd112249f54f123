"""A rollout writes nothing before somebody agrees to its plan, and uses no manifest that nobody named."""

import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from fixtures.command import CommandLine, Done
from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.prefect import Records
from fixtures.servers import Server

QUESTION = "Carry out this plan? [y/N]"
QUICK = ("--granularity", "tenant")
ROLLOUT = ("rollout", ENVIRONMENT, *QUICK)
pytestmark = pytest.mark.usefixtures("first_migration")


class Person(io.StringIO):
    """Answers at the terminal; something may happen while the question stands."""

    def __init__(self, answer: str, meanwhile: Callable[[], object] = lambda: None) -> None:
        super().__init__(f"{answer}\n")
        self.meanwhile = meanwhile

    def readline(self, size: int | None = -1, /) -> str:
        self.meanwhile()
        return super().readline(-1 if size is None else size)


@pytest.fixture
def at_terminal(pgfleet: CommandLine, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Runs a command at a terminal, where a person answers."""

    def run(person: Person, *arguments: str) -> Done:
        with monkeypatch.context() as patch:
            patch.setattr("pgfleet.cli.run_rollout.is_terminal", lambda: True)
            patch.setattr(sys, "stdin", person)
            return pgfleet(*arguments)

    return run


def tables(server: Server, dsn: str) -> int:
    query = "SELECT count(*) FROM pg_tables WHERE tablename = 'ai_messages' OR schemaname = 'pgfleet'"
    [(found,)] = server.query(query, dsn.rsplit("/", 1)[-1])
    return int(found)


@pytest.mark.parametrize("arguments", [ROLLOUT, ("seed", ENVIRONMENT), ("adopt", ENVIRONMENT, "--through", "20250315")])
def test_without_a_terminal_yes_is_required_and_nothing_starts(
    pgfleet: CommandLine, fleet: Fleet, records: Records, arguments: tuple[str, ...]
) -> None:
    fleet.tenant("acme", "host=127.0.0.1 port=1 dbname=x")
    before = len(records.ask("/flow_runs/filter"))
    done = pgfleet(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "pgfleet: --yes: is required without a terminal; --dry-run shows the plan first\n"
    assert len(records.ask("/flow_runs/filter")) == before


@pytest.mark.parametrize("answer", ["", "y"])
def test_a_person_sees_the_plan_and_is_asked(
    at_terminal: Callable[..., Done], fleet: Fleet, new_dsn: Callable[[], str], embedded_server: Server, answer: str
) -> None:
    dsn = new_dsn()
    fleet.tenant("acme", dsn)
    done = at_terminal(Person(answer), *ROLLOUT)
    assert f"Plan for {ENVIRONMENT}" in done.stdout
    assert done.stderr.count(QUESTION) == 1
    if answer == "y":
        assert done.returncode == 0, done.stderr
        assert tables(embedded_server, dsn) > 0
    else:
        assert done.returncode == 1
        assert "Nothing was done: the plan was not approved" in done.stdout
        assert tables(embedded_server, dsn) == 0


def test_no_confirmation_for_a_dry_run_or_an_empty_plan(
    at_terminal: Callable[..., Done], pgfleet: CommandLine, fleet: Fleet, new_dsn: Callable[[], str]
) -> None:
    fleet.tenant("acme", new_dsn())
    assert QUESTION not in at_terminal(Person("n"), *ROLLOUT, "--dry-run").stderr
    assert pgfleet(*ROLLOUT, "--yes").returncode == 0
    done = at_terminal(Person("n"), *ROLLOUT)
    assert (done.returncode, QUESTION in done.stderr) == (0, False), done.stderr


def test_a_tenant_that_changes_while_the_question_stands_is_not_touched(
    at_terminal: Callable[..., Done], fleet: Fleet, new_dsn: Callable[[], str], embedded_server: Server
) -> None:
    dsn = new_dsn()
    fleet.tenant("acme", dsn)
    change = "CREATE TABLE ai_task_queue (id int)"
    done = at_terminal(Person("y", lambda: embedded_server.execute(change, dsn.rsplit("/", 1)[-1])), *ROLLOUT)
    assert done.returncode == 1
    assert "was approved, but the plan is now" in done.stdout
    assert tables(embedded_server, dsn) == 0


def test_without_a_named_manifest_no_command_runs(pgfleet: CommandLine, fleet: Fleet, records: Records) -> None:
    fleet.tenant("acme", "host=127.0.0.1 port=1 dbname=x")
    before = len(records.ask("/flow_runs/filter"))
    done = pgfleet("audit", ENVIRONMENT, PGFLEET_MANIFEST="")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("pgfleet: no manifest: name one with --manifest FILE")
    assert done.stderr.count("\n") == 1
    assert len(records.ask("/flow_runs/filter")) == before
    assert pgfleet("--manifest", "example", "tenants", ENVIRONMENT, PGFLEET_MANIFEST="").returncode == 0
    beside = Path(fleet.file).with_name("manifest.toml")
    beside.write_text('format = 1\n[[migrations]]\nfile = "1_nowhere.sql"\npriority = "P0"\n')
    assert "1_nowhere.sql" in pgfleet("audit", ENVIRONMENT, PGFLEET_MANIFEST="").stderr
