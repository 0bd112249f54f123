"""Valid names of tenants and of home schemas."""

from pgfleet.hidden_characters import is_shown

MAX_NAME_BYTES = 63
"""PostgreSQL truncates longer names without an error (manual, 4.1.1 Identifiers and Key Words)."""


MAX_TENANT_CHARACTERS = 100


def tenant_name_fault(name: str) -> str | None:
    """Why the name cannot be a tenant's, or None. Prefect's names, files, and reports contain it."""
    if 1 <= len(name) <= MAX_TENANT_CHARACTERS and is_shown(name):
        return None
    return f"must have 1 to {MAX_TENANT_CHARACTERS} characters, without control characters or other invisible ones"


def schema_fault(name: str) -> str | None:
    """Why the name cannot be a home schema, or None. The message repeats no text that may be a misplaced secret."""
    if name == "$user":
        return "'$user' depends on the role; name the schema itself"
    if name.startswith("pg_"):
        return f"'{name}' cannot be a tenant's schema: names that start with pg_ are reserved for PostgreSQL"
    if len(name.encode()) > MAX_NAME_BYTES:
        return f"is longer than {MAX_NAME_BYTES} bytes, PostgreSQL's limit for names"
    if not name.isprintable():
        return "contains nonprintable characters"
    return None
