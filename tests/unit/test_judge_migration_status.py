"""The status of one migration in one tenant, as the glossary defines it."""

import pytest
from unit.literals import a_column, a_table, an_expected_catalog, an_index, assessed

from pgfleet.catalog.objects import CatalogObject
from pgfleet.documents.findings import CheckEntry, LedgerState, MigrationStatus
from pgfleet.judge.assessment import Assessment
from pgfleet.judge.migration import migration_status

TABLE = a_table("one")
INDEX = an_index("one", "idx_one", valid=True)
INVALID = an_index("one", "idx_one", valid=False)
SHORT, LONG = a_column("one", "code", type="varchar(10)"), a_column("one", "code", type="varchar(20)")
SUMMARY = a_column("one", "summary", type="text")
OTHER = a_column("one", "code", type="text")

# 1 makes the table, the column and the index; 2 widens the column and adds another; 3 leaves nothing in the catalog.
EXPECTED = an_expected_catalog(
    ("1", [TABLE, SHORT, INDEX]), ("2", [TABLE, LONG, INDEX, SUMMARY]), ("3", [TABLE, LONG, INDEX, SUMMARY])
)
WHOLE = [TABLE, LONG, INDEX, SUMMARY]


def status(version: str, found: list[CatalogObject], passed: list[bool | None], recorded: LedgerState | None) -> str:
    checks = [CheckEntry(name=f"check {place}", passed=each) for place, each in enumerate(passed)]
    result = False if False in passed else None if None in passed else True
    decisive = {f"m{version}": result} if passed and version in EXPECTED.history.traceless else {}
    assessment = assessed(EXPECTED, found, ledger=[version] if recorded else [], **decisive)
    return status_of(version, assessment, checks, recorded=recorded)


def status_of(
    version: str, assessment: Assessment, checks: list[CheckEntry], recorded: LedgerState | None = None
) -> str:
    return migration_status(
        version,
        assessment.position,
        checks,
        is_traceless=assessment.is_traceless(version),
        has_differences=version in assessment.repairs,
        recorded=recorded,
    ).value


STATES = [None, *LedgerState]
WHATEVER = pytest.mark.parametrize("recorded", STATES, ids=lambda each: each or "not in the ledger")


@WHATEVER
@pytest.mark.parametrize(
    ("version", "found", "passed", "expected"),
    [
        pytest.param("1", WHOLE, [True, True], "applied", id="all of it is there"),
        pytest.param("1", WHOLE, [], "applied", id="all of it is there, and there are no checks"),
        pytest.param("2", WHOLE, [True], "applied", id="all of a later one is there"),
        pytest.param("1", [TABLE, SHORT, INDEX], [True], "applied", id="all of it, and nothing of the next"),
        pytest.param("1", [TABLE, LONG, SUMMARY], [True], "drifted", id="an index is missing"),
        pytest.param("1", [TABLE, LONG, SUMMARY, INVALID], [True], "drifted", id="an index is changed"),
        pytest.param("1", [INDEX], [True], "drifted", id="all but one is missing"),
        pytest.param("2", [TABLE, LONG, INDEX], [True], "drifted", id="a column of two is missing"),
        pytest.param("2", [TABLE, SHORT, INDEX, SUMMARY], [True], "drifted", id="one of its changes is to come"),
        pytest.param("2", [TABLE, OTHER, INDEX], [True], "drifted", id="altered by hand, and the rest missing"),
        pytest.param("1", [TABLE, LONG, SUMMARY], [None], "drifted", id="a difference outranks an open check"),
        pytest.param("1", WHOLE, [True, False], "drifted", id="all of it is there, and a check fails"),
        pytest.param("1", WHOLE, [None, False], "drifted", id="a failed check outranks an open one"),
        pytest.param("1", WHOLE, [True, None], "unknown", id="all of it is there, and a check is open"),
        pytest.param("3", WHOLE, [True], "applied", id="leaves nothing in the catalog, and its check passes"),
        pytest.param("3", WHOLE, [None], "unknown", id="leaves nothing in the catalog, and its check is open"),
    ],
)
def test_the_status_does_not_depend_on_the_ledger(
    version: str, found: list[CatalogObject], passed: list[bool | None], expected: str, recorded: LedgerState | None
) -> None:
    assert status(version, found, passed, recorded) == expected


@pytest.mark.parametrize(
    ("version", "found", "passed"),
    [
        pytest.param("1", [], [False], id="none of its objects exist"),
        pytest.param("1", [], [True], id="none of its objects exist, and its checks pass"),
        pytest.param("1", [], [None], id="none of its objects exist, and a check is open"),
        pytest.param("2", [], [False], id="neither it nor what it builds on is there"),
        pytest.param("2", [TABLE, SHORT, INDEX], [False], id="what it builds on is as the earlier one left it"),
        pytest.param("3", WHOLE, [False], id="leaves nothing in the catalog, and its check fails"),
        pytest.param("3", WHOLE, [False, None], id="leaves nothing in the catalog, a check fails and one is open"),
    ],
)
def test_missing_objects_are_pending_unless_the_ledger_has_them_applied(
    version: str, found: list[CatalogObject], passed: list[bool | None]
) -> None:
    assert status(version, found, passed, None) == "pending"
    assert {status(version, found, passed, recorded) for recorded in LedgerState} == {"drifted"}


def test_what_a_neighbour_in_the_database_has_made_does_not_make_it_drifted() -> None:
    """1 makes a table of the tenant's own, and one in a schema that it shares with others; 2 that one's column."""
    shared = a_table("rules", schema="guard")
    column = a_column("rules", "name", schema="guard", type="text")
    expected = an_expected_catalog(("1", [TABLE, shared]), ("2", [TABLE, shared, column]))

    def found(*objects: CatalogObject) -> list[str]:
        return [status_of(each, assessed(expected, objects), []) for each in ("1", "2")]

    assert found() == ["pending", "pending"]
    assert found(shared, column) == ["pending", "applied"]
    assert found(TABLE, shared) == ["applied", "pending"]
    assert found(TABLE) == ["drifted", "pending"]


def test_without_objects_and_without_checks_the_ledger_is_the_only_evidence() -> None:
    """Read as applied, such a migration would be adopted and never run; read as pending, it could run twice."""
    assert status("3", WHOLE, [], LedgerState.APPLIED) == "applied"
    assert status("3", WHOLE, [], LedgerState.ADOPTED) == "applied"
    assert status("3", WHOLE, [], LedgerState.STARTED) == "drifted", "it may have been broken off"
    assert status("3", WHOLE, [], None) == "unknown"


def test_every_state_occurs() -> None:
    occurring = {
        status("1", found, passed, None) for found in (WHOLE, [TABLE], []) for passed in ([True], [None], [False])
    }
    assert occurring == set(MigrationStatus)


@pytest.mark.parametrize("passed", [[], [True]], ids=["no checks", "its check passes"])
def test_a_started_script_of_several_statements_is_drifted_for_any_catalog(passed: list[bool | None]) -> None:
    assessment = assessed(EXPECTED, WHOLE, ledger=["2"])
    found = migration_status(
        "2",
        assessment.position,
        [CheckEntry(name="check", passed=each) for each in passed],
        is_traceless=False,
        has_differences=False,
        recorded=LedgerState.STARTED,
        has_several_statements=True,
    )
    assert found is MigrationStatus.DRIFTED
