"""Reads a tenant and a server; writes nothing."""
