"""Which contracts are broken by what is told already, as far as the server's messages name it."""

import re
from collections.abc import Iterable

from pgfleet.catalog.objects import ObjectKind
from pgfleet.documents.audit import ContractEntry, DifferenceEntry

WORD = re.compile(r"[\w$]+")
LAST_NAME = re.compile(r'("(?:[^"]|"")+"|[^.]+)$')


def explains_part(differences: Iterable[DifferenceEntry], contract: ContractEntry) -> bool:
    """Whether one of the contract's failures names one of the objects: `column "company_deny_list" does not exist`."""
    names = {_name(each) for each in differences}
    return any(names & words for words in _words(contract))


def explains_all(differences: Iterable[DifferenceEntry], contract: ContractEntry) -> bool:
    """Whether every failure of a broken contract names one of the objects, so that it need not be told besides."""
    names = {_name(each) for each in differences}
    return all(names & words for words in _words(contract))


def _words(contract: ContractEntry) -> list[set[str]]:
    """Those of each failure's message; of a role that is not there none: no object of the manifest is to blame."""
    return [set(WORD.findall(each.message)) if each.statement else set() for each in contract.failures]


def _name(difference: DifferenceEntry) -> str:
    """The name that a message would call the object by: a column's own, what a privilege is on."""
    identity = difference.identity
    if difference.kind == ObjectKind.FUNCTION:
        identity = identity.rsplit("(", 1)[0]
    if difference.kind == ObjectKind.PRIVILEGE:
        identity = identity.split(" ", 1)[0]
    found = LAST_NAME.search(identity)
    return found[1].strip('"') if found else identity
