"""Fixes in sentences: what an audit proposes, and what a repair did."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from pgfleet.documents.findings import DifferenceEntry, LedgerState, MigrationEntry
from pgfleet.documents.repair import RepairResult, TenantRepair
from pgfleet.hidden_characters import show_hidden_in_sql
from pgfleet.repair.model import Hazard, Strategy
from pgfleet.reports.phrases.audit import counting_differences, named, sentence
from pgfleet.reports.phrases.rollout import error_sentence
from pgfleet.wording import listed, plural

SHARED = " (shared by the tenants of this database: repaired once for all of them)"
NOTHING_TO_DO = "nothing to repair"
NOT_REPAIRABLE = "nothing that pgfleet can repair"
ONLY_CHECKS = "fix the rows by hand: no object differs, but a check of the rows fails"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedies:
    """The fixes for the differences of one migration, by how they are made.

    A rollout commits a script only if no difference remains, so it is `by_rollout` only where the script alone fixes
    everything; otherwise a repair runs it. `along` are differences that disappear together with another.
    """

    version: str
    reruns: tuple[DifferenceEntry, ...]
    statements: tuple[str, ...]
    hazards: tuple[str, ...]
    along: tuple[DifferenceEntry, ...]
    by_hand: tuple[DifferenceEntry, ...]

    @property
    def by_rollout(self) -> bool:
        """Whether a rollout of the migration fixes everything."""
        return bool(self.reruns) and not (self.statements or self.by_hand)

    @property
    def by_repair(self) -> bool:
        """Whether a repair fixes something that a rollout does not."""
        return bool(self.reruns or self.statements) and not self.by_rollout


def remedies_of(migration: MigrationEntry) -> Remedies:
    """The fixes for the differences that are not accepted; without those for which no fix is known."""
    found = [(each, each.repair) for each in counting_differences(migration) if each.repair]
    made = [repair for _, repair in found if repair.way is Strategy.SQL]
    hazards = {hazard for repair in made for hazard in repair.hazards}
    return Remedies(
        version=migration.version,
        reruns=tuple(each for each, repair in found if repair.way is Strategy.RERUN),
        statements=tuple(dict.fromkeys(statement for repair in made for statement in repair.statements)),
        hazards=tuple(each for each in Hazard if each in hazards),
        along=tuple(each for each, repair in found if repair.way is Strategy.SQL and not repair.statements),
        by_hand=tuple(each for each, repair in found if repair.way is Strategy.BY_HAND),
    )


def check_remedy(migration: MigrationEntry) -> str:
    """How to fix a drifted migration of which no object differs."""
    is_started = migration.ledger is LedgerState.STARTED and not migration.checks
    return f"a rollout resumes {migration.version}" if is_started else ONLY_CHECKS


def rerun_sentence(found: Remedies) -> str:
    """`reapplying 20250401 restores it`."""
    what = "them" if len(found.reruns) + len(found.along) > 1 else "it"
    if found.statements or found.by_hand:
        what = listed([named(each) for each in found.reruns])
    is_restored = all(each.change == "missing" for each in found.reruns)
    return f"reapplying {found.version} {'restores' if is_restored else 'fixes'} {what}"


def fix_of(difference: DifferenceEntry) -> str:
    """What fixes one difference that remains after a rollout."""
    if difference.repair and difference.repair.way is Strategy.SQL:
        return "pgfleet rollout --repair, or pgfleet repair, fixes it"
    if difference.repair and difference.repair.way is Strategy.RERUN:
        return f"reapplying {difference.repair.version} fixes it"
    return _reason(difference)


def reason_lines(differences: Sequence[DifferenceEntry]) -> tuple[str, ...]:
    """Each object, and why no statement is run for it: another fix includes it, or it needs a person."""
    return tuple(f"{named(each)}: {_reason(each)}" for each in differences)


def repaired_lines(found: TenantRepair) -> tuple[str, ...]:
    """The differences that were fixed, with a note on objects that the tenants of a database share."""
    return tuple(f"{sentence(each)}{SHARED if each.shared else ''}" for each in found.repaired)


def repair_command(environment: str, tenant: str) -> str:
    """A command for a shell."""
    return f"pgfleet repair {shlex.quote(environment)} --tenant {shlex.quote(tenant)}"


def rollout_command(environment: str, tenant: str) -> str:
    """A command for a shell."""
    return f"pgfleet rollout {shlex.quote(environment)} --tenant {shlex.quote(tenant)}"


def script_of(statements: Sequence[str]) -> str:
    """The statements, each ended by a semicolon, with their hidden characters shown."""
    return "\n".join(
        show_hidden_in_sql(f"{each.rstrip().removesuffix(';')};", keep_in_strings="") for each in statements
    )


def repair_sentence(found: TenantRepair) -> str:
    """A tenant's repair, or its dry run, on one line: `1 reapplied; 2 statements run; 1 difference remaining`."""
    if found.error:
        return error_sentence(found.error)
    parts = [f"{', '.join(found.versions)} reapplied"] if found.versions else []
    parts += [f"{plural(len(found.statements), 'statement')} run"] if found.statements else []
    if found.result is RepairResult.NOT_REACHED or not parts:
        parts = [nothing_run(found)]
    parts += [f"{plural(len(found.remaining), 'difference')} remaining"] if found.remaining else []
    return "; ".join([*parts, *not_repairable_lines(found)])


def nothing_run(found: TenantRepair) -> str:
    """Why nothing was run in the tenant."""
    if found.result is RepairResult.NOT_REACHED:
        return "nothing was run"
    return found.detail or (NOT_REPAIRABLE if found.remaining or found.not_repairable else NOTHING_TO_DO)


def remaining_lines(found: TenantRepair) -> tuple[str, ...]:
    """The differences that need a person, each with the reason."""
    return tuple(f"{sentence(each)}: {_reason(each)}" for each in found.remaining)


def not_repairable_lines(found: TenantRepair) -> tuple[str, ...]:
    """Migrations that are not applied for a reason that a repair does not fix."""
    return tuple(f"{each.version} is {each.status}: {each.reason}" for each in found.not_repairable)


def repair_word(result: RepairResult, *, is_dry_run: bool) -> str:
    """`repaired`, and in a dry run `would be repaired`."""
    return "would be repaired" if is_dry_run and result is RepairResult.REPAIRED else result.replace("_", " ")


def _reason(difference: DifferenceEntry) -> str:
    return (difference.repair.reason if difference.repair else None) or "no fix is known"
