"""A manifest is valid, or rejected with one line that names the file and the key."""

import pytest

from pgfleet.errors import ManifestError
from pgfleet.hazards.codes import HazardCode
from pgfleet.manifest.checksums import script_checksum
from pgfleet.manifest.model import Check, Count, Impact, Manifest, Migration, Priority, Script, Seed
from pgfleet.manifest.parse import build_manifest, parse_document

ONE = """\
format = 1

[[migrations]]
file = "1_one.sql"
priority = "P0"
provides = "the first"
"""

TWO = """
[[migrations]]
file = "2_two.sql"
priority = "P1"
provides = "the second"
"""

CHECK = """
[[migrations.checks]]
name = "tables"
query = "SELECT 'one'"
returns = [["one"]]
"""

SEED = """
[[seeds]]
name = "rules"
file = "seed.sql"
requires = "1"
table = "one"
key = ["id"]
"""

COUNT = """
[[counts]]
table = "one"
"""

CONTRACT = """
[[contracts]]
consumer = "worker"
file = "worker.sql"
priority = "P1"
"""

SCRIPTS = {
    "1_one.sql": "CREATE TABLE one (id integer);",
    "2_two.sql": "CREATE TABLE two (id integer);",
    "seed.sql": "INSERT INTO one (id) VALUES (1);",
    "worker.sql": "-- name: fetch\nSELECT id FROM one WHERE id = $1;",
}


def read(text: str, scripts: dict[str, str] | None = None) -> Manifest:
    document = parse_document(text, file="manifest.toml")
    return build_manifest(document, SCRIPTS if scripts is None else scripts, file="manifest.toml")


def refusal(text: str, scripts: dict[str, str] | None = None) -> ManifestError:
    with pytest.raises(ManifestError) as caught:
        read(text, scripts)
    return caught.value


def test_everything_that_is_written_is_in_the_manifest() -> None:
    text = """\
format = 1
equivalent_defaults = [["a()", "b()", "c()"]]

[[migrations]]
file = "sql/1_one.sql"
priority = "P0"
provides = "  the first  "

[[migrations.without]]
service = "worker"
breaks = "nothing is queued"

[[migrations]]
file = "2_two.sql"
priority = "P1"
provides = "the second"
requires = ["1"]
transactional = false

[[migrations.checks]]
name = "indexes"
query = "SELECT 'two', true, 1, 1.5"
returns = [["two", true, 1, 1.5]]

[[seeds]]
name = "rules"
file = "seed.sql"
requires = "1"
table = "one"
key = ["id", "name"]
ignores = ["created_at"]

[[counts]]
table = "one"

[[counts]]
table = "two"
may_shrink = true
"""
    one, two, seed = "CREATE TABLE one ();", "CREATE INDEX CONCURRENTLY i ON one (id);", "INSERT INTO one VALUES (1);"
    manifest = read(text, {"sql/1_one.sql": one, "2_two.sql": two, "seed.sql": seed})
    assert manifest == Manifest(
        checksum=manifest.checksum,
        migrations=(
            Migration(
                version="1",
                key="1",
                script=Script(path="sql/1_one.sql", sql=one, checksum=script_checksum(one), text=one),
                priority=Priority.P0,
                provides="the first",
                impacts=(Impact(service="worker", breaks="nothing is queued"),),
                requires=(),
                transactional=True,
                checks=(),
            ),
            Migration(
                version="2",
                key="2",
                script=Script(path="2_two.sql", sql=two, checksum=script_checksum(two), text=two),
                priority=Priority.P1,
                provides="the second",
                impacts=(),
                requires=("1",),
                transactional=False,
                checks=(Check(name="indexes", query="SELECT 'two', true, 1, 1.5", returns=(("two", True, 1, 1.5),)),),
            ),
        ),
        seeds=(
            Seed(
                name="rules",
                script=Script(path="seed.sql", sql=seed, checksum=script_checksum(seed), text=seed),
                requires="1",
                table="one",
                key=("id", "name"),
                ignores=("created_at",),
            ),
        ),
        counts=(Count(table="one", may_shrink=False), Count(table="two", may_shrink=True)),
        equivalent_defaults=(("a()", "b()", "c()"),),
    )
    assert manifest.migrations[0].file == "1_one.sql"
    assert manifest.stand_ins == {"a()": "a()", "b()": "a()", "c()": "a()"}


