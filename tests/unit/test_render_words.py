"""Each finding in one sentence."""

import pytest
from unit.literals import (
    a_contract_entry,
    a_difference_entry,
    a_failure,
    a_manifest,
    a_migration,
    a_migration_entry,
    a_tenant_entry,
)

from pgfleet.documents.audit import Verdict
from pgfleet.documents.findings import (
    CheckEntry,
    Evidence,
    MigrationEntry,
    MigrationStatus,
    SeedEntry,
    SeedStatus,
    UnexpectedEntry,
)
from pgfleet.manifest.model import Impact
from pgfleet.reports.phrases.audit import affected_services, notes, predicate, sentence, verdict_meaning

MISSING = a_difference_entry()
CHANGED = a_difference_entry(change="changed", expected="btree (a)", actual="btree\n  (a,   b)")
BROKEN = a_contract_entry(a_failure())
FAILS = CheckEntry(name="tables", passed=False, detail='missing: "a"')
OPEN = CheckEntry(name="indexes", passed=None, detail="statement timeout")
PASSES = CheckEntry(name="columns", passed=True)


@pytest.mark.parametrize(
    ("finding", "words"),
    [
        pytest.param(MISSING, "index public.idx_a is missing", id="missing object"),
        pytest.param(CHANGED, "index public.idx_a is btree (a, b), should be btree (a)", id="changed object"),
        pytest.param(
            a_difference_entry(change="changed", expected=None, actual="x"),
            "index public.idx_a is x, should be nothing",
            id="changed object without a definition",
        ),
        pytest.param(
            UnexpectedEntry(kind="constraint", identity="public.one.fk", actual="FOREIGN KEY\n (a)"),
            "extra constraint public.one.fk (FOREIGN KEY (a)), not in the manifest",
            id="unexpected object",
        ),
        pytest.param(a_migration_entry(), "", id="applied migration"),
        pytest.param(
            a_migration_entry(MigrationStatus.PENDING, differences=[MISSING], checks=[FAILS]),
            "not applied yet",
            id="pending migration",
        ),
        pytest.param(
            a_migration_entry(MigrationStatus.DRIFTED, differences=[MISSING, CHANGED], checks=[FAILS]),
            "index public.idx_a is missing; index public.idx_a is btree (a, b), should be btree (a)",
            id="drifted migration",
        ),
        pytest.param(
            a_migration_entry(MigrationStatus.DRIFTED, checks=[PASSES, FAILS, OPEN]),
            "check 'tables' fails: missing: \"a\"; check 'indexes' could not be completed: statement timeout",
            id="drifted migration by its checks alone",
        ),
        pytest.param(
            a_migration_entry(MigrationStatus.UNKNOWN, checks=[PASSES, OPEN]),
            "check 'indexes' could not be completed: statement timeout",
            id="unknown migration",
        ),
        pytest.param(
            a_migration_entry(MigrationStatus.UNKNOWN).model_copy(update={"evidence": Evidence.NONE}),
            "nothing shows whether it ran",
            id="migration that nothing decides",
        ),
        pytest.param(
            a_migration_entry(MigrationStatus.DRIFTED),
            "the ledger records it as applied",
            id="drifted migration by its ledger alone",
        ),
        pytest.param(SeedEntry(name="rules", status=SeedStatus.PRESENT), "seed rules is present", id="present seed"),
        pytest.param(
            SeedEntry(name="rules", status=SeedStatus.MISSING, detail="never imported: a, b"),
            "seed rules is missing (never imported: a, b)",
            id="missing seed",
        ),
        pytest.param(
            SeedEntry(name="rules", status=SeedStatus.CUSTOMIZED, detail="edited: a"),
            "seed rules was edited: a (customized, not a fault)",
            id="customised seed",
        ),
        pytest.param(
            SeedEntry(name="rules", status=SeedStatus.UNKNOWN, detail="permission denied"),
            "seed rules is unknown (permission denied)",
            id="unknown seed",
        ),
        pytest.param(a_contract_entry(), "worker can run all of its statements", id="working contract"),
        pytest.param(BROKEN, "worker cannot run 'fetch': column \"a\" does not exist", id="broken contract"),
        pytest.param(
            a_contract_entry(a_failure(), a_failure("store"), a_failure("drop"), role="app"),
            "worker cannot run 'fetch' as app: column \"a\" does not exist; 2 more of its statements fail",
            id="contract of a role, with several statements",
        ),
        pytest.param(
            a_contract_entry(a_failure(None, 'role "app" does not exist'), role="app"),
            'worker cannot run anything as app: role "app" does not exist',
            id="contract of a role that is not there",
        ),
        pytest.param(
            a_contract_entry(detail="no member of app"),
            "worker could not be checked: no member of app",
            id="contract that could not be tried",
        ),
        pytest.param(a_tenant_entry(migrations=[a_migration_entry()]), "", id="ready tenant"),
        pytest.param(
            a_tenant_entry(
                verdict=Verdict.BLOCKED, migrations=[a_migration_entry()], contracts=[a_contract_entry(), BROKEN]
            ),
            "worker cannot run 'fetch': column \"a\" does not exist",
            id="tenant with a broken contract alone",
        ),
        pytest.param(
            a_tenant_entry(
                verdict=Verdict.BLOCKED,
                migrations=[a_migration_entry(), a_migration_entry(MigrationStatus.PENDING, "2")],
                contracts=[BROKEN],
            ),
            "not applied: 2; worker cannot run 'fetch': column \"a\" does not exist",
            id="the shortest first",
        ),
        pytest.param(
            a_tenant_entry(
                verdict=Verdict.BLOCKED,
                migrations=[a_migration_entry(MigrationStatus.DRIFTED, "2", differences=[CHANGED])],
                contracts=[BROKEN],
            ),
            "worker cannot run 'fetch': column \"a\" does not exist; "
            "2 drifted: index public.idx_a is btree (a, b), should be btree (a)",
            id="the shortest first, the other way round",
        ),
        pytest.param(
            a_tenant_entry(
                verdict=Verdict.BLOCKED,
                migrations=[
                    a_migration_entry(version="1"),
                    a_migration_entry(MigrationStatus.DRIFTED, "2", differences=[MISSING]),
                    a_migration_entry(MigrationStatus.PENDING, "3"),
                ],
            ),
            "2 drifted: index public.idx_a is missing; not applied: 3",
            id="blocked tenant",
        ),
        pytest.param(
            a_tenant_entry(
                verdict=Verdict.BLOCKED,
                migrations=[
                    a_migration_entry(version="1"),
                    a_migration_entry(MigrationStatus.PENDING, "2"),
                    a_migration_entry(MigrationStatus.PENDING, "3"),
                ],
            ),
            "not applied: 2, 3",
            id="tenant that is behind",
        ),
        pytest.param(
            a_tenant_entry(
                verdict=Verdict.BLOCKED,
                migrations=[a_migration_entry(MigrationStatus.PENDING, version) for version in "12"],
                contracts=[BROKEN],
            ),
            "no migration is applied: none of the manifest's objects exist",
            id="empty tenant",
        ),
        pytest.param(
            a_tenant_entry(
                verdict=Verdict.UNKNOWN,
                reason="one could not be counted",
                migrations=[a_migration_entry(MigrationStatus.PENDING)],
            ),
            "one could not be counted",
            id="tenant with a reason",
        ),
    ],
)
def test_sentence(finding: object, words: str) -> None:
    assert sentence(finding) == words


