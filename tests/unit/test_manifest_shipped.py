"""The shipped manifest matches the user's migration audit and contains every script."""

import pytest

from pgfleet.manifest.model import Manifest, Migration
from pgfleet.run.files import load_manifest
from pgfleet.run.shipped import sql_folder

ORDER = (
    ("20250315", "20250315_create_ai_assistant_tables.sql", "P0", ()),
    ("20250328", "20250328_add_conversation_summary.sql", "P0", ("20250315",)),
    ("20250330", "20250330_add_ai_conversation_reflections.sql", "P0", ("20250315",)),
    ("20250321", "20250321_create_skill_workflow_tables.sql", "P1", ()),
    ("20250330000000", "20250330000000_create_agent_event_logs.sql", "P1", ()),
    ("20250331", "20250331_create_ai_guardrails_schema.sql", "P0", ()),
    ("20250401", "20250401_add_policy_rule_company_lists.sql", "P0", ("20250331",)),
)

SHIPPED = load_manifest(sql_folder() / "manifest.toml")


@pytest.fixture
def manifest() -> Manifest:
    return SHIPPED


def test_migrations_stand_in_the_audits_order_with_their_priorities_and_needs(manifest: Manifest) -> None:
    assert tuple((each.version, each.file, each.priority, each.requires) for each in manifest.migrations) == ORDER


@pytest.mark.parametrize("folder", ["migrations", "seeds", "contracts"])
def test_every_script_of_the_folder_is_named_exactly_once(manifest: Manifest, folder: str) -> None:
    named = [each.script.path for each in (*manifest.migrations, *manifest.seeds, *manifest.contracts)]
    present = [f"{folder}/{path.name}" for path in (sql_folder() / folder).iterdir()]
    assert sorted(path for path in named if path.startswith(f"{folder}/")) == sorted(present)


@pytest.mark.parametrize("migration", SHIPPED.migrations, ids=lambda each: each.version)
def test_a_migration_has_checks_and_impacts(migration: Migration) -> None:
    assert migration.checks
    assert migration.impacts


@pytest.mark.parametrize("migration", SHIPPED.migrations, ids=lambda each: each.version)
def test_what_people_read_is_one_line(migration: Migration) -> None:
    prose = [migration.provides, *(f"{each.service}: {each.breaks}" for each in migration.impacts)]
    assert [" ".join(text.split()) for text in prose] == prose


def test_the_seed_is_the_policy_rules(manifest: Manifest) -> None:
    [seed] = manifest.seeds
    assert (seed.name, seed.script.path, seed.requires) == ("policy_rules", "seeds/policy_rules_seed.sql", "20250331")
    assert (seed.table, seed.key) == ("ai_guardrails.policy_rules", ("name",))
    assert set(seed.ignores) == {"created_at", "updated_at"}


def test_the_contracts_are_what_the_consumers_are_known_to_run(manifest: Manifest) -> None:
    assert {each.consumer: (each.priority, len(each.statements)) for each in manifest.contracts} == {
        "ConversationManager (Python agent)": ("P0", 10),
        "ConversationManager (Node backend)": ("P0", 13),
        "task queue worker (Node and Python)": ("P0", 5),
        "AgentSkillLibraryService": ("P1", 4),
        "AgentAnalyticsLogger": ("P1", 1),
        "policy_engine (planner service)": ("P0", 1),
    }


def test_a_consumer_is_named_as_where_the_migrations_say_who_suffers(manifest: Manifest) -> None:
    services = {impact.service for migration in manifest.migrations for impact in migration.impacts}
    assert {each.consumer for each in manifest.contracts} <= services


def test_the_counted_tables_hold_conversations_and_may_not_shrink(manifest: Manifest) -> None:
    assert [(each.table, each.may_shrink) for each in manifest.counts] == [
        ("ai_conversations", False),
        ("ai_messages", False),
    ]


def test_the_two_generated_ids_are_equivalent(manifest: Manifest) -> None:
    assert set(manifest.stand_ins) == {"gen_random_uuid()", "uuid_generate_v4()"}
    assert set(manifest.stand_ins.values()) == {"gen_random_uuid()"}
