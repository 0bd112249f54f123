"""A fleet file yields an environment, or an error of one line."""

from datetime import date

import pytest
from unit.fleet_texts import ACME, DURATION, PROD, read, refusal

from pgfleet.fleet.model import (
    Acceptance,
    Environment,
    HazardPolicy,
    Policy,
    ReportPolicy,
    Restart,
    RolloutPolicy,
    Tenant,
    TransactionMode,
    WavePolicy,
)
from pgfleet.fleet.parse import build_environment, parse_fleet
from pgfleet.fleet.pooler import Pooler
from pgfleet.fleet.secret import Dsn, Secret
from pgfleet.fleet.values import parse_duration_ms
from pgfleet.hazards.codes import HazardCode


def test_hazards_are_denied_by_default_and_as_written() -> None:
    def hazards(line: str) -> HazardPolicy:
        return read(f"[environments.prod]\n{line}").policy.rollout.hazards

    assert hazards("").deny == {HazardCode.DELETES_DATA}
    assert hazards("hazards = {deny = []}") == HazardPolicy(deny=frozenset())
    written = hazards('hazards = {deny = ["BLOCKS_WRITES"], warn = ["SCANS_TABLE"]}')
    assert (written.deny, written.warn) == ({HazardCode.BLOCKS_WRITES}, {HazardCode.SCANS_TABLE})


def test_everything_that_is_written_is_in_the_environment() -> None:
    text = """\
[environments.prod]
timezone = "Europe/Berlin"
max_connections_per_server = 4
connection_share = "25%"
max_workers = 12
approval = true
transaction = "tenant"
rings = ["canary", "main"]
failure_budget = {canary = 0, main = "2%"}
connect_timeout = "3s"
lock_timeout = "500ms"
statement_timeout = "1h"
exact_count_limit = 10
approval_timeout = "1h"
soak = {canary = "90s"}
watch = "30s"
idle_in_transaction_timeout = "7s"
scratch_dsn = "host=scratch password=${SCRATCH}"
roles = {"worker (Node)" = "app"}
wave_size = 50
distribute = true
work_pool = "prod eu"
worker_silence = "90s"
report_dir = "reports"
report_url = "https://pgfleet.example.com/reports/"
metrics_dir = "/var/lib/node_exporter"

[[environments.prod.tenants]]
name = "acme"
dsn = "postgresql://u:${ACME}@h/acme"
ring = "canary"
schema = "tenant_acme"
labels = {region = "eu", tier = "gold"}

[[environments.prod.restarts]]
service = "agent"
command = ["restart", "--token=${TOKEN}", "agent"]
timeout = "5s"

[[environments.prod.restarts]]
service = "backend"
url = "https://deploy.internal/restart?key=${TOKEN}"

[[environments.prod.tenants]]
name = "globex"
dsn = "service=globex"
"""
    assert read(text, SCRATCH="s1", ACME="s2", TOKEN="s 3") == Environment(
        name="prod",
        policy=Policy(
            timezone="Europe/Berlin",
            rings=("canary", "main"),
            max_connections_per_server=4,
            connect_timeout_seconds=3,
            statement_timeout_ms=3_600_000,
            lock_timeout_ms=500,
            exact_count_limit_rows=10,
            scratch_dsn=Dsn("host=scratch password=s1", ("s1",)),
            rollout=RolloutPolicy(
                approval=True,
                transaction=TransactionMode.TENANT,
                approval_timeout_seconds=3_600,
                failure_budgets={"canary": 0, "main": "2%"},
                soak_seconds={"canary": 90},
                watch_seconds=30,
                restarts=(
                    Restart(
                        service="agent",
                        command=(Secret("restart"), Secret("--token=s 3", ("s 3",)), Secret("agent")),
                        url=None,
                        timeout_seconds=5,
                    ),
                    Restart(
                        service="backend",
                        command=None,
                        url=Secret("https://deploy.internal/restart?key=s 3", ("s 3",)),
                        timeout_seconds=60,
                    ),
                ),
                idle_in_transaction_timeout_ms=7_000,
            ),
            roles={"worker (Node)": "app"},
            connection_share_percent=25,
            max_workers=12,
            waves=WavePolicy(size_tenants=50, work_pool="prod eu", silence_seconds=90),
            reports=ReportPolicy(
                folder="reports",
                url="https://pgfleet.example.com/reports/",
                metrics_folder="/var/lib/node_exporter",
            ),
        ),
        tenants=(
            Tenant(
                name="acme",
                dsn=Dsn("postgresql://u:s2@h/acme", ("s2",)),
                home="tenant_acme",
                ring="canary",
                labels={"region": "eu", "tier": "gold"},
            ),
            Tenant(name="globex", dsn=Dsn("service=globex"), home="public", ring="main", labels={}),
        ),
    )


