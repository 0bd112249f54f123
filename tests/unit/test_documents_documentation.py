"""The pages about the rollout and repair documents describe every key, and their examples are current."""

import json
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from pgfleet.documents.audit import CountEntry, DifferenceEntry, ManifestEntry, PositionEntry, SkippedEntry
from pgfleet.documents.diff import DiffDocument
from pgfleet.documents.doctor import DoctorDocument
from pgfleet.documents.entry import Entry
from pgfleet.documents.history import HistoryDocument
from pgfleet.documents.repair import RepairDocument, TenantRepair
from pgfleet.documents.rollout import CountDocument, RolloutDocument

DOCS = Path(__file__).parents[2] / "docs"
ELSEWHERE = {CountEntry, DifferenceEntry, ManifestEntry, PositionEntry, SkippedEntry}
"""The page about the audit document describes these."""
OF_REPAIRS = {TenantRepair}
"""The page about the repair document describes these."""


def fields_of(model: type[BaseModel], elsewhere: Collection[type[BaseModel]]) -> Iterator[str]:
    """The keys of the model, and of those within it that are described on the same page."""
    for name, field in model.model_fields.items():
        yield name
        for each in [field.annotation, *get_args(field.annotation)]:
            if isinstance(each, type) and issubclass(each, Entry) and each not in elsewhere:
                yield from fields_of(each, elsewhere)


def example(page: str) -> dict[str, object]:
    found = re.search(r"```json\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return json.loads(found[1])


@pytest.mark.parametrize(
    ("page", "model"),
    [
        ("rollout-document.md", RolloutDocument),
        ("rollout-document.md", CountDocument),
        ("repair-document.md", RepairDocument),
        ("tenant-documents.md", DiffDocument),
        ("tenant-documents.md", HistoryDocument),
        ("doctor.md", DoctorDocument),
    ],
)
def test_every_key_is_described(page: str, model: type[BaseModel]) -> None:
    described = set(re.findall(r"`(\w+)`", (DOCS / page).read_text(encoding="utf-8")))
    shared = set(re.findall(r"`(\w+)`", (DOCS / "rollout-document.md").read_text(encoding="utf-8")))
    elsewhere = ELSEWHERE if page == "repair-document.md" else ELSEWHERE | OF_REPAIRS
    assert set(fields_of(model, elsewhere)) - described - shared == set()
    assert "schema_version" in described


def test_the_examples_have_the_keys_of_the_current_version() -> None:
    rollout = example("rollout-document.md")
    assert set(rollout) == set(RolloutDocument.model_fields)
    assert (
        RolloutDocument.model_validate(rollout).schema_version == RolloutDocument.model_fields["schema_version"].default
    )
    repair = example("repair-document.md")
    assert set(repair) <= set(RepairDocument.model_fields)
    history = HistoryDocument.model_validate(example("tenant-documents.md"))
    assert set(example("tenant-documents.md")) == set(HistoryDocument.model_fields)
    assert history.events
    assert repair["schema_version"] == RepairDocument.model_fields["schema_version"].default
