"""Which broken contracts are explained by reported differences, according to the server's messages."""

import re
from collections.abc import Iterable

from pgfleet.catalog.objects import ObjectKind
from pgfleet.documents.findings import ContractEntry, DifferenceEntry

WORD = re.compile(r"[\w$]+")
LAST_NAME = re.compile(r'("(?:[^"]|"")+"|[^.]+)$')


def explains_part(differences: Iterable[DifferenceEntry], contract: ContractEntry) -> bool:
    """Whether a failure of the contract names one of the objects: `column "company_deny_list" does not exist`."""
    names = {_name(each) for each in differences}
    return any(names & words for words in _words(contract))


def explains_all(differences: Iterable[DifferenceEntry], contract: ContractEntry) -> bool:
    """Whether every failure of the contract names one of the objects, so that the contract needs no finding."""
    names = {_name(each) for each in differences}
    return all(names & words for words in _words(contract))


def _words(contract: ContractEntry) -> list[set[str]]:
    """The words of each failure's message; none if the role does not exist, which no difference explains."""
    return [set(WORD.findall(each.message)) if each.statement else set() for each in contract.failures]


def _name(difference: DifferenceEntry) -> str:
    """The name by which a message refers to the object: unqualified; for a privilege, the object that it is on."""
    identity = difference.identity
    if difference.kind == ObjectKind.FUNCTION:
        identity = identity.rsplit("(", 1)[0]
    if difference.kind == ObjectKind.PRIVILEGE:
        identity = identity.split(" ", 1)[0]
    found = LAST_NAME.search(identity)
    return found[1].strip('"') if found else identity
