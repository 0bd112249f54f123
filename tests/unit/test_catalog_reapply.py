"""Which differences a rerun is proven to fix."""

import pickle

import pytest

from pgfleet.catalog.objects import Change, Identity, ObjectKind
from pgfleet.catalog.reapply import NOTHING_TRIED, Reapplicable

TRIGGER = Identity(kind=ObjectKind.TRIGGER, schema=None, name="rules.trg_rules")
INDEX = Identity(kind=ObjectKind.INDEX, schema=None, name="idx_rules")
COLUMN = Identity(kind=ObjectKind.COLUMN, schema=None, name="rules.name")
RERUNS = Reapplicable(
    missing=frozenset({TRIGGER, INDEX}), altered=frozenset({TRIGGER, INDEX, COLUMN}), changed=frozenset({TRIGGER})
)


@pytest.mark.parametrize(
    ("identity", "change", "restores"),
    [
        (TRIGGER, Change.MISSING, True),
        (TRIGGER, Change.CHANGED, True),
        (INDEX, Change.MISSING, True),
        (INDEX, Change.CHANGED, False),
        (COLUMN, Change.MISSING, False),
        (COLUMN, Change.CHANGED, False),
    ],
)
def test_only_a_proven_change_is_restored(identity: Identity, change: Change, restores: bool) -> None:
    assert RERUNS.restores(identity, change) is restores
    assert not NOTHING_TRIED.restores(identity, change)


def test_it_survives_the_cache_that_keeps_it() -> None:
    assert pickle.loads(pickle.dumps(RERUNS)) == RERUNS
