"""The generated pages and schemas are current, and describe every key that a user can write."""

import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from pgfleet.documents.schemas import DOCUMENTS, descriptions_of, parts_of, schema_of
from pgfleet.fleet.file import FleetDocument
from pgfleet.manifest.file import ManifestDocument

DOCS = Path(__file__).parents[2] / "docs"


def files_of(folder: Path) -> dict[str, str]:
    kinds = [*folder.glob("reference/*.md"), *folder.glob("schemas/*.json")]
    return {each.name: each.read_text(encoding="utf-8") for each in kinds}


def test_make_reference_changes_nothing(tmp_path: Path) -> None:
    spec = spec_from_file_location("reference", DOCS / "reference.py")
    assert spec
    assert spec.loader
    reference = module_from_spec(spec)
    spec.loader.exec_module(reference)
    reference.main(tmp_path)
    assert files_of(tmp_path) == files_of(DOCS)


@pytest.mark.parametrize("model", [FleetDocument, ManifestDocument])
def test_every_key_of_the_files_is_described(model: type) -> None:
    undescribed = [
        f"{each.__name__}.{key}" for each in parts_of(model) for key in each.model_fields.keys() - descriptions_of(each)
    ]
    assert undescribed == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_key_of_a_document_is_described_by_its_text_or_its_name(name: str) -> None:
    assert all(each.__doc__ for each in parts_of(DOCUMENTS[name]))
    Draft202012Validator.check_schema(schema_of(name))


def test_a_schema_rejects_what_is_not_the_document() -> None:
    document = json.loads(DOCUMENTS["doctor"].model_validate({"checks": []}).model_dump_json())
    validator = Draft202012Validator(schema_of("doctor"))
    validator.validate(document)
    with pytest.raises(ValidationError, match="'gone' is not one of"):
        check = {"name": "x", "status": "gone", "detail": ""}
        validator.validate({**document, "checks": [check]})
