"""Prefect tasks, one a file, thin: the engine in pgfleet does the work."""