def test_an_environment_without_settings_gets_careful_defaults() -> None:
    assert read(PROD).policy == Policy(
        timezone="UTC",
        rings=("main",),
        max_connections_per_server=8,
        connect_timeout_seconds=10,
        statement_timeout_ms=300_000,
        lock_timeout_ms=2_000,
        exact_count_limit_rows=1_000_000,
        scratch_dsn=None,
        rollout=RolloutPolicy(
            approval=False,
            approval_timeout_seconds=86_400,
            failure_budgets={},
            soak_seconds={},
            watch_seconds=None,
            restarts=(),
            idle_in_transaction_timeout_ms=60_000,
        ),
    )


RESTART = '[[environments.prod.restarts]]\nservice = "agent"\n'


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param('soak = {early = "1h"}', "soak names the ring 'early'", id="a soak of a ring that is not there"),
        pytest.param('watch = "long"', "watch: must be a duration", id="a watch that is no duration"),
        pytest.param(RESTART, "restarts[0]: needs either command", id="a restart that does nothing"),
        pytest.param(
            RESTART + 'command = ["a"]\nurl = "http://a"',
            "restarts[0]: needs either command",
            id="a restart by two ways",
        ),
        pytest.param(RESTART + 'url = "ftp://a"', "restarts[0].url", id="a restart that is no POST"),
        pytest.param(RESTART + "command = []", "restarts[0].command", id="a restart by an empty command"),
        pytest.param(
            2 * (RESTART + 'command = ["a"]\n'), "restarts contains a service twice", id="a service that is there twice"
        ),
        pytest.param(
            RESTART + 'url = "http://a/${TOKEN}"',
            "restarts[0].url: the environment variable TOKEN",
            id="unset",
        ),
    ],
)
def test_invalid_rollout_settings_are_rejected(text: str, named: str) -> None:
    assert named in str(refusal(PROD + text))


def test_secrets_in_a_restart_command_are_masked() -> None:
    text = PROD + RESTART + 'command = ["restart", "--token=${TOKEN}"]'
    [found] = read(text, TOKEN="hunter2").policy.rollout.restarts
    assert "hunter2" not in repr(found)
    assert [str(each) for each in found.command or ()] == ["restart", "--token=***"]


def test_a_tenant_without_a_ring_is_in_the_last_one() -> None:
    [tenant] = read(PROD + 'rings = ["canary", "early", "late"]\n' + ACME).tenants
    assert tenant.ring == "late"


def test_waves_stay_in_their_process_unless_they_are_distributed() -> None:
    assert read(PROD + 'work_pool = "here"').policy.waves == WavePolicy(
        size_tenants=200, work_pool=None, silence_seconds=120
    )
    assert read(PROD + "distribute = true").policy.waves.work_pool == "pgfleet"


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ("wave_size = 0", "wave_size", "must be at least 1"),
        ("wave_size = 201", "wave_size", "must be at most 200"),
        ('worker_silence = "59s"', "worker_silence", 'is too short; the minimum is "60s"'),
        ('work_pool = "a/b"', "work_pool", "must be a name without /"),
        ('distribute = "yes"', "distribute", "true or false"),
    ],
)
def test_a_wrong_key_of_waves_is_named(text: str, key: str, problem: str) -> None:
    error = refusal(PROD + text)
    assert error.key == f"environments.prod.{key}"
    assert problem in error.problem


