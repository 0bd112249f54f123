"""The command line as a script uses it: exit statuses, standard output, standard error."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fixtures.command import PGFLEET, CommandLine, run_here
from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.prefect import Records
from fixtures.servers import Server
from prefect.blocks.system import Secret
from prefect.settings import PREFECT_API_URL, temporary_settings
from unit.literals import a_document

from pgfleet.documents.audit import AuditDocument
from pgfleet.version import VERSION

QUICK = ("--granularity", "tenant")


def test_a_ready_fleet_exits_with_0_and_prints_one_json_document(
    pgfleet: CommandLine, fleet: Fleet, ready_dsn: Callable[[], str]
) -> None:
    fleet.tenant("acme", ready_dsn())
    done = pgfleet.process("audit", ENVIRONMENT, "--format", "json", *QUICK)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["summary"] == {
        "tenants": 1,
        "ready": 1,
        "degraded": 0,
        "blocked": 0,
        "unreachable": 0,
        "unknown": 0,
        "skipped": 0,
    }
    assert AuditDocument.model_validate(document).tenants[0].name == "acme"
    lines = [line for line in done.stderr.splitlines() if "replay: " not in line]  # one if the replay takes long
    assert lines == ["audit of test: 1 tenant …"]


def test_the_command_says_which_version_it_is(pgfleet: CommandLine) -> None:
    done = pgfleet("--version")
    assert (done.returncode, done.stderr) == (0, "")
    first, *others = done.stdout.splitlines()
    assert first == f"pgfleet {VERSION}"
    assert [each.rsplit(maxsplit=1)[0] for each in others] == ["Prefect", "psycopg", "embedded PostgreSQL"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("audit", "nowhere"), "there is no 'nowhere'; the environments are test"),
        (("audit", ENVIRONMENT, "--tenant", "nobody"), "no tenant of test has this name"),
        (("audit", ENVIRONMENT, "--ring", "outer"), "test has the rings canary, main"),
        (("--manifest", "nowhere.toml", "audit", ENVIRONMENT), "nowhere.toml: cannot be read"),
        (("--config", "nowhere.toml", "audit", ENVIRONMENT), "nowhere.toml: cannot be read"),
    ],
    ids=["environment", "tenant", "ring", "manifest", "fleet file"],
)
def test_a_wrong_command_exits_with_2_in_one_line_and_begins_no_run(
    pgfleet: CommandLine, fleet: Fleet, records: Records, arguments: tuple[str, ...], said: str
) -> None:
    fleet.tenant("acme", "postgresql://x@127.0.0.1:1/x")
    before = len(records.ask("/flow_runs/filter"))
    done = pgfleet(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    [line] = done.stderr.splitlines()
    assert line.startswith("pgfleet: ")
    assert said in line
    assert len(records.ask("/flow_runs/filter")) == before


def test_a_role_of_an_unknown_consumer_exits_with_2_and_names_the_known_ones(
    pgfleet: CommandLine, fleet: Fleet
) -> None:
    fleet.policy('roles = {"worker" = "app"}').tenant("acme", "host=127.0.0.1 port=1 dbname=x")
    done = pgfleet("tenants", ENVIRONMENT)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "environments.test.roles: 'worker' is no consumer of the manifest's contracts; there are: " in done.stderr
    assert "AgentAnalyticsLogger" in done.stderr


def test_two_tenants_that_are_the_same_schema_exit_with_2(pgfleet: CommandLine, fleet: Fleet) -> None:
    fleet.tenant("acme", "postgresql://app@db1/acme").tenant("other", "postgresql://app@db1/acme", schema="other")
    assert pgfleet("tenants", ENVIRONMENT).returncode == 0
    fleet.tenant("acme-eu", "host=db1 port=5432 dbname=${NAME} user=dba")
    done = pgfleet("tenants", ENVIRONMENT, NAME="acme")
    assert done.returncode == 2
    assert done.stderr == (
        f"pgfleet: {fleet.file}: environments.test: tenant 'acme-eu': is the same as 'acme': schema public of "
        "*** on db1:5432\n"
    )


def test_an_unset_variable_exits_with_2_and_names_file_and_key(pgfleet: CommandLine, fleet: Fleet) -> None:
    fleet.tenant("acme", "postgresql://x:${NOT_SET_ANYWHERE}@127.0.0.1/x")
    done = pgfleet("audit", ENVIRONMENT)
    assert done.returncode == 2
    assert done.stderr == (
        f"pgfleet: {fleet.file}: environments.test.tenants[0].dsn: "
        "the environment variable NOT_SET_ANYWHERE is not set\n"
    )


def test_the_inventory_shows_no_password(pgfleet: CommandLine, fleet: Fleet) -> None:
    fleet.tenant("acme", "postgresql://app:${SECRET_WORD}@db1.internal:6432/acme_db", ring="canary")
    for arguments in ((), ("--format", "json")):
        done = pgfleet("tenants", ENVIRONMENT, *arguments, SECRET_WORD="hush-hush")
        assert done.returncode == 0
        assert "db1.internal:6432" in done.stdout
        assert "hush-hush" not in done.stdout + done.stderr


def test_the_inventory_lists_skipped_tenants_and_selects_by_label(
    pgfleet: CommandLine, fleet: Fleet, embedded_server: Server
) -> None:
    rows = "('acme', 'eu', 'active'), ('borealis', 'us', 'active'), ('cobalt', 'eu', 'suspended')"
    query = f"SELECT name, name AS dbname, region, state FROM (VALUES {rows}) AS t (name, region, state)"
    dsn = embedded_server.cluster.dsn()
    fleet.policy(f'inventory = {{kind = "query", dsn = "{dsn}", query = "{query}"}}')
    done = pgfleet("tenants", ENVIRONMENT, "--format", "json", "--label", "region=eu")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert [(each["name"], each["database"], each["inventory"]) for each in document["tenants"]] == [
        ("acme", "acme", "inventory")
    ]
    assert document["skipped"] == [{"name": "cobalt", "reason": "its state is suspended"}]
    assert document["summary"] == {"tenants": 1, "skipped": 1}
    told = pgfleet("tenants", ENVIRONMENT)
    assert told.stdout.splitlines()[-2:] == ["1 tenant skipped: cobalt (its state is suspended)", "2 tenants"]
    assert embedded_server.cluster.password not in done.stdout + told.stdout
    refused = pgfleet("counts", ENVIRONMENT, "--tenant", "cobalt")
    assert (refused.returncode, refused.stderr) == (
        2,
        "pgfleet: --tenant: cobalt: it is skipped: its state is suspended\n",
    )


@pytest.mark.parametrize(
    ("inventory", "status", "said"),
    [
        ('dsn = "host=127.0.0.1 port=1", like = "%"', 3, "could not be read from 127.0.0.1:1: "),
        ('dsn = "{dsn}", regex = "(("', 2, "regex is rejected by "),
        ('dsn = "{dsn}", like = "nothing_is_named_so"', 2, "finds no tenant\n"),
    ],
    ids=["nobody answers", "a wrong pattern", "nothing found"],
)
def test_an_unreadable_inventory_is_a_one_line_error(
    pgfleet: CommandLine, fleet: Fleet, embedded_server: Server, inventory: str, status: int, said: str
) -> None:
    table = inventory.format(dsn=embedded_server.cluster.dsn())
    fleet.policy(f'inventory = {{kind = "databases", {table}}}')
    done = pgfleet("audit", ENVIRONMENT)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (status, "", 1)
    assert done.stderr.startswith(f"pgfleet: {fleet.file}: environments.test.inventory: {said}")


def test_a_secret_block_is_read_by_the_command_line(pgfleet: CommandLine, fleet: Fleet) -> None:
    Secret(value="12345").save("digits", overwrite=True)
    fleet.tenant("acme", "host=h user=${secret:digits} password=${secret:digits}")
    done = pgfleet("tenants", ENVIRONMENT, "--format", "json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["tenants"][0]["user"] == "***", "the value of a reference, wherever it stands"


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({}, 2, "environments.test.tenants[0].dsn: Prefect has no Secret block named nowhere with a text value"),
        (
            {PREFECT_API_URL: "http://127.0.0.1:1/api"},
            3,
            "the Secret block nowhere cannot be read: Prefect's API cannot be used",
        ),
    ],
    ids=["no such block", "no answer"],
)
def test_an_unreadable_secret_block_is_a_one_line_error(
    pgfleet: CommandLine, fleet: Fleet, changed: dict[Any, str], status: int, said: str
) -> None:
    fleet.tenant("acme", "host=h password=${secret:nowhere}")
    with temporary_settings(changed):
        done = pgfleet("tenants", ENVIRONMENT)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (status, "", 1)
    assert said in done.stderr


def test_the_shipped_manifest_is_found_from_any_folder(pgfleet: CommandLine) -> None:
    done = pgfleet("manifest", "--format", "json", PGFLEET_MANIFEST="sql/manifest.toml")
    assert done.returncode == 2, "a manifest that was named must be there"
    command = [str(PGFLEET), "--manifest", "example", "manifest", "--format", "json"]
    found = run_here(command, Path("/"), PGFLEET_CONFIG="", PGFLEET_MANIFEST="")
    assert len(json.loads(found.stdout)["migrations"]) == 7


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (
            ["rollout", ENVIRONMENT, "--rerun", "9"],
            (
                "pgfleet: --rerun: 9: not in the manifest, which has: "
                "20250315, 20250328, 20250330, 20250321, 20250330000000, 20250331, 20250401"
            ),
        ),
        (
            ["rollout", ENVIRONMENT, "--rerun", "20250321", "--priority", "P0"],
            "pgfleet: --rerun: 20250321: is P1, which --priority P0 excludes",
        ),
        (["seed", ENVIRONMENT, "--ring", "nowhere"], "pgfleet: --ring: nowhere: test has the rings canary, main"),
        (["counts", "elsewhere"], "environments: there is no 'elsewhere'; the environments are test"),
    ],
    ids=["unknown version", "left out version", "unknown ring", "unknown environment"],
)
def test_a_rollout_that_cannot_be_is_one_line_and_exit_status_2(
    pgfleet: CommandLine, fleet: Fleet, arguments: list[str], line: str
) -> None:
    fleet.tenant("acme", "host=127.0.0.1 port=1 dbname=x")
    done = pgfleet(*arguments)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert line in done.stderr


def test_a_required_approval_without_a_way_to_give_it_exits_with_2(pgfleet: CommandLine, fleet: Fleet) -> None:
    fleet.policy("approval = true").tenant("acme", "host=127.0.0.1 port=1 dbname=x")
    with temporary_settings(restore_defaults={PREFECT_API_URL}):
        done = pgfleet("rollout", ENVIRONMENT)
    said = "pgfleet: --yes: approval is required, but there is neither a terminal nor PREFECT_API_URL\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", said)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (None, "cannot be read: No such file or directory"),
        ("no JSON", "is no audit document; write one with pgfleet audit ENV --format json --output FILE"),
        ('{"summary": {}}', "is no audit document; write one with pgfleet audit ENV --format json --output FILE"),
        ("prod", f"is an audit of prod, not of {ENVIRONMENT}"),
    ],
    ids=["not there", "no JSON", "another document", "another environment"],
)
def test_a_since_file_that_is_no_audit_exits_with_2(
    pgfleet: CommandLine, fleet: Fleet, tmp_path: Path, text: str | None, line: str
) -> None:
    fleet.tenant("acme", "host=127.0.0.1 port=1 dbname=x")
    file = tmp_path / "audit.json"
    if text is not None:
        file.write_text(a_document().model_dump_json() if text == "prod" else text, encoding="utf-8")
    done = pgfleet("audit", ENVIRONMENT, "--since", str(file))
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"pgfleet: --since: {file}: {line}\n")
