"""What puts differences right, in words: what an audit proposes, and what came of a repair."""

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
SHARED = " (shared by the tenants of the database: done once for them all)"
NOTHING_TO_DO = "nothing to be repaired"
NOTHING_CAN = "nothing that pgfleet can put right"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedies:
    """What puts the differences of one migration right, by the way in which it is done.

    A rollout commits a rerun only if all of the migration is right after it, so it is `by_rollout` only where nothing
    else is to be done; otherwise a repair runs it. `along` are differences that go with another.
    """

    version: str
    reruns: tuple[DifferenceEntry, ...]
    statements: tuple[str, ...]
    hazards: tuple[str, ...]
    along: tuple[DifferenceEntry, ...]
    by_hand: tuple[DifferenceEntry, ...]

    @property
    def by_rollout(self) -> bool:
        """Whether rolling the migration out again is all that is needed."""
        return bool(self.reruns) and not (self.statements or self.by_hand)

    @property
    def by_repair(self) -> bool:
        """Whether there is something that a repair does and a rollout does not."""
        return bool(self.reruns or self.statements) and not self.by_rollout


def remedies_of(migration: MigrationEntry) -> Remedies:
    """What puts right the differences that count; those of which nothing is known are left out."""
    told = [(each, each.repair) for each in counting_differences(migration) if each.repair]
    made = [repair for _, repair in told if repair.way is Strategy.SQL]
    hazards = {hazard for repair in made for hazard in repair.hazards}
    return Remedies(
        version=migration.version,
        reruns=tuple(each for each, repair in told if repair.way is Strategy.RERUN),
        statements=tuple(dict.fromkeys(statement for repair in made for statement in repair.statements)),
        hazards=tuple(each for each in Hazard if each in hazards),
        along=tuple(each for each, repair in told if repair.way is Strategy.SQL and not repair.statements),
        by_hand=tuple(each for each, repair in told if repair.way is Strategy.BY_HAND),
    )


def remedy_lines(
    migration: MigrationEntry, tenant: str, environment: str, *, with_statements: bool = True
) -> tuple[str, ...]:
    """What puts the migration right in that tenant, the least work first; nothing where it is applied."""
    if migration.status not in {MigrationStatus.DRIFTED, MigrationStatus.PENDING} or migration.accepted:
        return ()
    found = remedies_of(migration)
    if migration.status is MigrationStatus.PENDING:
        return (*by_hand_lines(found, first=True), f"{rollout_command(environment, tenant)} applies it")
    if not migration.differences:
        return (_of_checks(migration),)
    lines: list[str] = []
    if found.by_rollout:
        lines.append(rerun_sentence(found))
    elif found.by_repair:
        lines.append(_repair_sentence(found, repair_command(environment, tenant), with_statements=with_statements))
    return (*lines, *reason_lines(found.along), *by_hand_lines(found))


def rerun_sentence(found: Remedies) -> str:
    """`rolling 20250401 out again brings it back`; a table comes back without its rows."""
    many = len(found.reruns) + len(found.along) > 1
    if all(each.change == "missing" for each in found.reruns):
        rows = ", without the rows" if any(each.kind == "table" for each in found.reruns) else ""
        return f"rolling {found.version} out again brings {'them' if many else 'it'} back{rows}"
    return f"rolling {found.version} out again puts {'them' if many else 'it'} right"


def reason_lines(differences: Sequence[DifferenceEntry]) -> tuple[str, ...]:
    """Each object, and why nothing is run for it: it goes with another, or needs a person."""
    return tuple(f"{_named(each)}: {_reason(each)}" for each in differences)


def by_hand_lines(found: Remedies, *, first: bool = False) -> tuple[str, ...]:
    """What only a person can put right, and why: `by hand: the table is gone with its rows`."""
    is_alone = len(found.by_hand) == 1 and not (found.reruns or found.statements or found.along)
    how = "by hand first" if first else "by hand"
    return tuple(
        f"{how}: {_reason(each)}" if is_alone else f"{how}, {_named(each)}: {_reason(each)}" for each in found.by_hand
    )


