"""Random statements on a clean tenant: the audit reports a difference exactly if pg_dump's text changes."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import pytest
from fixtures.deliberate import BEYOND_A_DUMP, DELIBERATE, LeftOut, normalised
from fixtures.dumps import Entry, dump
from fixtures.random_statements import statements
from fixtures.servers import Server
from fixtures.stamps import stamp_of
from hypothesis import assume, event, given, note
from hypothesis import strategies as st

from pgfleet.catalog.differences import find_differences
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import Catalog
from pgfleet.postgres.read.introspection import read_catalog


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A database as a dump and as an audit see it."""

    dumped: frozenset[Entry]
    raw: frozenset[Entry]
    catalog: Catalog

    @property
    def audited(self) -> tuple[str, frozenset[str]]:
        """What decides an audit: the fingerprint, and what is unexpected."""
        return self.catalog.fingerprint, frozenset(each.identity.key for each in self.catalog.unexpected)


class Laboratory:
    """Databases that begin as a clean tenant of the example manifest."""

    def __init__(self, server: Server, template: str, expected: ExpectedCatalog) -> None:
        self.server, self.template, self.expected = server, template, expected
        self.clean = self.view(template)

    @contextmanager
    def clone(self) -> Iterator[str]:
        database = self.server.create_database(self.template)
        try:
            yield database
        finally:
            self.server.drop_database(database)

    def view(self, database: str) -> View:
        raw = dump(self.server.cluster.dsn(database))
        with self.server.session(database) as session:
            catalog = read_catalog(session, self.expected.scope, self.expected.equivalents)
        return View(dumped=normalised(raw, self.expected.scope.grantees), raw=frozenset(raw), catalog=catalog)

    def stamp(self, database: str) -> str:
        """Of the catalog; no two databases have the same."""
        with self.server.session(database) as session:
            return stamp_of(session, self.expected)

    def execute(self, database: str, drawn: Collection[str]) -> list[str]:
        """Those of the statements that were legal."""
        done = []
        with psycopg.connect(self.server.cluster.dsn(database), autocommit=True) as connection:
            for each in drawn:
                try:
                    connection.execute(each.encode())
                except psycopg.Error:
                    continue
                done.append(each)
        return done

    def after(self, *drawn: str) -> View:
        with self.clone() as database:
            assert self.execute(database, drawn) == list(drawn)
            return self.view(database)


@pytest.fixture(scope="session")
def laboratory(everything_server: Server, everything_template: str, everything_expected: ExpectedCatalog) -> Laboratory:
    return everything_server.once(
        "laboratory", lambda: Laboratory(everything_server, everything_template, everything_expected)
    )


@given(data=st.data())
def test_what_changes_the_dump_changes_the_audit_and_nothing_else_does(
    laboratory: Laboratory, data: st.DataObject
) -> None:
    objects = [each.object for each in laboratory.expected.provenances]
    drawn = data.draw(st.lists(statements(objects), min_size=1, max_size=3))
    with laboratory.clone() as database:
        stamp = laboratory.stamp(database)
        done = laboratory.execute(database, drawn)
        assume(done)
        found = laboratory.view(database)
        is_stamp_changed = laboratory.stamp(database) != stamp
    clean, changed = laboratory.clean, found.dumped != laboratory.clean.dumped
    event("the dump changed" if changed else "the dump did not change")
    for each in sorted(clean.dumped ^ found.dumped):
        note(f"{'dumped before' if each in clean.dumped else 'dumped after'}: {each}")
    assert (found.audited != clean.audited) is changed, f"after {done}"
    assert is_stamp_changed or not changed, f"after {done}"
    assert bool(find_differences(laboratory.expected, laboratory.expected.objects_in(found.catalog))) is (
        found.catalog.fingerprint != clean.catalog.fingerprint
    )


@pytest.mark.parametrize("left_out", DELIBERATE, ids=lambda each: each.name)
def test_excluded_properties_are_in_neither_a_dump_nor_an_audit(laboratory: Laboratory, left_out: LeftOut) -> None:
    if laboratory.server.major < left_out.min_server:
        with laboratory.clone() as database:
            assert laboratory.execute(database, [left_out.example]) == []
        return
    if "everything_space" in left_out.example:
        make_tablespace(laboratory.server)
    found = laboratory.after(left_out.example)
    assert found.raw != laboratory.clean.raw
    assert found.dumped == laboratory.clean.dumped
    assert found.audited == laboratory.clean.audited


@pytest.mark.parametrize("example", BEYOND_A_DUMP.values(), ids=BEYOND_A_DUMP)
def test_what_a_dump_does_not_show(laboratory: Laboratory, example: str) -> None:
    found = laboratory.after(example)
    assert found.dumped == laboratory.clean.dumped
    assert found.audited != laboratory.clean.audited


def make_tablespace(server: Server) -> None:
    with psycopg.connect(server.cluster.dsn(), autocommit=True) as connection:
        connection.execute("SET allow_in_place_tablespaces = on")
        connection.execute("CREATE TABLESPACE everything_space LOCATION ''")
