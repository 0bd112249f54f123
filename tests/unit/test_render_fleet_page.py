"""The page of all environments: the last audit of each, its trend, and a link."""

from pathlib import Path

from justhtml import JustHTML
from unit.literals import a_document, a_tenant_entry

from pgfleet.documents.audit import Verdict
from pgfleet.documents.audit_history import MOST_AUDITS, AuditHistory, PastAudit
from pgfleet.reports.render import fleet_page
from pgfleet.reports.views.verdicts import past_audit
from pgfleet.run.audit_histories import history_name, load_histories, load_history

READY, BLOCKED = a_document(a_tenant_entry("a")), a_document(a_tenant_entry("a", Verdict.BLOCKED))
HOSTILE = "<script>\u202ealert(1)</script>"


def past(run_id: str = "1", page: str = "audit-prod-1.html", **tenants: int) -> PastAudit:
    return PastAudit(run_id=run_id, finished="2026-11-24 02:00 UTC", outcome="Drifted", tenants=tenants, page=page)


def shown(*histories: AuditHistory) -> JustHTML:
    return JustHTML(fleet_page.render(histories), strict=True, sanitize=False)


def test_each_environment_has_its_last_numbers_trend_and_link() -> None:
    audits = (past("1", blocked=2, ready=1), past("2", "audit-prod-2.html", blocked=1, ready=2))
    page = shown(AuditHistory(environment="staging"), AuditHistory(environment="prod", audits=audits))
    [card] = page.query(".card")
    [link] = card.query("h2 a")
    assert (link.to_text(), link.attrs["href"]) == ("prod", "audit-prod-2.html")
    assert [each.to_text() for each in card.query("li .figure")] == ["1", "2"]
    assert [each.attrs["aria-label"] for each in card.query(".spark")] == [
        "blocked in the last audits: 2, 1",
        "ready in the last audits: 1, 2",
    ]
    assert "2026-11-24 02:00 UTC · 3 tenants" in card.to_text()


def test_text_in_a_history_is_text() -> None:
    audit = past(page="//example.com/a b").model_copy(update={"outcome": HOSTILE, "finished": HOSTILE})
    page = shown(AuditHistory(environment=HOSTILE, audits=(audit,)))
    assert page.query("script") == []
    [link] = page.query("h2 a")
    assert link.attrs["href"] == "%2F%2Fexample.com%2Fa%20b"
    assert "\u202e" not in page.to_text()


def test_a_retried_run_replaces_its_entry_and_old_audits_are_dropped() -> None:
    history = AuditHistory(environment="prod").with_audit(past("1", ready=1)).with_audit(past("1", ready=2))
    assert history.audits == (past("1", ready=2),)
    for number in range(2, MOST_AUDITS + 3):
        history = history.with_audit(past(str(number)))
    assert [each.run_id for each in history.audits] == [str(each) for each in range(3, MOST_AUDITS + 3)]


def test_an_audit_is_kept_with_the_numbers_of_its_page() -> None:
    kept = past_audit(BLOCKED, "page.html", "Europe/Berlin")
    assert (kept.outcome, kept.tenants, kept.page) == ("Pending", {"blocked": 1}, "page.html")
    assert kept.finished.endswith(" Europe/Berlin")
    assert past_audit(READY, "page.html", "UTC").outcome == "Ready"


def test_a_file_that_is_no_history_of_its_environment_is_ignored(tmp_path: Path) -> None:
    history = AuditHistory(environment="prod", audits=(past(ready=1),))
    for name in ("prod", "other"):
        (tmp_path / history_name(name)).write_text(history.model_dump_json(), encoding="utf-8")
    (tmp_path / history_name("broken")).write_text("{", encoding="utf-8")
    assert list(load_histories(tmp_path)) == [history]
    assert load_history(tmp_path / history_name("missing")) is None
