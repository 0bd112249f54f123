"""The page of the walkthrough is what its commands print, and the commands of the guides run on its fleet."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import psycopg
import pytest
from fixtures.command import run_here
from unit.test_docs import FENCED
from unit.test_docs_guides import pages_of, shell_commands

from pgfleet.postgres.embedded.cluster import Cluster

DOCS = Path(__file__).parents[2] / "docs"
ELSEWHERE = {"manifest check": "test_manifest_check.py", "up": "test_up.py", "automations": "test_automations.py"}
"""Commands that take long or do not end, and the tests that run them."""
OURS = {
    "20250401": "003",
    "20250328": "003",
    "/var/lib/prometheus/node-exporter/pgfleet-prod.prom": "pgfleet-prod.prom",
}
"""What the fleet of the walkthrough has in place of words in the guides."""
ASKS = {"rollout", "adopt", "revert", "repair"}
DOWN = "ALTER TABLE customers ADD COLUMN fax text;"


@pytest.fixture(scope="module")
def walkthrough() -> ModuleType:
    spec = spec_from_file_location("walkthrough", DOCS / "walkthrough" / "walkthrough.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop:
    """The walkthrough's fleet, once all commands of its page have run."""

    cluster: Cluster
    folder: Path
    page: str


@pytest.fixture(scope="module")
def shop(walkthrough: ModuleType, prefect_api: str) -> Iterator[Shop]:
    with pytest.MonkeyPatch.context() as patch, walkthrough.shop() as (cluster, folder):
        patch.setenv("PREFECT_API_URL", prefect_api)
        page = folder / "page.md"
        walkthrough.write_page(page, cluster, folder, run_here)
        yield Shop(cluster=cluster, folder=folder, page=page.read_text(encoding="utf-8"))


def test_the_walkthrough_is_current(shop: Shop) -> None:
    assert shop.page == (DOCS / "walkthrough.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def fleet(shop: Shop, walkthrough: ModuleType) -> Path:
    """The fleet file of the guides: its environments are the shop, in which one more index has drifted since.

    The latest migration has a down script.
    """
    with psycopg.connect(shop.cluster.dsn("acme", "acme"), autocommit=True) as connection:
        connection.execute(walkthrough.DRIFT)
    text = (shop.folder / "fleet.toml").read_text(encoding="utf-8")
    text = text.replace('ring = "canary"', 'ring = "canary"\nlabels = {region = "eu"}')
    prod, staging = (text.replace("environments.shop", f"environments.{name}") for name in ("prod", "staging"))
    (shop.folder / "guides.toml").write_text(f"{prod}\n{staging}", encoding="utf-8")
    (shop.folder / "down.sql").write_text(DOWN, encoding="utf-8")
    with (shop.folder / "manifest.toml").open("a", encoding="utf-8") as manifest:
        manifest.write('revert = "down.sql"\n')
    return shop.folder / "guides.toml"


def commands_of(page: Path) -> list[list[str]]:
    """The arguments of the page's pgfleet commands in blocks marked `sh`."""
    blocks = [text for _, name, text in FENCED.findall(page.read_text(encoding="utf-8")) if name == "sh"]
    words = [each for block in blocks for each in shell_commands(block)]
    assert {first for first, *_ in words} <= {"pgfleet"}, "commands of other programs are in blocks marked bash"
    return [arguments for _, *arguments in words]


def as_run(arguments: Sequence[str], dsn: str) -> list[str]:
    """The command for the shop: it agrees to everything, and an audit runs without Prefect, which takes longer."""
    found = [OURS.get(each, dsn if each.startswith("host=") else each) for each in arguments]
    if found[0] in ASKS and not {"--yes", "--dry-run"} & {*found}:
        found.append("--yes")
    if found[0] == "audit" and not {"--local", "--dsn"} & {*found}:
        found.append("--local")
    return found


@pytest.mark.parametrize(
    "page", [each for each in pages_of("How-to guides") if commands_of(each)], ids=lambda each: each.stem
)
def test_the_commands_of_a_guide_run(page: Path, shop: Shop, fleet: Path, tmp_path: Path) -> None:
    shutil.copytree(DOCS / "walkthrough" / "migrations", tmp_path / "db" / "migrations")
    login = f"passfile={shop.folder / 'passfile'} user=acme"
    dsn = f"host=127.0.0.1 port={shop.cluster.port} dbname=acme {login}"
    for arguments in commands_of(page):
        if found := {" ".join(arguments[:length]) for length in (1, 2)} & ELSEWHERE.keys():
            assert (Path(__file__).parent / ELSEWHERE[found.pop()]).exists()
            continue
        command = ["pgfleet", *as_run(arguments, dsn)]
        variables = {"PGFLEET_CONFIG": str(fleet), "PGFLEET_MANIFEST": "", "PGFLEET_STATE": str(shop.folder / "state")}
        done = run_here(command, tmp_path, **variables)
        errors = [line for line in done.stderr.splitlines() if line.startswith("pgfleet: ")]
        assert (done.returncode in {0, 1}, errors) == (True, []), command
