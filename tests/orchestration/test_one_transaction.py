"""`transaction = "tenant"` in the fleet file: all of a tenant's rollout, or nothing."""

import json
from pathlib import Path

from fixtures.command import CommandLine
from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.servers import Server

RELATIONS = "SELECT to_regclass('users'), to_regclass('pgfleet.ledger')"


def test_a_failed_migration_rolls_back_those_before_it(
    pgfleet: CommandLine, fleet: Fleet, tmp_path: Path, embedded_server: Server
) -> None:
    for name in ("1_users", "2_posts", "3_tags"):
        (tmp_path / f"{name}.sql").write_text(f"CREATE TABLE {name[2:]} (id int PRIMARY KEY);\n")
    manifest = tmp_path / "manifest.toml"
    manifest.write_text('format = 2\nhistory = "linear"\n[source]\ndirectory = "."\ntool = "plain"\n')
    database = embedded_server.create_database()
    fleet.policy('transaction = "tenant"').tenant("acme", embedded_server.cluster.dsn(database))
    embedded_server.execute("CREATE TYPE posts AS (a int)", database)
    command = ("rollout", ENVIRONMENT, "--manifest", str(manifest), "--yes", "--granularity", "step")
    done = pgfleet(*command, "--format", "json")
    assert done.returncode == 1, done.stderr
    [tenant] = json.loads(done.stdout)["tenants"]
    assert [each["status"] for each in tenant["migrations"]] == ["rolled_back", "failed", "not_reached"]
    assert embedded_server.query(RELATIONS, database) == [(None, None)]

    embedded_server.execute("DROP TYPE posts", database)
    again = pgfleet(*command)
    assert again.returncode == 0, again.stderr
    assert embedded_server.query("SELECT count(DISTINCT recorded_at) FROM pgfleet.ledger", database) == [(1,)]
