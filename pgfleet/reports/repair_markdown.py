"""The markdown of what puts a tenant right: on its page of an audit, and on the page of a repair."""

from collections.abc import Iterator, Sequence

from pgfleet.documents.audit import MigrationEntry, MigrationStatus
from pgfleet.reports.markup import bullets, code, escaped
from pgfleet.reports.phrases.repair import (
    in_brackets,
    reason_lines,
    remedies_of,
    remedy_lines,
    repair_command,
    rerun_sentence,
    rollout_command,
    script_of,
)

HEADING = "What puts it right"


def remedy_section(migration: MigrationEntry, tenant: str, environment: str) -> Iterator[str]:
    """What puts the migration right, with commands and statements to be copied; nothing where it is applied."""
    if migration.status is not MigrationStatus.DRIFTED or not migration.differences:
        yield from bullets(HEADING, remedy_lines(migration, tenant, environment))
        return
    found = remedies_of(migration)
    if found.by_rollout:
        yield from (f"**{HEADING}:** {escaped(rerun_sentence(found))}.", "")
        yield from (shell(rollout_command(environment, tenant)), "")
    elif found.by_repair:
        rerun = f"{found.version} is run again, and then " if found.reruns and found.statements else ""
        what = statements_title(found.statements, found.hazards) if found.statements else "is run again"
        said = f"{rerun}{what}" if found.statements else f"{found.version} {what}"
        yield from (f"**{HEADING}:** {escaped(said)}. Rehearsed, proven and recorded by", "")
        yield from (shell(repair_command(environment, tenant)), "")
        yield from statements_block(found.statements)
    yield from bullets("With it", reason_lines(found.along))
    yield from bullets("By hand", reason_lines(found.by_hand))


def statements_title(statements: Sequence[str], hazards: Sequence[str]) -> str:
    """`these 2 statements (takes ACCESS EXCLUSIVE)`."""
    what = "this statement" if len(statements) == 1 else f"these {len(statements)} statements"
    return f"{what}{in_brackets(hazards)}"


def statements_block(statements: Sequence[str]) -> Iterator[str]:
    """The statements as one block to be copied; nothing where there are none."""
    if statements:
        yield from (code(script_of(statements)), "")


def shell(command: str) -> str:
    """A command as a code block."""
    return f"```sh\n{command}\n```"