@pytest.mark.parametrize(
    ("expected", "actual", "words"),
    [
        pytest.param("btree (a)", "btree (b)", "is changed", id="another definition"),
        pytest.param(
            "btree (a)", "btree (a) (INVALID: no query uses it)", "is INVALID: no query uses it", id="a remark alone"
        ),
        pytest.param("btree (a)", "btree (b) (INVALID: no query uses it)", "is changed", id="a remark and more"),
        pytest.param(
            "btree\n(a)", "btree (a)  (DISABLED: it never fires)", "is DISABLED: it never fires", id="white space"
        ),
        pytest.param("jsonb", "jsonb NOT NULL DEFAULT '{}'::jsonb", "is changed", id="a default is no remark"),
        pytest.param("text", 'text COLLATE "x:y"', "is changed", id="a collation is no remark"),
        pytest.param("btree (a)", "btree (a) (FILLFACTOR)", "is changed", id="parentheses are no remark"),
    ],
)
def test_predicate_of_a_changed_object(expected: str, actual: str, words: str) -> None:
    assert predicate(a_difference_entry(change="changed", expected=expected, actual=actual)) == words


def test_predicate_of_a_missing_object() -> None:
    assert predicate(MISSING) == "is missing"


def test_a_remark_takes_the_place_of_both_definitions() -> None:
    difference = a_difference_entry(change="changed", actual="btree (a) (INVALID: no query uses it)")
    assert sentence(difference) == "index public.idx_a is INVALID: no query uses it"


