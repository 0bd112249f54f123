"""The rights of the logins that an audit uses or examines."""

from enum import StrEnum

from pgfleet.documents.entry import Entry


class LoginRights(Entry):
    """What one login of a server may do, as read through one tenant.

    `is_own`: the audit itself uses it. `powers` are role attributes and predefined roles, also through memberships. Of
    other databases and schemas, those that it can read and those that it owns something in.
    """

    server: str
    login: str
    is_own: bool
    powers: tuple[str, ...]
    readable_databases: tuple[str, ...] = ()
    owned_databases: tuple[str, ...] = ()
    readable_schemas: tuple[str, ...] = ()
    owned_schemas: tuple[str, ...] = ()
    database: str = ""


class LoginUse(StrEnum):
    """What pgfleet uses a login for."""

    AUDITS = "audits"
    ROLLOUTS = "rollouts"
    BOTH = "audits and rollouts"


class LoginWarning(Entry):
    """A right that a login does not need; `code` is a role attribute, a predefined role, `OWNS`, or `READS`."""

    code: str
    message: str


class LoginEntry(Entry):
    """A login with more rights than it needs."""

    server: str
    login: str
    use: LoginUse
    warnings: tuple[LoginWarning, ...]
