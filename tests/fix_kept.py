"""A tenant's database in which nothing stays: one connection for all tests, a transaction that is rolled back for each.

Most of what a look at a tenant costs is a new backend's first look at its catalog, and most of the rest a database.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import pytest
from fix_servers import POLICY, Server
from kept import KeptSession

from pgfleet.fleet.model import Tenant
from pgfleet.postgres.apply import repair
from pgfleet.postgres.connection import Limits
from pgfleet.postgres.read import audit
from pgfleet.postgres.session import Session
from pgfleet.run.context import RunContext


class _Undone(Exception):
    """Ends the transaction of a test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDatabase:
    """One database with the session that everybody is given who opens one with its tenant."""

    name: str
    tenant: Tenant
    session: KeptSession

    @contextmanager
    def undone(self) -> Iterator[Session]:
        """Within the block audits and repairs run in one transaction, which is rolled back at its end.

        What would have been checked at its commit is checked before.
        """
        with pytest.MonkeyPatch.context() as patch:
            for module in (audit, repair):
                patch.setattr(module, "open_session", self._open)
            with suppress(_Undone), self.session.transaction():
                yield self.session
                self.session.run_script("SET CONSTRAINTS ALL IMMEDIATE")
                raise _Undone

    def _open(self, tenant: Tenant, context: RunContext) -> Session:
        assert tenant is self.tenant, "another tenant's session is not this one"
        return self.session


@pytest.fixture(scope="module")
def kept_database(everything_server: Server) -> Iterator[Callable[[str], KeptDatabase]]:
    """Makes such a database of a template; of each template there is one."""
    made: dict[str, KeptDatabase] = {}

    def make(template: str) -> KeptDatabase:
        if template not in made:
            name = everything_server.create_database(template)
            tenant = everything_server.tenant(name)
            limits = Limits(statement_timeout_ms=POLICY.statement_timeout_ms, lock_timeout_ms=POLICY.lock_timeout_ms)
            session = KeptSession(tenant.dsn, name=tenant.name, home=tenant.home, limits=limits)
            made[template] = KeptDatabase(name=name, tenant=tenant, session=session)
        return made[template]

    yield make
    for each in made.values():
        each.session.end()
        everything_server.drop_database(each.name)
