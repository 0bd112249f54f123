"""The audit document is an interface: other programs read it."""

import json
from typing import Any

import pytest

from pgfleet.catalog.objects import Change, ObjectKind
from pgfleet.documents.audit import AuditDocument, TenantEntry, Verdict
from pgfleet.documents.findings import MigrationStatus, SeedStatus
from pgfleet.manifest.model import Priority

# The design's own example, filled in. Keys are added to it, never renamed or removed.
EXAMPLE = """
{
  "schema_version": 1,
  "environment": "prod", "run_id": "run-7",
  "started_at": "2025-04-01T02:00:00Z", "finished_at": "2025-04-01T02:00:12.340000Z",
  "manifest": {"checksum": "0123abcd", "migrations": ["20250315", "20250328"], "product": null,
    "scripts": ["1a", "2b"]},
  "summary": {"tenants": 2, "ready": 0, "degraded": 0, "blocked": 1, "unreachable": 1, "unknown": 0},
  "tenants": [
    {"name": "acme", "ring": "main", "verdict": "blocked", "reason": null,
     "server_version": "16.4", "fingerprint": "f00",
     "position": {"version": "20250315", "applied": 1, "pending": 1, "unknown": 0, "by": "ledger"},
     "migrations": [
       {"version": "20250315", "file": "20250315_create_ai_assistant_tables.sql", "priority": "P0", "status": "drifted",
        "evidence": "ledger",
        "differences": [{"kind": "index", "identity": "public.idx_ai_task_queue_status_schedule", "change": "missing",
                         "expected": "CREATE INDEX x", "actual": null,
                         "repair": {"way": "sql", "version": null, "statements": ["CREATE INDEX x"],
                                    "hazards": ["blocks writes"], "hazard_codes": ["BLOCKS_WRITES"], "reason": null},
                         "accepted": {"owner": "ana", "reason": "being rebuilt", "until": "2025-06-30"},
                         "since": "2025-03-31T02:00:00Z", "shared": false, "actual_left_out": 0}],
        "checks": [{"name": "tables", "passed": true, "detail": null},
                   {"name": "indexes", "passed": null, "detail": "statement timeout"}],
        "ledger": "applied", "in_tool_ledger": null, "altered": true, "accepted": true,
        "since": "2025-03-31T02:00:00Z"}],
     "unexpected": [{"kind": "constraint", "identity": "public.ai_conversations.fk", "actual": "FOREIGN KEY",
                     "shared": false, "actual_left_out": 0}],
     "unexpected_left_out": 900,
     "seeds": [{"name": "policy_rules", "status": "customised", "detail": "edited: a"}],
     "counts": [{"table": "ai_conversations", "rows": 1234, "exact": true},
                {"table": "ai_messages", "rows": null, "exact": false}],
     "losses": [{"table": "ai_conversations", "before": 5678, "now": 1234, "allowed": 567, "exact": true}],
     "since": null,
     "contracts": [{"consumer": "worker", "priority": "P0", "role": "app", "works": false, "inherited": false,
                    "failures": [{"statement": "claim task", "message": "permission denied", "sqlstate": "42501"}],
                    "detail": null, "since": "2025-03-31T02:00:00Z"}],
     "unreachable_because": null, "pooler": "transaction", "standby": false,
     "database": "db1:5432/acme", "home": "public", "script_fault": null, "other_tables": null,
     "read": "unchanged since 2025-03-31T02:00:00Z",
     "stamp": {"digest": "c0ffee", "inputs": "1f", "read_at": "2025-03-31T02:00:00Z", "has_ledger": true,
               "scope": "database", "covers_queries": false}},
    {"name": "globex", "ring": null, "verdict": "unreachable", "reason": "no answer",
     "server_version": null, "fingerprint": null, "position": null,
     "migrations": [], "unexpected": [], "unexpected_left_out": 0,
     "seeds": [], "counts": [], "losses": [], "since": "2025-03-30T02:00:00Z",
     "contracts": [], "unreachable_because": "timed_out", "pooler": null, "standby": null,
     "database": null, "home": null,
     "script_fault": {"file": "1_one.sql", "problem": "line 3 column 5: syntax error"}, "other_tables": 214,
     "read": null, "stamp": null}
  ],
  "since": {"previous_run_id": "run-6", "previous_finished_at": "2025-03-31T02:00:00Z", "source": "prefect",
    "new": [{"tenant": "globex", "kind": "tenant", "identity": "globex", "change": "unreachable",
             "since": "2025-04-01T02:00:12.340000Z", "judged_before": true, "message": null,
             "breaks": ["worker"]}],
    "persisting": 1, "resolved": [], "not_judged": 0},
  "variants": [{"name": "variant A", "fingerprint": "f00", "server_major": 16, "server_majors": [16],
                "expected": false, "tenants": ["acme"],
    "differences": [{"kind": "index", "identity": "idx_ai_task_queue_status_schedule", "change": "missing"}]}],
  "accepted": [{"tenant": "acme", "kind": null, "identity": "public.idx_*", "change": null, "owner": "ana",
    "reason": "being rebuilt", "until": "2025-06-30", "state": "active", "matches": 1}],
  "skipped": [{"name": "initech", "reason": "its state is suspended"}],
  "shared": [{"database": "db1:5432/acme", "kind": "index", "identity": "ai_guardrails.idx", "change": "missing",
    "tenants": ["acme", "globex"]}],
  "is_first": false,
  "logins": []
}
"""


