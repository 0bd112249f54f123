"""A consumer's statements, judged."""

import pytest
from unit.literals import a_contract

from pgfleet.catalog.contracts import ContractObservation, StatementFailure
from pgfleet.documents.findings import ContractEntry, StatementFailureEntry
from pgfleet.judge.entries import judge_contract
from pgfleet.manifest.model import Priority

FAILURE = StatementFailure(statement="fetch", message="permission denied for table one", sqlstate="42501")


@pytest.mark.parametrize(
    ("failures", "fault", "works"),
    [
        pytest.param((), None, True, id="all planned"),
        pytest.param((FAILURE,), None, False, id="one failed"),
        pytest.param((), "'store': timeout", None, id="one could not be checked"),
        pytest.param((FAILURE,), "'store': timeout", False, id="one failed and one could not be checked"),
    ],
)
def test_a_contract_works_only_if_every_statement_was_planned(
    failures: tuple[StatementFailure, ...], fault: str | None, works: bool | None
) -> None:
    reading = ContractObservation(consumer="worker", failures=failures, fault=fault)
    entry = judge_contract(a_contract(), reading, role=None, inherited=False)
    assert (entry.works, entry.detail) == (works, fault)


def test_the_entry_contains_the_servers_message_and_the_role() -> None:
    reading = ContractObservation(consumer="worker", failures=(FAILURE,))
    contract = a_contract(priority=Priority.P1)
    assert judge_contract(contract, reading, role="app", inherited=True) == ContractEntry(
        consumer="worker",
        priority=Priority.P1,
        role="app",
        works=False,
        inherited=True,
        failures=(
            StatementFailureEntry(statement="fetch", message="permission denied for table one", sqlstate="42501"),
        ),
    )
