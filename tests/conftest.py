"""Fixtures by topic."""

import gc
import os
import signal
from pathlib import Path

import pytest

# A shell starts background jobs with SIGINT ignored, and the commands that tests interrupt would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
# With the default of 700, the collector looks at Prefect's modules and thousands of tests again and again, which is a
# quarter of the processor time of the unit tests. While they are collected, it hardly ever looks.
gc.set_threshold(1_000_000)
# Prefect makes an SSL context for each of its clients, which is one for each task run. With the certificates of all
# authorities a context takes 40 ms of processor time; no test uses TLS to reach Prefect.
for name in ("SSL_CERT_FILE", "PREFECT_API_SSL_CERT_FILE"):
    os.environ[name] = str(Path(__file__).parent / "fixtures" / "authority.pem")
# Otherwise each client first asks the server for a token, and is told that the server wants none.
os.environ["PREFECT_CLIENT_CSRF_SUPPORT_ENABLED"] = "false"

pytest_plugins = [
    "fixtures.shared",
    "fixtures.schemas",
    "fixtures.system_packages",
    "fixtures.browser",
    "fixtures.servers",
    "fixtures.pooler",
    "fixtures.tls",
    "fixtures.everything",
    "fixtures.kept_databases",
    "fixtures.hypothesis",
    "fixtures.fleet",
    "fixtures.command",
    "fixtures.prefect_server",
    "fixtures.prefect",
    "fixtures.proxy",
    "fixtures.rollout",
    "fixtures.hostile",
    "fixtures.standby",
    "fixtures.workers",
    "fixtures.automations",
    "fixtures.wheel",
]


LONGEST_FILES = (
    "test_workers",
    "test_up",
    "test_rollout_flow",
    "test_drift_cases",
    "test_prefect_walk",
    "test_demo",
    "test_walkthrough",
    "test_rollout_broken_off",
    "test_local",
    "test_audit_flow",
    "test_hostile_tenants",
    "test_manifest_proof",
    "test_rollout_faults",
    "test_repair_engine",
)
"""They start first, because a long file that starts last runs alone at the end."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sorts the files: the longest, then as collected, which is by folder."""
    folders = {name: number for number, name in enumerate(("browser", "orchestration", "postgres", "unit"))}
    ranks = {name: number for number, name in enumerate(LONGEST_FILES)}
    items.sort(key=lambda each: (ranks.get(each.path.stem, len(ranks)), folders[each.path.parent.name]))


def pytest_collection_finish() -> None:
    """The modules and tests remain until the end; the collector need not look at them."""
    gc.set_threshold(50_000)
    gc.freeze()


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: some of these tests wait, for locks, timeouts, and processes that start.

    Each worker collects all tests, imports Prefect, and starts servers and makes templates of its own.
    """
    return (os.cpu_count() or 1) + 1
