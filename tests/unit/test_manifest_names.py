"""The version and the title in a script's name."""

import pytest

from pgfleet.manifest.names import ScriptName, natural_order, read_name


@pytest.mark.parametrize(
    ("path", "version", "title"),
    [
        ("20250315_create_tables.sql", "20250315", "create tables"),
        ("migrations/20250330000000_create_logs.sql", "20250330000000", "create logs"),
        ("7_folder/42_a_b.sql", "42", "a b"),
        ("007_bond.sql", "007", "bond"),
        ("0001-users.sql", "0001", "users"),
        ("0001-2fa.sql", "0001", "2fa"),
        ("20250315.sql", "20250315", ""),
        ("1.2_users.sql", "1.2", "users"),
        ("000001_users.up.sql", "000001", "users"),
        ("V1__a.sql", "1", "a"),
        ("V1.10__a_b.sql", "1.10", "a b"),
        ("V1_2__a.sql", "1.2", "a"),
        ("2024-01-15-users.sql", "2024-01-15", "users"),
        ("v1_one.sql", "", "v1 one"),
        ("_one.sql", "", "one"),
        ("one.sql", "", "one"),
        ("²_superscript.sql", "", "² superscript"),
        ("٣_arabic.sql", "", "٣ arabic"),
        ("1a_one.sql", "", "1a one"),
        ("up.sql", "", "up"),
    ],
)
def test_a_name_has_a_version_and_a_title(path: str, version: str, title: str) -> None:
    assert read_name(path) == ScriptName(version=version, title=title)


@pytest.mark.parametrize(
    ("path", "version"),
    [
        ("2024-01-01-000000_users/up.sql", "2024-01-01-000000"),
        ("m/20240101000000_users/migration.sql", "20240101000000"),
    ],
)
def test_a_script_in_a_folder_of_its_own_has_the_folders_version(path: str, version: str) -> None:
    assert read_name(path) == ScriptName(version=version, title="users", shown_folders=1)


def test_a_repeatable_script_has_its_name_as_the_version() -> None:
    assert read_name("sql/R__all_views.sql") == ScriptName(version="R__all_views", title="all views", repeatable=True)


def test_numbers_in_names_are_compared_by_value() -> None:
    names = ["10_a", "9_b", "1.10", "1.9", "009_a", "a", "2024-02", "2024-10"]
    assert sorted(names, key=natural_order) == ["1.9", "1.10", "009_a", "9_b", "10_a", "2024-02", "2024-10", "a"]