def test_expected_cells_keep_their_types() -> None:
    manifest = read(ONE + CHECK.replace('["one"]', '[true, 1, 1.0, "1"]'))
    [[row]] = [check.returns for check in manifest.migrations[0].checks]
    assert [type(cell) for cell in row] == [bool, int, float, str]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param("format = ", "is not valid TOML: Invalid value (at end of document)", id="not TOML"),
        pytest.param(
            "format = 1\nformat = 1\n",
            "is not valid TOML: Cannot overwrite a value (at line 2, column 11)",
            id="a key twice",
        ),
        pytest.param("title = 1\n" + ONE, "title: unknown key", id="unknown key at the top"),
        pytest.param(
            ONE + TWO + "require = []",
            "migrations[1].require: unknown key; did you mean 'requires'?",
            id="unknown key of an entry",
        ),
        pytest.param(
            ONE + 'allows = ["DELETE_DATA"]',
            f"migrations[0].allows[0]: is not a hazard's code; the codes are {', '.join(HazardCode)}",
            id="unknown code of a hazard",
        ),
        pytest.param(
            ONE + CHECK + "expects = 1",
            "migrations[0].checks[0].expects: unknown key",
            id="unknown key of a check",
        ),
        pytest.param(
            ONE.replace("file =", "fil ="),
            "migrations[0].fil: unknown key; did you mean 'file'?",
            id="a misspelt key is told, not that the right one is missing",
        ),
        pytest.param(ONE.replace("format = 1", ""), "format: missing", id="no format"),
        pytest.param(ONE.replace("= 1", "= 3", 1), "format: must be 1 or 2", id="another format"),
        pytest.param(ONE.replace('file = "1_one.sql"', ""), "migrations[0].file: missing", id="missing key"),
        pytest.param(ONE.replace("the first", "  "), "migrations[0].provides: must not be empty", id="blank text"),
        pytest.param(ONE.replace("P0", "P2"), "migrations[0].priority: must be 'P0' or 'P1'", id="unknown priority"),
        pytest.param(
            ONE + 'transactional = "no"',
            "migrations[0].transactional: must be true or false",
            id="text for a boolean",
        ),
        pytest.param(
            ONE + '[[migrations.without]]\nservice = "worker"',
            "migrations[0].without[0].breaks: missing",
            id="impact without its effect",
        ),
        pytest.param(
            SEED.join((ONE, "")).replace('["id"]', "[]"),
            "seeds[0].key: must have 1 or more entries",
            id="seed without a key",
        ),
        pytest.param(
            'equivalent_defaults = [["a()"]]\n' + ONE,
            "equivalent_defaults[0]: must have 2 or more entries",
            id="equivalent to nothing",
        ),
    ],
)
def test_a_document_of_the_wrong_form_is_refused(text: str, line: str) -> None:
    assert str(refusal(text)) == f"manifest.toml: {line}"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(
            ONE.replace("1_one.sql", "1_none.sql"),
            "migrations[0].file: '1_none.sql' does not exist; paths are relative to the manifest's folder",
            id="missing file of a migration",
        ),
        pytest.param(
            ONE + SEED.replace("seed.sql", "sow.sql"),
            "seeds[0].file: 'sow.sql' does not exist; paths are relative to the manifest's folder",
            id="missing file of a seed",
        ),
        pytest.param(
            ONE.replace("1_one.sql", "seed.sql"),
            "migrations[0].file: 'seed.sql' does not start with a version "
            "(0001_, V1.2__, 2024-01-01-000000_); rename it, or set version",
            id="no version",
        ),
        pytest.param(
            ONE + 'version = "1 one"',
            "migrations[0].version: must not be empty or contain spaces",
            id="version with a space",
        ),
        pytest.param(
            ONE.replace("1_one.sql", "1_one.SQL"),
            "migrations[0].file: must be a relative path with / that ends in .sql",
            id="file of another kind",
        ),
        pytest.param(
            ONE + TWO.replace("2_two.sql", "1_one.sql"),
            "migrations[1].file: '1_one.sql' has version 1, as '1_one.sql' has; set another version for one of them",
            id="duplicate version",
        ),
        pytest.param(
            ONE + 'requires = ["7"]',
            "migrations[0].requires: '7' is not a migration of this manifest",
            id="unknown requirement",
        ),
        pytest.param(
            ONE + 'requires = ["2"]' + TWO,
            "migrations[0].requires: '2' comes later; a migration can require only earlier ones",
            id="requirement that comes later",
        ),
        pytest.param(
            ONE + 'requires = ["1"]',
            "migrations[0].requires: '1' comes later; a migration can require only earlier ones",
            id="requirement of itself",
        ),
        pytest.param(
            ONE + SEED.replace('"1"', '"7"'),
            "seeds[0].requires: '7' is not a migration of this manifest",
            id="unknown requirement of a seed",
        ),
        pytest.param(
            ONE + CHECK.replace('[["one"]]', "[]"),
            "migrations[0].checks[0].returns: "
            "is empty, so the check could never fail; list the rows that the query must return",
            id="a check that expects no rows",
        ),
        pytest.param(
            ONE + CHECK.replace('[["one"]]', "[[]]"),
            "migrations[0].checks[0].returns: "
            "is empty, so the check could never fail; list the rows that the query must return",
            id="a check that expects an empty row",
        ),
        pytest.param(
            ONE + CHECK.replace('[["one"]]', '[["one"], ["one", "two"]]'),
            "migrations[0].checks[0].returns: contains rows of different lengths",
            id="a check that expects rows of different lengths",
        ),
        pytest.param(
            ONE + CHECK.replace("SELECT 'one'", "SELEC 'one'"),
            'migrations[0].checks[0].query: does not parse, at line 1 column 1: syntax error at or near "SELEC"',
            id="a check that does not parse",
        ),
        pytest.param(
            ONE + CHECK.replace("SELECT 'one'", "DELETE FROM one"),
            "migrations[0].checks[0].query: must be a single SELECT",
            id="a check that changes something",
        ),
        pytest.param(
            ONE + CHECK.replace("SELECT 'one'", "SELECT 1; SELECT 2"),
            "migrations[0].checks[0].query: must be a single SELECT",
            id="a check of two statements",
        ),
        pytest.param(
            ONE + CHECK + CHECK,
            "migrations[0].checks[1].name: 'tables' appears twice",
            id="two checks of one name",
        ),
        pytest.param(ONE + SEED + SEED, "seeds[1].name: 'rules' appears twice", id="two seeds of one name"),
        pytest.param(ONE + COUNT + COUNT, "counts[1].table: 'one' appears twice", id="a table counted twice"),
    ],
)
def test_a_manifest_that_contradicts_itself_is_refused(text: str, line: str) -> None:
    assert str(refusal(text)) == f"manifest.toml: {line}"


