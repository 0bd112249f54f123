"""Creates an empty database for a replay, and drops it afterwards."""

import secrets
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from functools import partial

from pgfleet.errors import DatabaseError, PermanentError, ScratchUnavailable
from pgfleet.fleet.pooler import Pooler
from pgfleet.fleet.secret import Dsn
from pgfleet.manifest.extensions import extensions_of
from pgfleet.manifest.home_schema import DEFAULT, creates_schema
from pgfleet.manifest.model import Migration
from pgfleet.postgres import dsn as libpq
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.query import Query, with_names
from pgfleet.postgres.session import BACKEND, Session
from pgfleet.run.interruption import cleaned_up_by, shielded

PREFIX = "pgfleet_scratch_"
STALE_AFTER_SECONDS = 3600
READ_WRITE = "SET default_transaction_read_only TO off"
"""The connection may lead to a tenant's database, whose owner may have set another default."""
CREATE = (
    "CREATE DATABASE {0} TEMPLATE template0 ALLOW_CONNECTIONS false; "
    "REVOKE CONNECT ON DATABASE {0} FROM PUBLIC; "
    "ALTER DATABASE {0} ALLOW_CONNECTIONS true"
)
"""Never open to other logins of the server, who could create objects in it for the scripts to find."""
SCRATCH_IS_READ_WRITE = f"ALTER ROLE SESSION_USER IN DATABASE {{}} {READ_WRITE}"
"""For a login that is read-only by default, as one for audits often is."""


@contextmanager
def scratch_database(
    admin: Dsn, limits: Limits, migrations: Iterable[Migration] = (), home: str = DEFAULT
) -> Iterator[Session]:
    """A session in an empty database on the server of `admin`, whose role must have CREATEDB.

    Its search path is the schema `home`, which is created unless the migrations do so, and then the extensions of the
    migrations, as a tenant's is. The database is dropped when the block ends; if a run was killed, by the next run at
    least an hour later. Raises ScratchUnavailable if no database can be created, and transient DatabaseErrors.
    """
    migrations = tuple(migrations)
    extensions, is_created = extensions_of(migrations), creates_schema(migrations, home)
    name = f"{PREFIX}{int(time.time()):x}_{secrets.token_hex(4)}"
    with ExitStack() as stack:
        with Session(admin, limits=limits) as session:
            if problem := scratch_problem(session):
                raise ScratchUnavailable(libpq.server(admin), problem, "")
            _drop_stale(session)
            drop = partial(_drop, admin, limits, name)
            stack.enter_context(cleaned_up_by(drop))
            stack.callback(drop)  # also if a signal interrupts its creation
            try:
                _create(session, name)
            except ScratchUnavailable:
                stack.pop_all()  # there is nothing to drop
                raise
            session.run_outside_transaction(with_names(f"{READ_WRITE}; {SCRATCH_IS_READ_WRITE}", name))
        scratch = Session(
            libpq.for_database(admin, name),
            home=home,
            limits=limits,
            extensions=extensions,
            home_may_be_missing=is_created,
        )
        with scratch:
            if home != DEFAULT and not is_created:
                scratch.run_script(with_names("CREATE SCHEMA {}", home))
            yield scratch


def scratch_problem(session: Session) -> str | None:
    """Why the session's server cannot have scratch databases; None if no reason is known."""
    [[(pid, is_standby)]] = session.fetch(BACKEND)
    if is_standby:
        return "it is a standby, which does not accept writes"
    is_pooled = session.pooler_before(pid) is Pooler.TRANSACTION
    return "it is a pooler in transaction mode, which may use another server session each time" if is_pooled else None


def _create(session: Session, name: str) -> None:
    try:
        session.run_outside_transaction(with_names(f"{READ_WRITE}; {CREATE}", name))
    except PermanentError as error:
        raise ScratchUnavailable(libpq.server(session.dsn), error.message) from error


def _drop(admin: Dsn, limits: Limits, name: str) -> None:
    with shielded(), Session(admin, limits=replace(limits, cleans_up=True)) as session:
        session.run_outside_transaction(with_names(f"{READ_WRITE}; DROP DATABASE IF EXISTS {{}} WITH (FORCE)", name))


def _drop_stale(session: Session) -> None:
    query = "SELECT datname FROM pg_catalog.pg_database WHERE pg_catalog.starts_with(datname, %(prefix)s) ORDER BY 1"
    [rows] = session.fetch(Query(query, {"prefix": PREFIX}))
    for (name,) in rows:
        if _is_stale(name):
            with suppress(DatabaseError):  # owned by someone else, or just dropped by another run
                session.run_outside_transaction(with_names("DROP DATABASE IF EXISTS {}", name))


def _is_stale(name: str) -> bool:
    created = name.removeprefix(PREFIX).split("_", 1)[0]
    try:
        return time.time() - int(created, 16) > STALE_AFTER_SECONDS
    except ValueError:
        return False
