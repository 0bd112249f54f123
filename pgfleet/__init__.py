"""pgfleet audits, rolls out, and verifies PostgreSQL migrations across a fleet of tenant databases."""
