"""Fleet files that are wrong: the key and the problem."""

import pytest
from unit.fleet_texts import ACME, DURATION, PROD, refusal

from pgfleet.hazards.codes import HazardCode

GLOBEX = ACME.replace("acme", "globex")
LONG = "é" * 32
ENVIRONMENT_NAME = "a name must consist of lowercase letters, digits, and single dashes"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(
            PROD + ACME + 'schema = "pg_temp"',
            "environments.prod.tenants[0].schema: 'pg_temp' cannot be a tenant's schema: names that start "
            "with pg_ are reserved for PostgreSQL",
            id="a schema of the server's own",
        ),
        pytest.param(
            PROD + ACME + f'schema = "{LONG}"',
            "environments.prod.tenants[0].schema: is longer than 63 bytes, PostgreSQL's limit for names",
            id="a schema whose name would be cut off",
        ),
        pytest.param("environments = ", "is not valid TOML: Invalid value (at end of document)", id="not TOML"),
        pytest.param("", "environments: missing", id="empty"),
        pytest.param("[environments]", "environments: must have 1 or more entries", id="no environment"),
        pytest.param('default = "prod"\n' + PROD, "default: unknown key", id="unknown key at the top"),
        pytest.param(
            PROD + "rings_ = []",
            "environments.prod.rings_: unknown key; did you mean 'rings'?",
            id="unknown key of an environment",
        ),
        pytest.param(
            PROD + ACME + "port = 5432",
            "environments.prod.tenants[0].port: unknown key",
            id="unknown key of a tenant",
        ),
        pytest.param(
            PROD + ACME.replace("dsn", "dns"),
            "environments.prod.tenants[0].dns: unknown key; did you mean 'dsn'?",
            id="a misspelt key is told, not that the right one is missing",
        ),
        pytest.param(
            PROD + ACME + '[[environments.prod.tenants]]\nname = "globex"',
            "environments.prod.tenants[1].dsn: missing",
            id="missing DSN",
        ),
        pytest.param(
            PROD + 'lock_timeout = "2 hours"', f"environments.prod.lock_timeout: {DURATION}", id="bad duration"
        ),
        pytest.param(PROD + "statement_timeout = 5", f"environments.prod.statement_timeout: {DURATION}", id="no unit"),
        pytest.param(
            PROD + 'timezone = "Europe/Atlantis"',
            "environments.prod.timezone: is not a time zone such as Europe/Berlin",
            id="bad timezone",
        ),
        pytest.param(
            PROD + 'timezone = "Europe"',
            "environments.prod.timezone: is not a time zone such as Europe/Berlin",
            id="a folder of time zones",
        ),
        pytest.param(
            PROD + 'timezone = "../../etc/passwd"',
            "environments.prod.timezone: is not a time zone such as Europe/Berlin",
            id="a path for a timezone",
        ),
        pytest.param(
            '[environments."Prod EU"]', f"environments.Prod EU: {ENVIRONMENT_NAME}", id="bad environment name"
        ),
        pytest.param(
            "[environments.prod_eu]", f"environments.prod_eu: {ENVIRONMENT_NAME}", id="underscore in environment name"
        ),
        pytest.param(
            PROD + "failure_budget = {canary = 1}",
            "environments.prod: failure_budget names the ring 'canary', which is not in rings",
            id="budget of an unknown ring",
        ),
        pytest.param(PROD + "rings = []", "environments.prod.rings: must have 1 or more entries", id="no rings"),
        pytest.param(
            PROD + "max_connections_per_server = 0",
            "environments.prod.max_connections_per_server: must be at least 1",
            id="no connections",
        ),
        pytest.param(
            PROD + 'hazards = {deny = ["DROPS_TABLES"]}',
            f"environments.prod.hazards.deny[0]: is not a hazard's code; the codes are {', '.join(HazardCode)}",
            id="unknown code of a hazard",
        ),
        pytest.param(
            PROD + "hazards = {forbid = []}",
            "environments.prod.hazards.forbid: unknown key",
            id="unknown key of the hazards",
        ),
        pytest.param(
            PROD + 'connection_share = "0%"',
            'environments.prod.connection_share: must be a share from "1%" to "100%"',
            id="no share",
        ),
        pytest.param(PROD + "max_workers = 0", "environments.prod.max_workers: must be at least 1", id="no workers"),
        pytest.param(
            PROD + "max_connections_per_server = true",
            "environments.prod.max_connections_per_server: must be a whole number",
            id="a boolean for a number",
        ),
        pytest.param(
            PROD + ACME + "labels = {tier = 1}",
            "environments.prod.tenants[0].labels.tier: must be text in quotes",
            id="a number for a label",
        ),
        pytest.param(
            PROD + ACME.replace("host=h dbname=acme", ""),
            "environments.prod.tenants[0].dsn: must not be empty",
            id="empty DSN",
        ),
    ],
)
def test_a_file_of_the_wrong_form_is_refused(text: str, line: str) -> None:
    assert str(refusal(text)) == f"fleet.toml: {line}"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(
            PROD + ACME + GLOBEX + ACME,
            "environments.prod.tenants[2].name: 'acme' is already the name of tenants[0]",
            id="duplicate tenants",
        ),
        pytest.param(
            PROD + 'rings = ["canary", "main"]\n' + ACME + 'ring = "early"',
            "environments.prod.tenants[0].ring: 'early' is not in rings: canary, main",
            id="unknown ring",
        ),
        pytest.param(
            PROD + ACME + GLOBEX.replace("host=h", "host=h password=${NOWHERE_SET}"),
            "environments.prod.tenants[1].dsn: the environment variable NOWHERE_SET is not set",
            id="unset",
        ),
        pytest.param(
            PROD + 'scratch_dsn = "${NOWHERE_SET}"\n' + ACME,
            "environments.prod.scratch_dsn: the environment variable NOWHERE_SET is not set",
            id="unset variable of the scratch server",
        ),
    ],
)
def test_an_environment_that_contradicts_itself_is_refused(text: str, line: str) -> None:
    assert str(refusal(text)) == f"fleet.toml: {line}"
