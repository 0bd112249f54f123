"""Fixtures by topic."""

pytest_plugins = ["fix_servers"]
