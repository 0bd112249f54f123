"""The logins with more rights than they need, those with the same warnings in one line."""

from collections.abc import Iterable

from pgfleet.documents.login_rights import LoginEntry
from pgfleet.wording import group_names, listed

TITLE = "Logins with more rights than they need"
ADVICE = "docs/logins.md has the roles to create."


def login_lines(logins: Iterable[LoginEntry]) -> tuple[str, ...]:
    """`pgfleet on db1:5432 (audits): is a superuser`; empty if there are no warnings."""
    groups = group_names(
        ((each.server, each.use, "; ".join(warning.message for warning in each.warnings)), each.login)
        for each in logins
    )
    return tuple(f"{listed(names)} on {server} ({use}): {text}" for (server, use, text), names in groups.items())
