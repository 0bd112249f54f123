"""The JSON documents that pgfleet writes, one module per kind. Keys are added, never renamed or removed. Pure."""
