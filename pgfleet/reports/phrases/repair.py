"""Fixes in sentences: what an audit proposes, and what a repair did."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from pgfleet.documents.audit import DifferenceEntry, LedgerState, MigrationEntry, MigrationStatus
from pgfleet.documents.repair import RepairResult, TenantRepair
from pgfleet.repair.model import Hazard, Strategy
from pgfleet.reports.phrases.audit import counting_differences, sentence
from pgfleet.reports.phrases.rollout import error_sentence, plural

MOST_STATEMENTS = 3
MOST_CHARACTERS = 240
SHARED = " (shared by the tenants of this database: repaired once for all of them)"
NOTHING_TO_DO = "nothing to repair"
NOT_REPAIRABLE = "nothing that pgfleet can repair"
ONLY_CHECKS = "by hand: no object differs, but a check of its rows fails"


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


def remedy_lines(
    migration: MigrationEntry, tenant: str, environment: str, *, with_statements: bool = True
) -> tuple[str, ...]:
    """How to fix the migration in that tenant, the least work first; empty where it is applied."""
    if migration.status not in {MigrationStatus.DRIFTED, MigrationStatus.PENDING} or migration.accepted:
        return ()
    found, rollout = remedies_of(migration), rollout_command(environment, tenant)
    if migration.status is MigrationStatus.PENDING:
        return (*by_hand_lines(found, first=True), f"{rollout} applies it")
    if not migration.differences:
        is_started = migration.ledger is LedgerState.STARTED and not migration.checks
        return (f"a rollout resumes {migration.version}" if is_started else ONLY_CHECKS,)
    lines: list[str] = []
    if found.by_rollout:
        lines.append(f"{rerun_sentence(found)}: {rollout}")
    elif found.by_repair:
        lines.append(_repair_sentence(found, repair_command(environment, tenant), with_statements=with_statements))
    return (*lines, *reason_lines(found.along), *by_hand_lines(found))


def rerun_sentence(found: Remedies) -> str:
    """`reapplying 20250401 restores it`; a table comes back without its rows."""
    what = "them" if len(found.reruns) + len(found.along) > 1 else "it"
    if all(each.change == "missing" for each in found.reruns):
        rows = ", without rows" if any(each.kind == "table" for each in found.reruns) else ""
        return f"reapplying {found.version} restores {what}{rows}"
    return f"reapplying {found.version} fixes {what}"


def reason_lines(differences: Sequence[DifferenceEntry]) -> tuple[str, ...]:
    """Each object, and why no statement is run for it: another fix includes it, or it needs a person."""
    return tuple(f"{_named(each)}: {_reason(each)}" for each in differences)


def by_hand_lines(found: Remedies, *, first: bool = False) -> tuple[str, ...]:
    """What only a person can fix, and why: `by hand: the table is gone with its rows`."""
    is_alone = len(found.by_hand) == 1 and not (found.reruns or found.statements or found.along)
    how = "by hand first" if first else "by hand"
    return tuple(
        f"{how}: {_reason(each)}" if is_alone else f"{how}, {_named(each)}: {_reason(each)}" for each in found.by_hand
    )


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
    """The statements, each ended by a semicolon."""
    return "\n".join(f"{each.rstrip().removesuffix(';')};" for each in statements)


def in_brackets(hazards: Sequence[str]) -> str:
    """` (takes ACCESS EXCLUSIVE, may fail on existing rows)`; empty without hazards."""
    return f" ({', '.join(hazards)})" if hazards else ""


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


def _repair_sentence(found: Remedies, command: str, *, with_statements: bool) -> str:
    what = plural(len(found.statements), "statement")
    text = f": {_shown(found.statements)}" if with_statements else ""
    statements = f"{what}{text}{in_brackets(found.hazards)}"
    if not found.reruns:
        return f"{command} runs {statements}"
    rerun = f"{command} reapplies {found.version}, which fixes {', '.join(map(_named, found.reruns))}"
    return f"{rerun}, then runs {statements}" if found.statements else rerun


def _shown(statements: Sequence[str]) -> str:
    shown = [_cut(" ".join(each.split())) for each in statements[:MOST_STATEMENTS]]
    more = len(statements) - len(shown)
    return "; ".join([*shown, f"… and {more} more"] if more else shown)


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"


def _named(difference: DifferenceEntry) -> str:
    return f"{difference.kind} {difference.identity}"


def _reason(difference: DifferenceEntry) -> str:
    return (difference.repair.reason if difference.repair else None) or "no fix is known"
