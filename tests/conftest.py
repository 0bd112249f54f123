"""Fixtures by topic."""

import os

pytest_plugins = [
    "fix_browser",
    "fix_servers",
    "fix_pooler",
    "fix_tls",
    "fix_everything",
    "fix_kept",
    "fix_hypothesis",
    "fix_fleet",
    "fix_command",
    "fix_prefect",
    "fix_proxy",
    "fix_rollout",
    "fix_standby",
    "fix_workers",
    "fix_automations",
]


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: many of these tests wait, for locks, timeouts and processes that begin."""
    return (os.cpu_count() or 1) + 1
