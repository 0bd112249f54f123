"""pgfleet audits, rolls out, and verifies PostgreSQL migrations across a fleet of tenant databases."""

from importlib.metadata import version

__version__ = version("pgfleet")