@pytest.mark.parametrize(
    ("entry", "lines"),
    [
        pytest.param(
            a_migration_entry(MigrationStatus.PENDING),
            ("worker: nothing is queued", "planner: no plans"),
            id="pending: what breaks",
        ),
        pytest.param(a_migration_entry(MigrationStatus.DRIFTED), ("worker, planner",), id="drifted: which services"),
        pytest.param(a_migration_entry(MigrationStatus.UNKNOWN), ("worker, planner",), id="unknown: which services"),
        pytest.param(a_migration_entry(MigrationStatus.APPLIED), (), id="applied: none"),
        pytest.param(a_migration_entry(MigrationStatus.PENDING, "2"), (), id="no service is named"),
        pytest.param(a_migration_entry(MigrationStatus.DRIFTED, "2"), (), id="no service is named for a drifted one"),
        pytest.param(a_migration_entry(MigrationStatus.PENDING, "7"), (), id="another manifest's"),
    ],
)
def test_affected_services(entry: MigrationEntry, lines: tuple[str, ...]) -> None:
    impacts = [Impact(service="worker", breaks="nothing is queued"), Impact(service="planner", breaks="no plans")]
    assert affected_services(entry, a_manifest(a_migration("1", impacts=impacts), a_migration("2"))) == lines


def test_there_is_no_sentence_for_what_is_no_finding() -> None:
    with pytest.raises(TypeError, match="int"):
        sentence(7)


@pytest.mark.parametrize("product", [None, "AI assistant"])
def test_every_verdict_has_a_meaning_and_only_the_manifest_names_a_product(product: str | None) -> None:
    meanings = {verdict: verdict_meaning(verdict, product) for verdict in Verdict}
    assert len(set(meanings.values())) == len(Verdict)
    assert any("assistant" in each for each in meanings.values()) is (product is not None)


def test_the_meaning_of_a_verdict_names_the_product_or_what_is_not_in_place() -> None:
    assert verdict_meaning(Verdict.BLOCKED, "AI assistant") == "the AI assistant cannot start or does not work"
    neutral = "a P0 migration is not in place, or a P0 contract is broken"
    assert verdict_meaning(Verdict.BLOCKED, None) == neutral


def test_pending_migrations_of_a_tenant_are_folded() -> None:
    versions = [f"{number:04}" for number in range(1, 64)]
    statuses = [MigrationStatus.APPLIED] * 38 + [MigrationStatus.PENDING] * 25
    tenant = a_tenant_entry(
        migrations=[a_migration_entry(status, version) for status, version in zip(statuses, versions, strict=True)]
    )
    assert sentence(tenant) == "not applied: 0039 … 0063 (25 migrations)"


def test_notes_are_unexpected_objects_and_seeds_that_are_not_as_shipped() -> None:
    tenant = a_tenant_entry(
        unexpected=[UnexpectedEntry(kind="index", identity="public.own", actual="btree (a)")],
        seeds=[
            SeedEntry(name="present", status=SeedStatus.PRESENT),
            SeedEntry(name="missing", status=SeedStatus.MISSING),
            SeedEntry(name="customised", status=SeedStatus.CUSTOMIZED, detail="edited: a"),
            SeedEntry(name="unknown", status=SeedStatus.UNKNOWN, detail="its reason is the tenant's"),
        ],
    )
    assert notes(tenant) == (
        "extra index public.own (btree (a)), not in the manifest",
        "seed missing is missing",
        "seed customised was edited: a (customized, not a fault)",
    )


def test_a_tenant_as_the_manifest_has_it_has_no_notes() -> None:
    assert notes(a_tenant_entry(migrations=[a_migration_entry(MigrationStatus.DRIFTED)])) == ()
