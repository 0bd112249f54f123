"""The JSON Schemas of the documents, with the descriptions from the source of their models."""

import ast
import inspect
import itertools
import textwrap
from collections.abc import Iterator, Mapping
from enum import Enum
from typing import Any, get_args

from pydantic import BaseModel

from pgfleet.documents.audit import AuditDocument
from pgfleet.documents.counts import CountDocument
from pgfleet.documents.diff import DiffDocument
from pgfleet.documents.doctor import DoctorDocument
from pgfleet.documents.history import HistoryDocument
from pgfleet.documents.manifest_proof import ManifestProof
from pgfleet.documents.repair import RepairDocument
from pgfleet.documents.rollout import RolloutDocument

DIALECT = "https://json-schema.org/draft/2020-12/schema"
DOCUMENTS: Mapping[str, type[BaseModel]] = {
    "audit": AuditDocument,
    "counts": CountDocument,
    "diff": DiffDocument,
    "doctor": DoctorDocument,
    "history": HistoryDocument,
    "manifest-check": ManifestProof,
    "repair": RepairDocument,
    "rollout": RolloutDocument,
}
"""The model of each document, by the name of the command that writes it."""


def schema_of(name: str) -> dict[str, Any]:
    """The JSON Schema of a document, as it is written. Raises KeyError for an unknown name."""
    model = DOCUMENTS[name]
    schema = model.model_json_schema(mode="serialization")
    for each in parts_of(model):
        part = schema if each is model else schema["$defs"].get(each.__name__, {})
        for key, text in descriptions_of(each).items():
            part.get("properties", {}).get(key, {})["description"] = text
    return {"$schema": DIALECT, **schema}


def parts_of(model: type[BaseModel]) -> tuple[type[BaseModel], ...]:
    """The model and those of the objects within it, in the order in which a document has them."""
    found: dict[type[BaseModel], None] = {model: None}
    waiting = [model]
    while waiting:
        fields = waiting.pop(0).model_fields.values()
        inner = [each for field in fields for each in _classes(field.annotation) if issubclass(each, BaseModel)]
        waiting += [each for each in inner if each not in found]
        found |= dict.fromkeys(inner)
    return tuple(found)


def descriptions_of(described: type) -> dict[str, str]:
    """The text below each field of a model, or below each member of an enumeration, by its name."""
    found: dict[str, str] = {}
    for each in reversed([base for base in described.__mro__ if base.__module__.startswith("pgfleet.")]):
        [definition] = ast.parse(textwrap.dedent(inspect.getsource(each))).body
        found |= dict(_described(definition.body if isinstance(definition, ast.ClassDef) else []))
    return found


def _described(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    for field, text in itertools.pairwise(body):
        target = field.target if isinstance(field, ast.AnnAssign) else _target(field)
        match text:
            case ast.Expr(value=ast.Constant(value=str(words))) if isinstance(target, ast.Name):
                yield target.id, " ".join(words.split())


def _target(statement: ast.stmt) -> ast.expr | None:
    return statement.targets[0] if isinstance(statement, ast.Assign) else None


def _classes(annotation: Any) -> Iterator[type]:
    """The models and enumerations that an annotation names."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel | Enum):
        yield annotation
    for each in get_args(annotation):
        yield from _classes(each)
