"""`pgfleet adopt`: ledger rows for what is applied already."""

from collections.abc import Callable

from fixtures.command import CommandLine
from fixtures.fleet import ENVIRONMENT, Fleet
from fixtures.servers import ROLE_PASSWORD, Server

WRITERS = "SELECT DISTINCT recorded_by FROM pgfleet.ledger_events"
LEDGER = "SELECT count(*), min(state), max(state) FROM pgfleet.ledger"


def test_adopt_records_every_migration_up_to_a_version_and_runs_none(
    pgfleet: CommandLine, fleet: Fleet, ready_dsn: Callable[[], str], embedded_server: Server
) -> None:
    dsn, role = ready_dsn(), embedded_server.create_role("SUPERUSER")
    fleet.tenant("acme", dsn, rollout_dsn=f"user={role} password='{ROLE_PASSWORD}'")
    arguments = ("adopt", ENVIRONMENT, "--through", "20250330", "--yes", "--granularity", "tenant")
    done = pgfleet(*arguments)
    assert done.returncode == 0, done.stderr
    assert embedded_server.query(LEDGER, dsn.rsplit("/", 1)[-1]) == [(3, "adopted", "adopted")]
    assert embedded_server.query(WRITERS, dsn.rsplit("/", 1)[-1]) == [(role,)], "a rollout has a login of its own"
    again = pgfleet(*arguments)
    assert (again.returncode, embedded_server.query(LEDGER, dsn.rsplit("/", 1)[-1])) == (0, [(3, "adopted", "adopted")])


def test_a_version_that_the_manifest_does_not_have_is_refused(pgfleet: CommandLine, fleet: Fleet) -> None:
    fleet.tenant("acme", "postgresql://localhost/acme")
    done = pgfleet("adopt", ENVIRONMENT, "--through", "1")
    assert done.returncode == 2
    assert "--through: 1: not in the manifest" in done.stderr
