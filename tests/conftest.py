"""Fixtures by topic."""

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
