"""Repairs of differences: rerunning a migration, generated SQL, or a person. Pure."""
