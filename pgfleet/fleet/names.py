"""Names that a tenant's home schema can have."""

LONGEST_NAME_BYTES = 63
"""Of any name in PostgreSQL (manual, 4.1.1 Identifiers and Key Words); a longer one is cut off without an error."""


def schema_fault(name: str) -> str | None:
    """Why no tenant can live in a schema of that name, without text that may be a secret set down in the wrong place;
    None where one can.
    """
    if name == "$user":
        return "'$user' means another schema for each role; name the schema itself"
    if name.startswith("pg_"):
        return f"'{name}' cannot be a tenant's schema: PostgreSQL keeps names that begin with pg_ for itself"
    if len(name.encode()) > LONGEST_NAME_BYTES:
        return f"is longer than the {LONGEST_NAME_BYTES} bytes that PostgreSQL has for a name"
    if not name.isprintable():
        return "holds characters that cannot be printed"
    return None
