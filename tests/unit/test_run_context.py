"""The state that a run's steps share."""

import pytest
from fixtures.manifests import linear_manifest
from unit.literals import a_manifest, a_migration, a_seed, a_tenant, an_environment, an_expected_catalog

from pgfleet.errors import NoExpectedCatalog, ScratchUnavailable
from pgfleet.manifest.model import Count
from pgfleet.run.context import Granularity, Replay, RunContext

MANIFEST = a_manifest(
    a_migration("1"), a_migration("2", name="two"), seeds=[a_seed()], counts=[Count(table="one", may_shrink=False)]
)
ENVIRONMENT = an_environment(a_tenant("acme"), a_tenant("globex"))


@pytest.fixture
def context() -> RunContext:
    return RunContext(MANIFEST, ENVIRONMENT, run="run-7")


def test_everything_is_found_by_its_name(context: RunContext) -> None:
    assert context.tenant("globex") is ENVIRONMENT.tenants[1]
    assert context.migration("2") is MANIFEST.migrations[1]
    assert context.seed("rules") is MANIFEST.seeds[0]
    assert context.count("one") is MANIFEST.counts[0]


def test_a_granularity_is_chosen_by_its_word() -> None:
    assert tuple(map(Granularity, ("auto", "step", "tenant"))) == tuple(Granularity)


def test_the_expected_catalog_depends_on_the_major_version(context: RunContext) -> None:
    old, new = an_expected_catalog(), an_expected_catalog()
    context.expectations = {Replay(16, "public"): old, Replay(17, "public"): new}
    assert context.expected(16, "public") is old
    assert context.expected(17, "public") is new


def test_why_it_could_not_be_found_out_is_raised_again_for_each_tenant(context: RunContext) -> None:
    why = ScratchUnavailable("db1:5432", "permission denied")
    context.expectations = {Replay(16, "public"): why}
    for _ in range(2):
        with pytest.raises(ScratchUnavailable) as caught:
            context.expected(16, "public")
        assert caught.value is why


def test_a_server_of_an_unsurveyed_version_is_an_error(context: RunContext) -> None:
    context.expectations = {Replay(16, "public"): an_expected_catalog()}
    with pytest.raises(NoExpectedCatalog) as caught:
        context.expected(18, "public")
    assert str(caught.value) == "no PostgreSQL 18 server answered when the run started; audit the tenant again"


@pytest.mark.parametrize("home", ["s", "S x", "my-app", "a.b", 'odd "home', "-"])
def test_a_home_schema_of_any_name_may_be_missing_if_the_manifest_creates_it(home: str) -> None:
    quoted = home.replace('"', '""')
    manifest = linear_manifest(f'CREATE SCHEMA IF NOT EXISTS "{quoted}"; CREATE TABLE "{quoted}".t (id int)')
    context = RunContext(manifest, ENVIRONMENT, run="run-7")
    assert context.creates_schema(home)
    assert not context.creates_schema(f"{home} too")
