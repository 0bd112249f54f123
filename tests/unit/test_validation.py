"""A validation error is one line without the invalid value."""

import json
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from pgfleet.errors import FleetError, ManifestError
from pgfleet.fleet.file import EnvironmentTable
from pgfleet.fleet.parse import build_environment, parse_fleet
from pgfleet.fleet.tables import TenantTable
from pgfleet.manifest.file import ManifestDocument
from pgfleet.manifest.parse import parse_document
from pgfleet.validation import first_fault, key_path

SECRET = "hunter2"
WRONG: dict[str, Any] = {
    "text": SECRET,
    "list": [SECRET],
    "table": {"password": SECRET},
    "list of tables": [{"password": SECRET}],
    "long text": SECRET * 40,
    "text with a control character": f"\x01{SECRET}",
}


def fields_of(model: type[BaseModel]) -> list[str]:
    return [field.alias or name for name, field in model.model_fields.items()]


@pytest.mark.parametrize(
    ("location", "path"),
    [
        (("format",), "format"),
        (("migrations", 2, "requires"), "migrations[2].requires"),
        (("migrations", 0, "checks", 1, "returns", 0, 3), "migrations[0].checks[1].returns[0][3]"),
        (("environments", "prod", "tenants", 0, "dsn"), "environments.prod.tenants[0].dsn"),
        ((), ""),
    ],
)
def test_a_location_as_a_key(location: tuple[int | str, ...], path: str) -> None:
    assert key_path(location) == path


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("key", fields_of(TenantTable))
def test_no_refusal_of_a_tenant_shows_what_was_found(key: str, wrong: Any) -> None:
    entry = {"name": "acme", "dsn": "host=h", key: wrong}
    with pytest.raises(ValidationError) as caught:
        TenantTable.model_validate(entry | {"ring": 7})  # wrong in any case
    assert SECRET not in " ".join(first_fault(caught.value))


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("key", fields_of(EnvironmentTable))
def test_no_refusal_of_an_environment_shows_what_was_found(key: str, wrong: Any) -> None:
    if key == "failure_budget" and isinstance(wrong, str):
        wrong = {"main": wrong}
    if key in {"rings", "ledger_owners", "scratch_dsn", "rollout_dsn", "work_pool", "report_dir", "metrics_dir"} or (
        key == "roles" and isinstance(wrong, dict)
    ):
        wrong = {"of": wrong}
    with pytest.raises(ValidationError) as caught:
        EnvironmentTable.model_validate({key: wrong})
    assert SECRET not in " ".join(first_fault(caught.value))


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("key", ["format", "equivalent_defaults", "migrations", "seeds", "counts"])
def test_no_refusal_of_a_manifest_shows_what_was_found(key: str, wrong: Any) -> None:
    migration = {"file": "1_one.sql", "priority": "P0", "provides": "x"}
    with pytest.raises(ValidationError) as caught:
        ManifestDocument.model_validate({"format": 1, "migrations": [migration]} | {key: {"of": wrong}})
    assert SECRET not in " ".join(first_fault(caught.value))


@pytest.mark.parametrize(
    "tenant",
    [
        f'name = "acme"\ndsn = ["{SECRET}"]',
        f'name = "acme"\ndsn = {{password = "{SECRET}"}}',
        f'name = ["{SECRET}"]\ndsn = "host=h"',
        f'name = "acme"\ndsn = "host=h password={SECRET}"\nring = 1',
        f'name = "acme"\ndsn = "host=h password={SECRET}"\nring = "none"',
        f'name = "acme"\ndsn = "host=h password={SECRET}"\npassword = "{SECRET}"',
        f'name = "acme"\ndsn = "host=h password={SECRET} port=${{NOWHERE_SET}}"',
        f'name = "acme"\ndsn = "host=h password={SECRET}',
    ],
    ids=[
        "list", "table", "name", "ring's type", "unknown ring", "unknown key", "unset variable", "not TOML",
    ],
)  # fmt: skip
def test_no_refusal_of_a_fleet_file_shows_a_secret(tenant: str) -> None:
    text = f"[environments.prod]\n[[environments.prod.tenants]]\n{tenant}\n"
    with pytest.raises(FleetError) as caught:
        build_environment(parse_fleet(text, file="fleet.toml"), "prod", {}, file="fleet.toml")
    assert SECRET not in f"{caught.value} {caught.value!r}"
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_a_refusal_of_a_manifest_does_not_carry_pydantics() -> None:
    with pytest.raises(ManifestError) as caught:
        parse_document(f"format = {json.dumps(SECRET)}", file="manifest.toml")
    assert caught.value.__context__ is None or caught.value.__suppress_context__
    assert SECRET not in repr(caught.value)


def test_an_unknown_key_is_reported_first() -> None:
    with pytest.raises(ValidationError) as caught:
        TenantTable.model_validate({"nam": "acme", "dsn": 1})
    assert first_fault(caught.value) == ("nam", "unknown key")
