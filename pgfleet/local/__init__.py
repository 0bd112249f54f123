"""Runs on a fleet in this process, without Prefect."""
