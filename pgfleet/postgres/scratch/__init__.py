"""Scratch databases: replays a manifest in them, and proves it."""