def test_nothing_is_kept_unless_it_is_asked_for() -> None:
    assert read(PROD).policy.reports == ReportPolicy(folder=None, url=None, metrics_folder=None)


@pytest.mark.parametrize(
    ("text", "key", "problem"),
    [
        ('report_dir = ""', "report_dir", "must not be empty"),
        ('report_dir = "a\\nb"', "report_dir", "must not contain control"),
        ('metrics_dir = ""', "metrics_dir", "must not be empty"),
        ("metrics_dir = true", "metrics_dir", "must be text"),
        ('report_dir = "a"\nreport_url = "file:///a"', "report_url", "must start with https://"),
        ('report_dir = "a"\nreport_url = "https://a/?b"', "report_url", "must start with https://"),
    ],
)
def test_a_wrong_key_of_reports_is_named(text: str, key: str, problem: str) -> None:
    error = refusal(PROD + text)
    assert error.key == f"environments.prod.{key}"
    assert problem in error.problem


def test_an_address_without_a_folder_is_refused() -> None:
    error = refusal(PROD + 'report_url = "https://a/"')
    assert error.problem == "report_url requires report_dir, whose address it is"


@pytest.mark.parametrize(("written", "seconds"), [("1ms", 2), ("2s", 2), ("2600ms", 3), ("1min", 60)])
def test_a_connect_timeout_is_in_full_seconds_and_at_least_libpqs_minimum(written: str, seconds: int) -> None:
    assert read(PROD + f'connect_timeout = "{written}"').policy.connect_timeout_seconds == seconds


def test_an_unknown_environment_is_rejected_with_the_known_ones() -> None:
    text = "[environments.staging]\n[environments.dev]\n" + PROD
    line = str(refusal(text, "pord"))
    assert line == "fleet.toml: environments: there is no 'pord'; did you mean 'prod'?"


def test_only_the_chosen_environments_variables_are_needed() -> None:
    secret = ACME.replace("host=h", "host=h password=${PROD_PASSWORD}")
    text = PROD + secret + secret.replace("prod", "dev").replace("PROD", "DEV")
    [tenant] = read(text, "dev", DEV_PASSWORD="d").tenants
    assert tenant.dsn.text == "host=h password=d dbname=acme"
    assert refusal(text, "prod", DEV_PASSWORD="d").key == "environments.prod.tenants[0].dsn"


@pytest.mark.parametrize("name", ["a", "Ärzte & Söhne GmbH", "<script>", "x" * 100, "a|b`c"])
def test_a_tenant_may_be_named(name: str) -> None:
    [tenant] = read(PROD + ACME.replace("acme", name, 1)).tenants
    assert tenant.name == name


@pytest.mark.parametrize("name", ["", "a\\nb", "\\u001b[31m", "a\\u007f", "x" * 101])
def test_a_tenant_may_not_be_named(name: str) -> None:
    assert refusal(PROD + ACME.replace("acme", name, 1)).key == "environments.prod.tenants[0].name"


@pytest.mark.parametrize("name", ["prod", "prod-eu", "2025", "a-1-b"])
def test_an_environment_may_be_named(name: str) -> None:
    assert read(f'[environments."{name}"]', name).name == name


@pytest.mark.parametrize("budget", ["0", "3", '"0%"', '"5%"', '"100%"'])
def test_a_failure_budget_is_a_number_or_a_share(budget: str) -> None:
    assert read(PROD + f"failure_budget = {{main = {budget}}}").name == "prod"


@pytest.mark.parametrize("budget", ["-1", "1.5", "true", '"5"', '"five"', '"-5%"'])
def test_the_key_of_a_wrong_failure_budget_is_its_ring(budget: str) -> None:
    error = refusal(PROD + f"failure_budget = {{main = {budget}}}")
    assert error.key == "environments.prod.failure_budget.main"


