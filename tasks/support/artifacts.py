"""Keys of artifacts, and what their pages have in common."""

import hashlib
import re

from pgfleet.reports.markup import escaped
from pgfleet.run.context import RunContext


def with_place(page: str, place: str) -> str:
    """The page, followed by the sentence that says where the report file is, if there is one."""
    return f"{page}\n{escaped(place)}\n" if place else page


def scope_of(context: RunContext) -> str:
    """The end of an artifact's key: the environment, and whether the run is about some of its tenants only."""
    environment = context.environment.name
    return f"{environment}-selection" if context.is_partial else environment


def artifact_key(*parts: str) -> str:
    """A key as Prefect requires it: lowercase letters, digits, dashes. A digest keeps altered names distinct."""
    joined = "-".join(parts)
    plain = re.sub(r"[^a-z0-9]+", "-", joined.lower()).strip("-")
    return plain if plain == joined else f"{plain}-{hashlib.sha256(joined.encode()).hexdigest()[:6]}"
