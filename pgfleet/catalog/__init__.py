"""Catalogs: what a database contains, what it should contain, and the differences. Pure."""
