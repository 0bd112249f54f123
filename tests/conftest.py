"""Fixtures by topic."""

import os

pytest_plugins = [
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
    "fixtures.prefect",
    "fixtures.proxy",
    "fixtures.rollout",
    "fixtures.standby",
    "fixtures.workers",
    "fixtures.automations",
    "fixtures.wheel",
]


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: some of these tests wait, for locks, timeouts, and processes that start."""
    return (os.cpu_count() or 1) + 1