def test_a_ring_named_twice_is_refused() -> None:
    """Its tenants would be in two waves."""
    assert refusal(PROD + 'rings = ["main", "main"]').key.startswith("environments.prod")


@pytest.mark.parametrize("key", ["lock_timeout", "statement_timeout"])
def test_a_duration_that_no_server_takes_is_refused(key: str) -> None:
    """PostgreSQL's own limit is 2147483647 ms; beyond it every session would be refused."""
    assert refusal(PROD + f'{key} = "597h"').key == f"environments.prod.{key}"


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1ms", 1),
        ("500ms", 500),
        ("2s", 2_000),
        ("5min", 300_000),
        ("1h", 3_600_000),
        ("10 s", 10_000),
        ("007s", 7_000),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text: str, milliseconds: int) -> None:
    assert parse_duration_ms(text) == milliseconds


@pytest.mark.parametrize(
    "written", ["", "5", "s", "0s", "-1s", "1.5s", "5 m", "5 S", "5s ", " 5s", "5s\n", "1h30min", 5, 5.0, True, None]
)
def test_anything_else_is_no_duration(written: object) -> None:
    with pytest.raises(ValueError, match=DURATION):
        parse_duration_ms(written)


ACCEPT = """
[[environments.prod.accept]]
tenant = "acme-*"
identity = "public.idx_*"
owner = "ana"
reason = "being rebuilt"
"""


def test_what_is_accepted_and_what_may_be_lost() -> None:
    policy = read(PROD + "row_loss = 25\n" + ACCEPT + 'until = 2026-12-31\nkind = "index"\n').policy
    assert policy.row_loss == 25
    assert policy.acceptances == (
        Acceptance(
            tenant="acme-*",
            kind="index",
            identity="public.idx_*",
            change=None,
            owner="ana",
            reason="being rebuilt",
            until=date(2026, 12, 31),
        ),
    )


def test_by_default_a_tenth_of_a_tables_rows_may_be_lost_and_nothing_is_accepted() -> None:
    policy = read(PROD).policy
    assert (policy.row_loss, policy.acceptances) == ("10%", ())


@pytest.mark.parametrize(
    ("text", "named"),
    [
        pytest.param(ACCEPT, "accept[0].until: missing", id="no date"),
        pytest.param(ACCEPT + 'until = "2026-12-31"', "accept[0].until", id="a date as text"),
        pytest.param(ACCEPT + "until = 2026-12-31T00:00:00Z", "accept[0].until", id="a time"),
        pytest.param(ACCEPT + 'until = 2026-12-31\nkind = "idx"', "accept[0].kind: is not a kind", id="unknown kind"),
        pytest.param(ACCEPT + 'until = 2026-12-31\nchange = "gone"', "accept[0].change", id="unknown change"),
        pytest.param(ACCEPT.replace("being rebuilt", ""), "accept[0].reason", id="no reason"),
        pytest.param('row_loss = "some"', "row_loss", id="a loss that is no share"),
        pytest.param("row_loss = -1", "row_loss", id="a negative loss"),
    ],
)
def test_what_cannot_be_accepted_or_lost(text: str, named: str) -> None:
    assert named in str(refusal(PROD + text))


@pytest.mark.parametrize(
    ("of_environment", "of_tenant", "pooler"),
    [
        ("", "", None),
        ('pooler = "transaction"', "", Pooler.TRANSACTION),
        ('pooler = "transaction"', 'pooler = "session"', Pooler.SESSION),
        ("", 'pooler = "transaction"', Pooler.TRANSACTION),
    ],
)
def test_a_tenants_pooler_comes_before_its_environments(
    of_environment: str, of_tenant: str, pooler: Pooler | None
) -> None:
    text = f'{PROD}{of_environment}\nscratch_dsn = "host=scratch"\n{ACME}{of_tenant}\n'
    found = build_environment(parse_fleet(text, file="fleet.toml"), "prod", {}, file="fleet.toml")
    assert [each.dsn.pooler for each in found.tenants] == [pooler]
    assert found.policy.scratch_dsn == Dsn("host=scratch")