SYNTAX = 'does not parse, at line 2 column 14: syntax error at or near "FROM"'
TRANSACTION = "controls a transaction, at line 1, which pgfleet does itself; remove BEGIN, COMMIT, and the like"
OUTSIDE = "cannot run in a transaction, at line 1; set transactional = false for it"


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        pytest.param("SELECT 'ü';\nSELECT 'ü' , FROM one;", SYNTAX, id="does not parse"),
        pytest.param("CREATE TABLE one (", "does not parse: syntax error at end of input", id="ends too soon"),
        pytest.param("CREATE TABLE one (); COMMIT;", TRANSACTION, id="COMMIT inside"),
        pytest.param("CREATE INDEX CONCURRENTLY i ON one (id);", OUTSIDE, id="CREATE INDEX CONCURRENTLY"),
    ],
)
def test_a_transactional_script_that_cannot_be_run_is_refused(sql: str, problem: str) -> None:
    assert str(refusal(ONE, {"1_one.sql": sql})) == f"manifest.toml: migrations[0].file: '1_one.sql' {problem}"


def test_a_non_transactional_script_may_contain_several_statements() -> None:
    scripts = {"1_one.sql": "CREATE INDEX CONCURRENTLY i ON one (id); SELECT 1;"}
    [migration] = read(ONE + "transactional = false", scripts).migrations
    assert (migration.transactional, migration.script.sql) == (False, scripts["1_one.sql"])


