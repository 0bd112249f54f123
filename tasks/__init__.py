"""Prefect tasks, one per file, which call the engine. What tasks share is in `support`."""
