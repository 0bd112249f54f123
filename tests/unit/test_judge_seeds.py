"""A seed is present, missing, or customized."""

from typing import Any

import pytest
from unit.literals import a_seed

from pgfleet.documents.findings import SeedEntry, SeedStatus
from pgfleet.judge.entries import judge_seed, seed_key
from pgfleet.judge.observations import SeedObservation

BLOCK = {"name": "block", "severity": "block", "tags": ["a", "b"], "created_at": "2025-03-15"}
WARN = {"name": "warn", "severity": "warn", "tags": [], "created_at": "2025-03-15"}
BASELINE = (BLOCK, WARN)


def judge(*rows: dict[str, Any], ignores: tuple[str, ...] = ("created_at",)) -> SeedEntry:
    return judge_seed(a_seed(ignores=ignores), BASELINE, SeedObservation(rows=rows))


@pytest.mark.parametrize(
    ("rows", "status", "detail"),
    [
        pytest.param([BLOCK, WARN], "present", None, id="as shipped"),
        pytest.param([WARN, BLOCK], "present", None, id="whatever the order"),
        pytest.param([], "missing", "never imported: block, warn", id="all are missing"),
        pytest.param([BLOCK], "missing", "missing: warn", id="one is missing"),
        pytest.param([{**BLOCK, "severity": "warn"}], "missing", "missing: warn", id="missing outranks edited"),
        pytest.param([{**BLOCK, "severity": "warn"}, WARN], "customised", "edited: block", id="one is edited"),
        pytest.param(
            [{**BLOCK, "tags": ["b", "a"]}, WARN], "customised", "edited: block", id="a list in another order"
        ),
        pytest.param([{**BLOCK, "severity": None}, WARN], "customised", "edited: block", id="emptied"),
        pytest.param(
            [{**WARN, "tags": ["x"]}, {**BLOCK, "tags": []}], "customised", "edited: block, warn", id="all are edited"
        ),
        pytest.param([{**BLOCK, "created_at": "2020-01-01"}, WARN], "present", None, id="an ignored column differs"),
        pytest.param([{**BLOCK, "own": "x"}, WARN], "present", None, id="a column of the tenant's own"),
        pytest.param(
            [{key: value for key, value in BLOCK.items() if key != "tags"}, WARN],
            "present",
            None,
            id="a column that the tenant lacks is the migration's matter",
        ),
        pytest.param([BLOCK, WARN, {**WARN, "name": "own"}], "present", None, id="a row of the tenant's own"),
    ],
)
def test_a_seeds_state(rows: list[dict[str, Any]], status: str, detail: str | None) -> None:
    assert judge(*rows) == SeedEntry(name="rules", status=SeedStatus(status), detail=detail)


def test_a_column_that_is_not_ignored_is_compared() -> None:
    assert judge({**BLOCK, "created_at": "2020-01-01"}, WARN, ignores=()).detail == "edited: block"


def test_a_seed_without_its_table_is_missing() -> None:
    reading = SeedObservation(absent='relation "rules" does not exist')
    entry = SeedEntry(name="rules", status=SeedStatus.MISSING, detail='relation "rules" does not exist')
    assert judge_seed(a_seed(), BASELINE, reading) == entry


def test_a_seed_that_could_not_be_read_is_unknown() -> None:
    reading = SeedObservation(rows=BASELINE, fault="permission denied for table rules")
    entry = SeedEntry(name="rules", status=SeedStatus.UNKNOWN, detail="permission denied for table rules")
    assert judge_seed(a_seed(), BASELINE, reading) == entry


def test_a_composite_key_distinguishes_rows_by_all_its_columns() -> None:
    seed = a_seed(key=("name", "version"))
    baseline = ({"name": "a", "version": 1}, {"name": "a", "version": 2})
    entry = judge_seed(seed, baseline, SeedObservation(rows=({"name": "a", "version": 2},)))
    assert entry == SeedEntry(name="rules", status=SeedStatus.MISSING, detail="missing: a/1")
    assert seed_key(seed, baseline[1]) == ("a", "2")
