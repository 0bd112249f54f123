"""Prefect flows, one a file, thin; and the command line."""