def put_right_lines(found: TenantRepair) -> tuple[str, ...]:
    """What was put right; of what the tenants of the database share it is said so: it is done once for them all."""
    return tuple(f"{sentence(each)}{SHARED if each.shared else ''}" for each in found.repaired)


def repair_command(environment: str, tenant: str) -> str:
    """To be copied into a shell."""
    return f"pgfleet repair {shlex.quote(environment)} --tenant {shlex.quote(tenant)}"


def rollout_command(environment: str, tenant: str) -> str:
    """To be copied into a shell."""
    return f"pgfleet rollout {shlex.quote(environment)} --tenant {shlex.quote(tenant)}"


def script_of(statements: Sequence[str]) -> str:
    """The statements one after another, each ended by a semicolon, to be copied."""
    return "\n".join(f"{each.rstrip().removesuffix(';')};" for each in statements)


def in_brackets(hazards: Sequence[str]) -> str:
    """` (takes ACCESS EXCLUSIVE, may fail on existing rows)`; nothing where there are none."""
    return f" ({', '.join(hazards)})" if hazards else ""


def repair_sentence(found: TenantRepair) -> str:
    """What came of a tenant's repair, or of its dry run, in one line."""
    if found.error:
        return error_sentence(found.error)
    parts = [f"{', '.join(found.versions)} run again"] if found.versions else []
    parts += [f"{plural(len(found.statements), 'statement')} run"] if found.statements else []
    if found.result is RepairResult.NOT_REACHED or not parts:
        parts = [nothing_run(found)]
    parts += [f"{plural(len(found.remaining), 'difference')} left to a person"] if found.remaining else []
    return "; ".join([*parts, *beyond_lines(found)])


def nothing_run(found: TenantRepair) -> str:
    """What is said of a tenant in which nothing was run."""
    if found.result is RepairResult.NOT_REACHED:
        return "nothing was done"
    return found.detail or (NOTHING_CAN if found.remaining or found.not_repairable else NOTHING_TO_DO)


def left_lines(found: TenantRepair) -> tuple[str, ...]:
    """What is left to a person, each with the reason."""
    return tuple(f"by hand: {sentence(each)}: {_reason(each)}" for each in found.remaining)


def beyond_lines(found: TenantRepair) -> tuple[str, ...]:
    """Migrations that are not applied, and that a repair has nothing to do for."""
    return tuple(f"{each.version} is {each.status}: {each.reason}" for each in found.not_repairable)


def _repair_sentence(found: Remedies, command: str, *, with_statements: bool) -> str:
    number = len(found.statements)
    what = "this statement" if number == 1 else f"these {number} statements"
    text = f": {_shown(found.statements)}" if with_statements else ""
    hazards = in_brackets(found.hazards)
    if not found.reruns:
        if with_statements:
            return f"{what} {'does' if number == 1 else 'do'}{text}{hazards}; {command} runs {_them(number)}"
        return f"{command}{hazards}"
    rerun = f"{command} runs {found.version} again, which puts right {', '.join(map(_named, found.reruns))}"
    if not found.statements:
        return rerun
    return f"{rerun}, and then {what if with_statements else plural(number, 'statement')}{text}{hazards}"


def _shown(statements: Sequence[str]) -> str:
    shown = [_cut(" ".join(each.split())) for each in statements[:MOST_STATEMENTS]]
    more = len(statements) - len(shown)
    return "; ".join([*shown, f"… and {more} more"] if more else shown)


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1]}…"


def _them(number: int) -> str:
    return "it" if number == 1 else "them"


def _named(difference: DifferenceEntry) -> str:
    return f"{difference.kind} {difference.identity}"


def _reason(difference: DifferenceEntry) -> str:
    return (difference.repair.reason if difference.repair else None) or "it is not known what would"


def _of_checks(migration: MigrationEntry) -> str:
    if migration.ledger is LedgerState.STARTED and not migration.checks:
        return f"rolling {migration.version} out again takes it up"
    return "by hand: no object differs, so it is rows that its checks do not find as they should be"
