"""What the checks of `pgfleet doctor` find, given what was read."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pgfleet.documents.doctor import CheckEntry, CheckStatus
from pgfleet.documents.login_rights import LoginRights
from pgfleet.errors import DatabaseError, PgfleetError
from pgfleet.fleet.allowance import Allowance
from pgfleet.fleet.pooler import Pooler
from pgfleet.judge.logins import TenantLogins, judge_logins

OLDEST_MAJOR, NEWEST_MAJOR = 14, 18
"""The versions of PostgreSQL that pgfleet supports."""
WRONG, UNREACHABLE = 2, 3
ROLES_ADVICE = "create the roles of docs/logins.md in pgfleet's documentation"
SCRATCH_ADVICE = "set scratch_dsn to a primary of that major version, with a role that has CREATEDB"
POOLER_ADVICE = "let rollout_dsn and scratch_dsn name the server itself, or set pooler if it is in session mode"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScratchRights:
    """Whether scratch databases are possible on a server: a `problem` of the server, and the role's right."""

    server: str
    major: int
    problem: str | None
    may_create: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """What one connection to a server showed."""

    server: str
    version: str
    major: int
    pooler: Pooler | None
    allowance: Allowance
    scratch: ScratchRights


def ok(name: str, detail: str) -> CheckEntry:
    """A check that found nothing to do."""
    return CheckEntry(name=name, status=CheckStatus.OK, detail=detail)


def warning(name: str, detail: str, fix: str) -> CheckEntry:
    """A check that found a risk."""
    return CheckEntry(name=name, status=CheckStatus.WARNING, detail=detail, fix=fix)


def error(name: str, detail: str, fix: str, *, is_unreachable: bool = False) -> CheckEntry:
    """A check that found what keeps pgfleet from working."""
    return CheckEntry(name=name, status=CheckStatus.ERROR, detail=detail, fix=fix, is_unreachable=is_unreachable)


def fault_checks(name: str, fault: PgfleetError, fix: str, *, is_unreachable: bool = False) -> Iterator[CheckEntry]:
    """An error for each line of the message, such as each problem of a file."""
    for line in str(fault).split("\n"):
        yield error(name, line, fix, is_unreachable=is_unreachable)


def unreachable_check(name: str, where: str, fault: DatabaseError) -> CheckEntry:
    """A server, or a login of it, that cannot be used."""
    fix = fault.connect_failure.advice if fault.connect_failure else "check the server's log"
    message = fault.message if fault.connect_failure else str(fault)
    return error(name, f"{where}: {message}", fix, is_unreachable=True)


def server_checks(facts: ServerFacts) -> Iterator[CheckEntry]:
    """The server's version, the pooler in front of it, and the connections that pgfleet may open."""
    version = f"{facts.server}: PostgreSQL {facts.version}"
    if OLDEST_MAJOR <= facts.major <= NEWEST_MAJOR:
        yield ok("server", version)
    else:
        fix = f"upgrade the server, or use a version of pgfleet that supports PostgreSQL {facts.major}"
        yield warning("server", f"{version}; supported are {OLDEST_MAJOR} to {NEWEST_MAJOR}", fix)
    if facts.pooler is Pooler.TRANSACTION:
        yield warning("pooler", f"{facts.server}: a pooler in transaction mode", POOLER_ADVICE)
    else:
        yield ok("pooler", f"{facts.server}: {f'in {facts.pooler} mode' if facts.pooler else 'none'}")
    connections = f"{facts.server}: pgfleet may open {facts.allowance.connections}"
    if facts.allowance.reason:
        fix = "close idle connections, or raise max_connections or connection_share"
        yield warning("connections", f"{connections}: {facts.allowance.reason}", fix)
    else:
        yield ok("connections", connections)


def scratch_checks(
    rights: Sequence[ScratchRights], majors: Collection[int], embedded_major: int | None
) -> Iterator[CheckEntry]:
    """For each major version of the tenants' servers: where the manifest can be replayed, or why nowhere.

    `rights` are those on the server of `scratch_dsn`, or else on the tenants' own.
    """
    for major in sorted(majors):
        version = f"PostgreSQL {major}"
        able = [each for each in rights if each.major == major and not each.problem and each.may_create]
        if able:
            yield ok("scratch_database", f"{version}: on {able[0].server}")
        elif major == embedded_major:
            yield ok("scratch_database", f"{version}: on the embedded server")
        else:
            problems = "; ".join(f"{each.server}: {_scratch_problem(each, major)}" for each in rights)
            yield error("scratch_database", f"{version}: not possible: {problems}", SCRATCH_ADVICE)


def _scratch_problem(rights: ScratchRights, major: int) -> str:
    if rights.major != major:
        return f"it is PostgreSQL {rights.major}"
    return rights.problem or "the role has no CREATEDB"


def login_checks(
    found: Sequence[LoginRights], tenants: Collection[TenantLogins], *, has_scratch_dsn: bool
) -> Iterator[CheckEntry]:
    """Each login once: with the warnings of an audit, or without any."""
    entries = judge_logins(found, tenants, has_scratch_dsn=has_scratch_dsn)
    warned = {(each.server, each.login) for each in entries}
    for server, login in sorted({(each.server, each.login) for each in found} - warned):
        yield ok("login", f"{login} on {server}: no needless rights; missing ones show in an audit")
    for entry in entries:
        text = "; ".join(each.message for each in entry.warnings)
        yield warning("login", f"{entry.login} on {entry.server} ({entry.use}): {text}", ROLES_ADVICE)


def exit_status(checks: Iterable[CheckEntry]) -> int:
    """0 without errors, 2 if something is configured wrong, 3 if the only errors are servers that do not answer."""
    errors = [each for each in checks if each.status is CheckStatus.ERROR]
    if not errors:
        return 0
    return UNREACHABLE if all(each.is_unreachable for each in errors) else WRONG
