"""Fixtures by topic."""

pytest_plugins = [
    "fix_servers",
    "fix_everything",
    "fix_kept",
    "fix_hypothesis",
    "fix_fleet",
    "fix_command",
    "fix_prefect",
    "fix_proxy",
    "fix_rollout",
]
