"""Under which name of the home schema a manifest is replayed."""

import pytest
from fixtures.manifests import linear_manifest

from pgfleet.manifest.home_schema import creates_schema, replay_home, words_of


@pytest.mark.parametrize(
    ("script", "home", "name"),
    [
        ("CREATE TABLE t (a int)", "public", "public"),
        ("CREATE TABLE t (a int)", "acme", "public"),
        ("CREATE TABLE acme.t (a int)", "acme", "acme"),
        ('CREATE TABLE "Acme".t (a int)', "Acme", "Acme"),
        ('CREATE TABLE "the-tenant".t (a int)', "the-tenant", "the-tenant"),
        ("CREATE TABLE t (a int)", "the-tenant", "public"),
        ("DO $$ BEGIN EXECUTE 'CREATE TABLE acme.t (a int)'; END $$", "acme", "acme"),
        ("CREATE TABLE public.t (a int)", "acme", "pgfleet_home"),
        ("CREATE TABLE public.t (a int)", "public", "public"),
    ],
)
def test_a_schema_that_scripts_name_keeps_its_name(script: str, home: str, name: str) -> None:
    assert replay_home(home, words_of(linear_manifest(script))) == name


def test_the_schemas_that_a_manifest_creates() -> None:
    migrations = linear_manifest("SELECT 1", 'CREATE SCHEMA IF NOT EXISTS "S"').migrations
    assert creates_schema(migrations, "S")
    assert not creates_schema(migrations, "s")
    assert not creates_schema(migrations, "public")
