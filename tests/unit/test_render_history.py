"""A tenant's history at the terminal."""

from datetime import UTC, datetime

from unit.printed import printed

from pgfleet.documents.history import EventEntry, HistoryDocument, LedgerEntry, ToolLedger
from pgfleet.reports.views.history import history_view

WHEN = datetime(2026, 11, 24, 1, 2, 3, tzinfo=UTC)
CHECKSUM = "c0"
LEDGER = LedgerEntry(
    version="1",
    file="1_one.sql",
    state="applied",
    checksum=CHECKSUM,
    file_changed=True,
    run_id="7f04",
    recorded_by="pgfleet",
    recorded_at=WHEN,
)


def an_event(event: str, application: str | None, *, file_changed: bool | None = False) -> EventEntry:
    return EventEntry(
        happened_at=WHEN,
        event=event,
        version="1",
        file="1_one.sql",
        checksum=CHECKSUM,
        file_changed=file_changed,
        run_id="7f04",
        recorded_by="pgfleet",
        application=application,
    )


def shown(**changed: object) -> list[str]:
    plain: dict[str, object] = {"ledger": None, "events": None, "tool": None}
    document = HistoryDocument(
        environment="prod", name="acme", home="public", database="db1:5432/acme", **{**plain, **changed}
    )
    return printed(history_view(document, "Europe/Berlin"), width=150)


def test_who_did_what_and_whether_the_file_has_changed() -> None:
    events = (an_event("healed", "pgfleet prod 7f"), an_event("adopted", None, file_changed=None))
    tool = ToolLedger(tool="goose", table="goose_db_version", columns=("id", "tstamp"), rows=(("1", None),))
    assert shown(ledger=(LEDGER,), events=events, tool=tool) == [
        "Ledger",
        "  version  state    recorded             by       run   script",
        "  1        applied  2026-11-24 02:02:03  pgfleet  7f04  c0 (file changed since)",
        "",
        "Events",
        "  when                 what       version  by                                  run   script",
        "  2026-11-24 02:02:03  reapplied  1        pgfleet (pgfleet prod 7f)           7f04  c0",
        "  2026-11-24 02:02:03  adopted    1        pgfleet (application not recorded)  7f04  c0 (not in the manifest)",
        "",
        "Ledger of goose, goose_db_version",
        "  id  tstamp",
        "  1",
        "",
        "1 migration and 2 events recorded, 1 row of goose",
        "History of acme in prod · database db1:5432/acme · schema public",
    ]


def test_a_tenant_without_a_ledger() -> None:
    assert shown(faults=("pgfleet.x could not be read",)) == [
        "There is no ledger: pgfleet has recorded nothing in this tenant.",
        "",
        "Not read",
        "  pgfleet.x could not be read",
        "",
        "0 migrations and 0 events recorded",
        "History of acme in prod · database db1:5432/acme · schema public",
    ]
