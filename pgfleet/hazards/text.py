"""Does a text that cannot be parsed delete data? Found by searching for the words."""

import re

COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
DELETING = re.compile(
    r"\bdrop\s+(table|schema|database|owned|type|domain|extension|column|attribute|materialized|collation)\b"
    r"|\balter\s+(table|type)\b[^;]*\b(drop\s+(?!constraint|default|not|expression|identity)|detach\b|no\s+inherit)"
    r"|\btruncate\b|\bdelete\s+from\b|\bmerge\s+into\b[^;]*\bdelete\b|\bset\s+[\w\".]+\s*=\s*null\b"
    r"|\blo_(unlink|truncate|put)\b|\blowrite\b|\blo_from_bytea\b|\bdrop_chunks\b",
    re.IGNORECASE,
)


def deletes_by_text(text: str) -> bool:
    """Whether the text contains a statement that deletes, also within strings; comments do not count."""
    return DELETING.search(COMMENT.sub(" ", text)) is not None
