"""How a difference is fixed: by a rerun, by statements, or by a person."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from unit.literals import an_expected_catalog
from unit.repair_objects import (
    ODD,
    a_column,
    a_constraint,
    a_function,
    a_privilege,
    a_sequence,
    a_table,
    a_trigger,
    a_view,
    an_index,
    changed,
    missing,
    told,
)

from pgfleet.catalog.differences import Difference
from pgfleet.catalog.expected import ExpectedCatalog
from pgfleet.catalog.objects import CatalogObject, ObjectKind, OccupiedName
from pgfleet.catalog.reapply import Reapplicable
from pgfleet.catalog.repair_facts import Dependent, RepairFacts
from pgfleet.repair.combination import choose_repairs
from pgfleet.repair.model import Hazard, Repair, Strategy
from pgfleet.repair.strategy import choose_repair

COLUMN, INDEX = a_column(), an_index("CREATE INDEX i ON t (c)")
SHORT = a_column(type="varchar(9)")
KEY = a_constraint("PRIMARY KEY (c)")
OBJECTS = (a_table(), COLUMN, INDEX, KEY)


def restored(*objects: CatalogObject, missing: bool = True, changed: bool = True) -> ExpectedCatalog:
    """Of which a rerun brings back these."""
    identities = frozenset(each.identity for each in objects)
    reruns = Reapplicable(
        missing=identities if missing else frozenset(),
        altered=identities,
        changed=identities if changed else frozenset(),
    )
    return replace(an_expected_catalog(("1", OBJECTS)), reapplicable=reruns)


@pytest.mark.parametrize(
    ("difference", "expected", "strategy"),
    [
        pytest.param(missing(INDEX), restored(INDEX), Strategy.RERUN, id="missing, and proven to come back"),
        pytest.param(missing(INDEX), restored(INDEX, missing=False), Strategy.SQL, id="missing, and changed is proven"),
        pytest.param(changed(COLUMN, SHORT), restored(COLUMN), Strategy.RERUN, id="changed, and proven to come back"),
        pytest.param(
            changed(COLUMN, SHORT), restored(COLUMN, changed=False), Strategy.SQL, id="changed, missing is proven"
        ),
        pytest.param(missing(a_table()), restored(), Strategy.BY_HAND, id="a table that does not"),
        pytest.param(changed(COLUMN, SHORT, untouched=True), restored(), Strategy.SQL, id="as before the migration"),
        pytest.param(
            missing(INDEX),
            replace(restored(INDEX), repeats=frozenset("1")),
            Strategy.SQL,
            id="a script that changes rows",
        ),
    ],
)
def test_a_rerun_is_chosen_where_it_is_proven(
    difference: Difference, expected: ExpectedCatalog, strategy: Strategy
) -> None:
    repair = choose_repair(difference, expected)
    assert (repair.strategy, repair.version) == (strategy, "1" if strategy is Strategy.RERUN else None)
    assert bool(repair.statements) is (strategy is Strategy.SQL)
    assert bool(repair.reason) is (strategy is Strategy.BY_HAND)


def test_a_lost_table_is_created_again_only_with_consent() -> None:
    elsewhere = replace(an_index("CREATE INDEX i ON u (c)"), parent="u")
    table, index = choose_repairs([missing(a_table()), missing(elsewhere)], restored(a_table(), elsewhere))
    assert (table.strategy, table.version) == (Strategy.BY_HAND, "1")
    assert table.reason == (
        "its rows are lost: restore it from a backup, or create it empty with pgfleet rollout ENV --recreate t"
    )
    assert index.strategy is Strategy.SQL, "its script would also create the table"


def test_what_names_a_lost_table_waits_for_it() -> None:
    key = a_constraint("FOREIGN KEY (c) REFERENCES t(a)")
    _, found = choose_repairs([missing(a_table()), missing(key, version="2")], restored(key))
    assert (found.strategy, found.reason) == (Strategy.BY_HAND, "table t must be restored first")


def test_what_is_on_a_lost_table_waits_for_it() -> None:
    column = a_column(type="integer")
    _, found = choose_repairs([missing(a_table()), missing(column, version="2")], restored(column))
    assert (found.strategy, found.reason) == (Strategy.BY_HAND, "table t must be restored first")


def test_the_command_for_a_lost_table_quotes_any_name() -> None:
    odd = replace(a_table(), identity=replace(a_table().identity, name="my table's"))
    found = choose_repair(missing(odd), restored(odd))
    assert (found.reason or "").endswith("""--recreate 'my table'"'"'s'""")


LOST_COLUMN = Repair(
    strategy=Strategy.BY_HAND,
    version="1",
    reason="its values are lost: restore them from a backup, or add it without them with "
    "pgfleet rollout ENV --recreate t.c",
)


@pytest.mark.parametrize(
    ("column", "recorded", "has_rows", "strategy"),
    [
        (COLUMN, {"1"}, True, Strategy.BY_HAND),
        (COLUMN, {"2"}, True, Strategy.RERUN),
        (COLUMN, {"1"}, False, Strategy.RERUN),
        (a_column(generated="s", default="1"), {"1"}, True, Strategy.RERUN),
    ],
    ids=["lost", "not in the ledger", "no rows", "generated"],
)
def test_a_column_that_a_ledger_knows_is_lost_with_the_values_of_its_rows(
    column: CatalogObject, recorded: set[str], has_rows: bool, strategy: Strategy
) -> None:
    expected = reapplicable(("1", [a_table(), column, INDEX]))
    facts = {column.identity: RepairFacts(has_rows=has_rows)}
    found = choose_repairs([missing(column), missing(INDEX)], expected, recorded=recorded, facts=facts)
    assert [each.strategy for each in found] == [strategy] * 2
    if strategy is Strategy.BY_HAND:
        assert found == (LOST_COLUMN, Repair(strategy=strategy, reason="column t.c must be restored first"))


def test_what_is_read_or_granted_of_a_lost_column_waits_for_it() -> None:
    view, reader = a_view(" SELECT t.c\n   FROM t"), a_view(" SELECT v.a\n   FROM v", name="w")
    grant = a_privilege("GRANT SELECT (c) ON TABLE t TO app", parent="t.c")
    key = replace(a_constraint("FOREIGN KEY (a) REFERENCES t(c)", "u.k"), parent="u")
    other = replace(an_index("CREATE INDEX j ON u (c)", "j"), parent="u")
    waiting, expected = [view, reader, grant, key], reapplicable(("1", [*OBJECTS, view, reader, grant, key, other]))
    differences = [missing(each) for each in (COLUMN, *waiting, other)]
    lost, *found, free = choose_repairs(differences, expected, recorded={"1"})
    assert lost == LOST_COLUMN
    assert {each.reason for each in found} == {"column t.c must be restored first"}
    assert free.strategy is Strategy.SQL, "its script would also add the column"


def test_a_column_of_a_lost_table_waits_for_the_table() -> None:
    expected = reapplicable(("1", [a_table()]), ("2", [a_table(), COLUMN]))
    _, column = choose_repairs([missing(a_table()), missing(COLUMN, version="2")], expected, recorded={"1", "2"})
    assert column.reason == "table t must be restored first"


def test_a_lost_table_that_no_rerun_restores_can_only_be_restored() -> None:
    found = choose_repair(missing(a_table()), restored())
    assert (found.version, found.reason) == (None, "its rows are lost: restore it from a backup")


def test_a_script_is_not_run_again_before_one_that_would_create_a_lost_table() -> None:
    """The second migration changes the index of the first, and created the table."""
    before, after = (replace(an_index(f"CREATE INDEX i ON u ({each})"), parent="u") for each in "cd")
    expected = replace(
        an_expected_catalog(("1", [before]), ("2", [after, a_table()])),
        reapplicable=Reapplicable(missing=frozenset({after.identity})),
    )
    index, _ = choose_repairs([missing(after), missing(a_table(), version="2")], expected)
    assert index.strategy is Strategy.SQL


def test_a_pending_migration_is_simply_run() -> None:
    repairs = choose_repairs([missing(a_table()), missing(INDEX, version="2")], restored(), pending={"1"})
    assert [(each.strategy, each.version) for each in repairs] == [(Strategy.RERUN, "1"), (Strategy.SQL, None)]


def test_a_change_that_create_or_replace_rejects_is_not_fixed_by_a_rerun() -> None:
    function, view = a_function(), a_view()
    expected = restored(function, view)
    ways = [
        choose_repair(changed(wanted, found), expected).strategy
        for wanted, found in (
            (function, a_function(body="2")),
            (function, a_function(returns="text")),
            (view, a_view(" SELECT b AS a\n   FROM t")),
            (view, a_view(columns=["a text"])),
            (view, a_view(materialized=True)),
            (view, a_view(rules=["CREATE RULE r AS ON INSERT TO v DO INSTEAD NOTHING"])),
        )
    ]
    assert ways == [Strategy.RERUN, Strategy.SQL, Strategy.RERUN, Strategy.SQL, Strategy.SQL, Strategy.SQL]


def test_a_view_of_a_table_with_an_unexpected_column_is_made_from_its_definition() -> None:
    view = a_view(" SELECT c\n   FROM t", columns=["c text"])
    grant = a_privilege("GRANT SELECT ON TABLE v TO app", parent="v")
    expected = reapplicable(("1", [*OBJECTS, view, grant]))
    for extra, strategy in (("t.extra", Strategy.SQL), ("u.extra", Strategy.RERUN)):
        column = a_column(extra, table=extra[0])
        repairs = choose_repairs([missing(view), missing(grant)], expected, unexpected=[column])
        assert [each.strategy for each in repairs] == [strategy, strategy]


def test_a_view_that_does_not_name_all_columns_of_a_table_does_not_select_all_of_them() -> None:
    view = a_view(" SELECT c\n   FROM t", columns=["c text"])
    expected = reapplicable(("1", [*OBJECTS, a_column("t.d"), view]))
    [repair] = choose_repairs([missing(view)], expected, unexpected=[a_column("t.extra")])
    assert repair.strategy is Strategy.RERUN


@pytest.mark.parametrize(("version", "strategy"), [("1", Strategy.SQL), ("2", Strategy.RERUN)])
def test_a_script_is_not_run_again_that_replaces_another_view_of_a_table_with_an_unexpected_column(
    version: str, strategy: Strategy
) -> None:
    read = a_view(" SELECT c\n   FROM t", columns=["c text"])
    reader = a_view(" SELECT c\n   FROM v", columns=["c text"], name="w")
    first = [*OBJECTS, read, reader] if version == "1" else [*OBJECTS, read]
    expected = reapplicable(("1", first), ("2", [*OBJECTS, read, reader]))
    [repair] = choose_repairs([missing(reader, version=version)], expected, unexpected=[a_column("t.extra")])
    assert repair.strategy is strategy


@pytest.mark.parametrize(("is_missing", "strategy"), [(False, Strategy.RERUN), (True, Strategy.SQL)])
def test_a_script_does_not_replace_a_materialized_view_that_is_there(is_missing: bool, strategy: Strategy) -> None:
    view = a_view(" SELECT c\n   FROM t", columns=["c text"], materialized=True)
    expected = reapplicable(("1", [*OBJECTS, view]))
    differences = [missing(INDEX), *([missing(view)] if is_missing else [])]
    repairs = choose_repairs(differences, expected, unexpected=[a_column("t.extra")])
    assert {each.strategy for each in repairs} == {strategy}


def test_a_script_is_not_run_again_whose_view_reads_a_view_with_more_columns() -> None:
    read = a_view(" SELECT c\n   FROM t", columns=['"c d" text'])
    reader = a_view(' SELECT "c d"\n   FROM v', columns=['"c d" text'], name="w")
    wider = a_view(" SELECT c, e\n   FROM t", columns=['"c d" text', "e text"])
    expected = reapplicable(("1", [*OBJECTS, read]), ("2", [*OBJECTS, read, reader]))
    _, repair = choose_repairs([changed(read, wider), missing(reader, version="2")], expected)
    assert repair.strategy is Strategy.SQL


def reapplicable(*after: tuple[str, Iterable[CatalogObject]]) -> ExpectedCatalog:
    """Of which a rerun brings back everything that is missing."""
    found = an_expected_catalog(*after)
    return replace(found, reapplicable=Reapplicable(missing=frozenset(found.objects)))


def test_the_hazards_of_a_repair_are_its_statements_each_once() -> None:
    repair = choose_repair(changed(a_column(not_null=True), SHORT), restored())
    assert repair.hazards == (Hazard.ACCESS_EXCLUSIVE, Hazard.REWRITES, Hazard.READS_ALL, Hazard.MAY_FAIL)


def a_holder(
    name: str, kind: ObjectKind = ObjectKind.INDEX, *, schema: str | None = None, table: str | None = None
) -> OccupiedName:
    return OccupiedName(kind=kind, schema=schema, name=name, table=table)


@pytest.mark.parametrize(
    ("wanted", "holder", "reason"),
    [
        (a_table(), a_holder("t", ObjectKind.VIEW), "view t already has the required name: ask its owner about it"),
        (
            a_table(),
            a_holder("i", table="t_old"),
            "index i on t_old already has the required name (was the table renamed?): ask its owner about it",
        ),
        (
            INDEX,
            a_holder("i", table="u"),
            "index i on u already has the required name: ask its owner about it",
        ),
        (KEY, a_holder("k", table="u"), "index k on u already has the required name: ask its owner about it"),
    ],
)
def test_a_relation_that_already_has_the_name_prevents_the_repair(
    wanted: CatalogObject, holder: OccupiedName, reason: str
) -> None:
    repair = choose_repair(missing(wanted), restored(*OBJECTS), [holder], is_pending=True)
    assert repair == Repair(strategy=Strategy.BY_HAND, reason=reason)


@pytest.mark.parametrize(
    ("difference", "holder"),
    [
        (missing(INDEX), a_holder("j")),
        (missing(INDEX), a_holder("i", schema="s")),
        (missing(an_index("CREATE INDEX i ON s.t", schema=ODD)), a_holder("i")),
        (missing(a_trigger(name="t.i")), a_holder("i")),
        (changed(INDEX, an_index("CREATE INDEX i ON t (d)")), a_holder("i")),
        (missing(a_constraint("CHECK (true)", "t.i")), a_holder("i")),
    ],
    ids=["another name", "another schema", "the home schema", "no relation", "it is there", "no index of its own"],
)
def test_an_unrelated_name_is_no_conflict(difference: Difference, holder: OccupiedName) -> None:
    assert choose_repair(difference, restored(), [holder]).strategy is Strategy.SQL


GRANT = a_privilege("GRANT SELECT ON TABLE v TO app", parent="v")
ON_COLUMN = a_privilege("GRANT SELECT (c) ON TABLE t TO app", parent="t.c")


def test_parts_of_a_re_created_object_are_fixed_with_it() -> None:
    both = [changed(a_view(), a_view(columns=["a text"])), missing(GRANT)]
    anew, grant = choose_repairs(both, an_expected_catalog(("1", [a_view(), GRANT])))
    assert told(anew.statements)[-1] == "late: GRANT SELECT ON TABLE v TO app"
    assert grant == Repair(strategy=Strategy.SQL, reason="re-created with view v")


def test_parts_of_a_replaced_object_are_fixed_separately() -> None:
    both = [changed(a_view(), a_view(" SELECT b AS a\n   FROM t")), missing(GRANT)]
    assert [len(each.statements) for each in choose_repairs(both, restored())] == [1, 1]


def test_parts_of_a_column_are_fixed_separately_even_if_its_views_are_re_created() -> None:
    reader = a_view(" SELECT t.c\n   FROM t")
    both = [changed(COLUMN, SHORT), missing(ON_COLUMN)]
    facts = {COLUMN.identity: RepairFacts(dependents=(Dependent(identity=reader.identity, description="view v"),))}
    column, grant = choose_repairs(both, an_expected_catalog(("1", [COLUMN, ON_COLUMN, reader])), facts=facts)
    assert Hazard.LOSES_GRANTS in column.hazards
    assert told(grant.statements) == ["late: GRANT SELECT (c) ON TABLE t TO app"]


def test_parts_of_an_object_that_needs_a_person_need_a_person_too() -> None:
    both = [changed(a_table(form="partitioned"), a_table()), missing(INDEX)]
    table, index = choose_repairs(both, restored(INDEX))
    assert table.strategy is Strategy.BY_HAND
    assert index == Repair(strategy=Strategy.BY_HAND, reason="table t must be fixed first")


def test_a_condition_of_another_type_makes_room_for_its_columns_type() -> None:
    column, check = a_column(type="e"), a_constraint("CHECK ((c = 'a'::e))", name="t.k")
    text = [a_column(type="text"), a_constraint("CHECK ((c = 'a'::text))", name="t.k")]
    both = [changed(column, text[0]), changed(check, text[1])]
    repair, _ = choose_repairs(both, an_expected_catalog(("1", [a_table(), column, check])))
    assert [each.text for each in repair.statements] == [
        "ALTER TABLE t DROP CONSTRAINT k",
        "ALTER TABLE t ALTER COLUMN c TYPE e USING c::e",
        "ALTER TABLE t ADD CONSTRAINT k CHECK ((c = 'a'::e))",
    ]


def test_a_column_of_a_partition_key_keeps_its_type_until_a_person_changes_it() -> None:
    column, table = a_column(type="integer"), a_table(form="partitioned", partition_key="RANGE (c)")
    [repair] = choose_repairs([changed(column, a_column(type="bigint"))], an_expected_catalog(("1", [table, column])))
    reason = "it is part of the partition key: re-create the table and copy its rows"
    assert repair == Repair(strategy=Strategy.BY_HAND, reason=reason)


def test_a_view_on_one_that_needs_a_person_needs_a_person_too() -> None:
    read, reader = a_view(name="w"), a_view(" SELECT w.a\n   FROM w")
    both = [changed(reader, a_view(" SELECT w.b AS a\n   FROM w")), changed(read, a_view(columns=["b text"], name="w"))]
    facts = {read.identity: RepairFacts(dependents=(Dependent(identity=None, description="view mine"),))}
    first, second = choose_repairs(both, an_expected_catalog(("1", [read, reader])), facts=facts)
    assert second.strategy is Strategy.BY_HAND
    assert first == Repair(strategy=Strategy.BY_HAND, reason="view w must be fixed first")


def test_a_sequence_comes_with_the_identity_of_its_column() -> None:
    column, sequence = a_column(type="bigint", not_null=True, identity="a"), a_sequence()
    expected = an_expected_catalog(("1", [a_table(), column, sequence]))
    for found in (missing(column), changed(column, a_column(type="bigint", not_null=True))):
        assert choose_repairs([missing(sequence), found], expected)[0].statements == ()
    assert len(choose_repairs([missing(sequence)], expected)[0].statements) == 1


def test_a_primary_key_of_another_name_is_not_touched() -> None:
    other = a_constraint("PRIMARY KEY (c)", name="t.other")
    [repair] = choose_repairs([missing(KEY)], restored(), unexpected=[other])
    reason = "the table has a primary key of another name, other: ask its owner about it"
    assert repair == Repair(strategy=Strategy.BY_HAND, reason=reason)
