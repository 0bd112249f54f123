"""Scratch databases: replaying a manifest, and proving it."""
