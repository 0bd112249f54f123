"""A denied hazard stops a rollout before anything runs, until the manifest allows it."""

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.servers import Server

from pgfleet.documents.rollout import RolloutDocument
from pgfleet.documents.rollout_plan import Gate
from pgfleet.flows.rollout import rollout_fleet
from pgfleet.flows.rollout_wave import rollout_wave
from pgfleet.run import settings
from pgfleet.run.context import Granularity
from pgfleet.tasks.support.results import RESULTS, ROLLOUT_DOCUMENT, load_result

pytestmark = pytest.mark.usefixtures("prefect_api")

CREATE = (
    "CREATE TABLE users (id int, email text);\nINSERT INTO users SELECT n, 'a' FROM generate_series(1, 100) AS n;\n"
)
DROP = "CREATE TABLE notes (id int);\nALTER TABLE users DROP COLUMN email;\n"


def roll_out(**parameters: object) -> RolloutDocument:
    state = rollout_fleet(ENVIRONMENT, granularity=Granularity.TENANT, yes=True, **parameters, return_state=True)
    document = load_result(state.state_details.flow_run_id, ROLLOUT_DOCUMENT)
    assert document is not None, state.message
    return document


def write_manifest(folder: Path, *entries: str) -> None:
    for name, sql in (("1_users.sql", CREATE), ("2_drop.sql", DROP)):
        (folder / name).write_text(sql, encoding="utf-8")
    tables = "\n".join(f"[[migrations]]\n{each}" for each in entries)
    path = folder / "manifest.toml"
    path.write_text(f'format = 2\nhistory = "linear"\n{tables}\n', encoding="utf-8")
    settings.use(manifest=path)


def test_a_denied_hazard_stops_the_rollout_until_it_is_allowed(
    fleet: Fleet, new_dsn: Callable[[], str], embedded_server: Server, tmp_path: Path
) -> None:
    dsn = new_dsn()
    database = dsn.rsplit("/", 1)[-1]
    fleet.tenant("acme", dsn, ring="canary")
    write_manifest(tmp_path, 'file = "1_users.sql"')
    first = roll_out()
    assert first.outcome == "Completed"
    embedded_server.execute("ANALYZE users", database)
    fleet.tenant("borealis", new_dsn())  # in which the plan creates the column that it drops

    def columns() -> int:
        return embedded_server.query("SELECT count(*) FROM pg_attribute WHERE attname = 'email'", database)[0][0]

    write_manifest(tmp_path, 'file = "1_users.sql"', 'file = "2_drop.sql"')
    arguments = (ENVIRONMENT, "canary", 1, ["acme"], UUID(first.run_id), None, Granularity.TENANT)
    late = rollout_wave(*arguments, return_state=True)  # as on a worker that reads the manifest later
    assert "the manifest has changed" in str(load_result(late.state_details.flow_run_id, RESULTS))
    refused = roll_out()
    assert (refused.outcome, refused.rings) == ("Refused", ())
    assert refused.reason is not None
    assert refused.reason.startswith("denied: 2_drop.sql, line 2: DELETES_DATA (users.email: ")
    assert {each.result for each in refused.tenants} == {"not_reached"}
    assert columns() == 1
    dropped = next(each for each in refused.scripts if each.version == "2")
    [table] = dropped.tables
    assert (table.table, table.rows, table.tenant, table.bytes > 0) == ("users", 100, "acme", True)

    rehearsed = roll_out(dry_run=True)
    assert (rehearsed.outcome, columns()) == ("Completed", 1)
    assert Gate.DENY in {each.gate for script in rehearsed.scripts for each in script.hazards}

    write_manifest(tmp_path, 'file = "1_users.sql"', 'file = "2_drop.sql"\nallows = ["DELETES_DATA"]')
    assert (roll_out(rings=["canary"]).outcome, columns()) == ("Completed", 0)
