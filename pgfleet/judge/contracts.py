"""Can a consumer run its statements in a tenant?"""

from pgfleet.catalog.contracts import ContractObservation
from pgfleet.documents.audit import ContractEntry, StatementFailureEntry
from pgfleet.manifest.model import Contract


def judge_contract(
    contract: Contract, reading: ContractObservation, *, role: str | None, inherited: bool
) -> ContractEntry:
    """Broken if any statement fails; None if no statement fails but some could not be checked."""
    return ContractEntry(
        consumer=contract.consumer,
        priority=contract.priority,
        role=role,
        works=False if reading.failures else None if reading.fault else True,
        inherited=inherited,
        failures=tuple(
            StatementFailureEntry(statement=each.statement, message=each.message, sqlstate=each.sqlstate)
            for each in reading.failures
        ),
        detail=reading.fault,
    )