def test_the_document_is_written_as_it_is_specified() -> None:
    document = AuditDocument.model_validate_json(EXAMPLE)
    assert json.loads(document.model_dump_json()) == json.loads(EXAMPLE)


def test_keys_come_in_the_specified_order() -> None:
    def keys(value: Any) -> Any:
        if isinstance(value, dict):
            return [(key, keys(each)) for key, each in value.items()]
        return [keys(each) for each in value] if isinstance(value, list) else None

    written = json.loads(AuditDocument.model_validate_json(EXAMPLE).model_dump_json())
    assert keys(written) == keys(json.loads(EXAMPLE))


def test_a_document_survives_a_round_trip() -> None:
    document = AuditDocument.model_validate_json(EXAMPLE)
    assert AuditDocument.model_validate_json(document.model_dump_json()) == document
    assert AuditDocument.model_validate(document.model_dump(mode="json")) == document


def test_a_reader_of_today_takes_a_document_of_tomorrow() -> None:
    later = json.loads(EXAMPLE)
    later["halted"] = later["tenants"][0]["contact"] = later["tenants"][0]["migrations"][0]["applied_at"] = "new"
    assert AuditDocument.model_validate(later) == AuditDocument.model_validate_json(EXAMPLE)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(Verdict, {"ready", "degraded", "blocked", "unreachable", "unknown"}, id="verdicts"),
        pytest.param(MigrationStatus, {"applied", "pending", "drifted", "unknown"}, id="statuses of migrations"),
        pytest.param(SeedStatus, {"present", "missing", "customised", "unknown"}, id="statuses of seeds"),
        pytest.param(Priority, {"P0", "P1"}, id="priorities"),
        pytest.param(Change, {"missing", "changed"}, id="changes"),
    ],
)
def test_the_words_are_the_glossarys(words: Any, expected: set[str]) -> None:
    assert {each.value for each in words} == expected


def test_every_kind_is_one_that_the_document_allows() -> None:
    allowed = "schema extension table column constraint index trigger function sequence view type policy privilege"
    assert {each.value for each in ObjectKind} <= set(allowed.split())


@pytest.mark.parametrize("key", ["name", "ring", "verdict"])
def test_a_tenants_entry_requires(key: str) -> None:
    whole = {"name": "acme", "ring": "main", "verdict": "ready"}
    assert TenantEntry.model_validate(whole).name == "acme"
    del whole[key]
    with pytest.raises(ValueError, match=f"{key}\n  Field required"):
        TenantEntry.model_validate(whole)


def test_an_entry_does_not_change() -> None:
    document = AuditDocument.model_validate_json(EXAMPLE)
    with pytest.raises(ValueError, match="frozen"):
        document.run_id = "other"