def test_a_migration_may_do_nothing() -> None:
    [migration] = read(ONE, {"1_one.sql": "-- nothing yet\n"}).migrations
    assert (migration.transactional, migration.script.sql) == (True, "-- nothing yet\n")


@pytest.mark.parametrize(
    ("sql", "problem"), [("COMMIT", TRANSACTION), ("VACUUM one", OUTSIDE), ("-- later", "contains no statement")]
)
def test_a_seed_is_transactional_and_does_something(sql: str, problem: str) -> None:
    error = refusal(ONE + SEED, {**SCRIPTS, "seed.sql": sql})
    assert str(error) == f"manifest.toml: seeds[0].file: 'seed.sql' {problem}"


@pytest.mark.parametrize("path", ["/1_one.sql", "1_one.txt", "..\\1_one.sql", ""])
def test_a_script_is_named_by_a_relative_path_that_ends_in_sql(path: str) -> None:
    error = refusal(ONE.replace("1_one.sql", path.replace("\\", "\\\\")))
    assert (error.file, error.key) == ("manifest.toml", "migrations[0].file")


@pytest.mark.parametrize(
    ("cell", "key"),
    [
        pytest.param("1979-05-27", "migrations[0].checks[0].returns[0][0]", id="a date"),
        pytest.param("['a']", "migrations[0].checks[0].returns[0][0]", id="a list"),
        pytest.param("'a', {}", "migrations[0].checks[0].returns[0][1]", id="a table"),
    ],
)
def test_the_key_of_a_wrong_cell_is_its_position(cell: str, key: str) -> None:
    assert refusal(ONE + CHECK.replace('"one"', cell)).key == key


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(ONE + '"a\\nb" = 1', id="in a key"),
        pytest.param(ONE.replace("1_one.sql", "1_\\none.sql"), id="in a path"),
        pytest.param(ONE + CHECK.replace('"tables"', '"a\\nb"'), id="in a name"),
    ],
)
def test_a_line_end_within_the_manifest_leaves_the_message_one_line(text: str) -> None:
    assert len(str(refusal(text)).splitlines()) == 1


def test_the_manifest_may_name_the_product_and_its_checksum_does_not_change() -> None:
    named, unnamed = read('product = " AI assistant "\n' + ONE), read(ONE)
    assert (named.product, unnamed.product) == ("AI assistant", None)
    assert named.checksum == unnamed.checksum


def test_a_contract_is_in_the_manifest() -> None:
    [contract] = read(ONE + CONTRACT).contracts
    assert (contract.consumer, contract.priority, contract.script.path) == ("worker", Priority.P1, "worker.sql")
    assert [(each.name, each.parameters, str(each.place)) for each in contract.statements] == [
        ("fetch", 1, "worker.sql, line 2 column 1")
    ]


@pytest.mark.parametrize(
    ("text", "scripts", "line"),
    [
        pytest.param(
            CONTRACT + CONTRACT,
            {},
            "contracts[1].consumer: 'worker' appears twice",
            id="a consumer that is there twice",
        ),
        pytest.param(
            CONTRACT.replace("worker.sql", "gone.sql"),
            {},
            "contracts[0].file: 'gone.sql' does not exist; paths are relative to the manifest's folder",
            id="a file that is not there",
        ),
        pytest.param(
            CONTRACT,
            {"worker.sql": "SELECT 1"},
            "contracts[0].file: 'worker.sql' contains a statement without a name, at line 1; "
            "add '-- name: …' on the line before it",
            id="a statement without a name",
        ),
        pytest.param(CONTRACT.replace('"P1"', '"P2"'), {}, "contracts[0].priority: must be 'P0' or 'P1'", id="P2"),
        pytest.param(CONTRACT + 'role = "app"\n', {}, "contracts[0].role: unknown key", id="an unknown key"),
    ],
)
def test_a_wrong_contract_is_refused(text: str, scripts: dict[str, str], line: str) -> None:
    assert str(refusal(ONE + text, {**SCRIPTS, **scripts})) == f"manifest.toml: {line}"
