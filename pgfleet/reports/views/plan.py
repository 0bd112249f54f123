"""The plan of a rollout, and the request to approve it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from pgfleet.documents.plan import RUNS, Action, TenantPlan
from pgfleet.documents.rollout import StepStatus, TenantResult
from pgfleet.documents.rollout_plan import RolloutPlan, by_ring
from pgfleet.judge.summary import format_summary, tenant_count
from pgfleet.manifest.model import Manifest
from pgfleet.reports.blocks import Code, Lines, Paragraph, Section, Table, View, section
from pgfleet.reports.issues import (
    NOT_EXERCISED,
    NOT_REACHED,
    ROLLED_BACK,
    Issue,
    first_contacts,
    issues_of,
    not_begun,
    obstacles,
    outside_transactions,
    reasons_of,
)
from pgfleet.reports.phrases.context import altered_files
from pgfleet.reports.phrases.rollout import ACTION_MEANS, about_migrations, plan_sentence, tenant_plan_sentence
from pgfleet.reports.rows import TableRow, table_rows
from pgfleet.reports.views.issues import issue_section, issue_sections
from pgfleet.reports.views.scripts import MOST_LINES, gate_sections, script_sections
from pgfleet.rollout.summary import summarize
from pgfleet.wording import group_names, plural

DIGEST_SHOWN = 12
MOST_NAMES = 20
QUIET = frozenset({NOT_REACHED, ROLLED_BACK})
FIRST_CONTACT = "First contact: is this manifest the right one?"
SKIPPED = "Skipped: could not be inspected"
DRIFT = "Drift that this rollout does not fix"
CONTRADICTED = "Adopted although the catalog contradicts it"
REFUSED = "Refused: cannot run in the tenant"


def plan_view(
    plan: RolloutPlan, manifest: Manifest, rings: Sequence[str], *, most_lines: int | None = MOST_LINES
) -> View:
    """What will be done: by script, of which `most_lines` are shown, in each tenant, and for each migration."""
    scripts, brief = script_sections(plan.scripts, most_lines=most_lines), brief_plan_view(plan, manifest, rings)
    return replace(
        brief,
        details=(*scripts, *brief.details, *_migrations(plan, manifest), *deleted_rows_section(plan.tenants)),
        closing=(*_actions(plan), *gate_sections(plan.scripts)),
    )


def brief_plan_view(plan: RolloutPlan, manifest: Manifest, rings: Sequence[str]) -> View:
    """Only what will be done in which tenants, and what will not be done."""
    return View(
        title=f"Plan for {plan.environment}",
        summary=plan_sentence(plan),
        facts=(("plan", plan.digest[:DIGEST_SHOWN]),),
        details=tuple(_rings(plan, manifest, rings)),
    )


def approval_view(
    plan: RolloutPlan, manifest: Manifest, rings: Sequence[str], dry_run: Sequence[TenantResult], ring: str
) -> View:
    """What a person needs to approve the plan: its effects, its dry run in the first ring, what that left out."""
    issues = issues_of(dry_run, manifest.files)
    found = {heading: each for heading, each in issues.items() if heading != NOT_EXERCISED}
    result = Paragraph(text=f"{format_summary(summarize(dry_run))}. All changes were rolled back.")
    not_exercised = {NOT_EXERCISED: _not_exercised(plan, manifest, dry_run)}
    return View(
        title=f"Approval needed for {plan.environment}",
        summary="",
        facts=(),
        opening=(
            Paragraph(text=plan_sentence(plan)),
            Paragraph(text="Nothing has been changed yet, and nothing will be without approval."),
        ),
        details=(
            *gate_sections(plan.scripts),
            *_migrations(plan, manifest),
            *deleted_rows_section(plan.tenants),
            *script_sections(plan.scripts, most_lines=None),
            Section(title=f"Dry run in ring {ring}", blocks=(result, *issue_sections(found, quiet=QUIET))),
            *issue_sections(not_exercised, quiet=not_exercised),
            *_rings(plan, manifest, rings),
        ),
        closing=(
            Section(
                title="The plan",
                blocks=(
                    Paragraph(text="Approval is for this plan only: if a tenant changes first, nothing is done."),
                    Code(title="Digest", text=plan.digest, language="text", in_full=True),
                ),
            ),
        ),
    )


def plan_rows(plan: RolloutPlan, manifest: Manifest) -> list[TableRow]:
    """A row per tenant: first those in which nothing can be done, then those in which scripts run."""
    ordered = sorted(plan.tenants, key=_urgency)
    rows = ((each.name, each.ring, tenant_plan_sentence(each, manifest)) for each in ordered)
    return table_rows(("tenant", "ring", "plan"), rows, "none with more to do")


def _rings(plan: RolloutPlan, manifest: Manifest, rings: Sequence[str]) -> Iterator[Section]:
    """The tenants of each ring, grouped by what will be done; then why others are skipped or refused."""
    groups = by_ring(plan, rings)
    for ring, tenants in groups.items():
        ordered = sorted(tenants, key=_urgency)
        found = group_names((tenant_plan_sentence(each, manifest), each.name) for each in ordered if not each.obstacle)
        issues = [Issue(title=title, tenants=names, most_names=MOST_NAMES) for title, names in found.items()]
        yield from issue_section(f"Ring {ring}: {tenant_count(len(tenants))}", issues)
    everyone = [each for tenants in groups.values() for each in tenants]
    files = manifest.files
    yield from issue_sections(
        {
            FIRST_CONTACT: tuple(first_contacts(everyone)),
            SKIPPED: tuple(obstacles(everyone)),
            REFUSED: tuple(reasons_of(everyone, files, lambda each: each.action is Action.REFUSE)),
            DRIFT: tuple(reasons_of(everyone, files, lambda each: each.action is Action.LEAVE)),
            CONTRADICTED: tuple(reasons_of(everyone, files, lambda each: each.declared and each.reason is not None)),
        }
    )


def _migrations(plan: RolloutPlan, manifest: Manifest) -> Iterator[Section]:
    """Each migration and seed for which something will be done, and in how many tenants."""
    tallies: dict[str, Counter[str]] = {}
    for step in (each for tenant in plan.tenants for each in tenant.migrations if each.action in ACTION_MEANS):
        tallies.setdefault(step.version, Counter())[f"to {step.action}"] += 1
    seeds = Counter(name for tenant in plan.tenants for name in tenant.seeds)
    labels = {each.version: f"{each.file} ({each.provides})" for each in manifest.migrations}
    lines = [*tally_lines(tallies, labels)]
    lines += [f"seed {name}: {number} to apply" for name, number in seeds.items()]
    yield from section("Tenants per migration and seed", Lines(lines=tuple(lines)))
    altered = tuple(f"{file}: {note}" for file, note in altered_files(plan.tenants, manifest))
    yield from section("Files changed after they were applied", Lines(lines=altered))


def _not_exercised(plan: RolloutPlan, manifest: Manifest, dry_run: Sequence[TenantResult]) -> Sequence[Issue]:
    """What no dry run can roll back, in the entire plan; then what depends on it, in the dry run."""
    files = manifest.files
    alone = {each.version for each in manifest.migrations if not each.transactional}
    others = (
        each.model_copy(update={"migrations": tuple(step for step in each.migrations if step.version not in alone)})
        for each in dry_run
    )
    return [*outside_transactions(plan.tenants, files, alone), *not_begun(others, StepStatus.NOT_EXERCISED, files)]


def _actions(plan: RolloutPlan) -> Iterator[Section]:
    used = {each.action for tenant in plan.tenants for each in tenant.migrations}
    rows = tuple((str(action), meaning) for action, meaning in ACTION_MEANS.items() if action in used)
    if rows:
        yield Section(title="Actions", blocks=(Table(head=("action", "what it does"), rows=rows),))


def _urgency(plan: TenantPlan) -> int:
    is_run = any(each.action in RUNS for each in plan.migrations)
    return 0 if plan.obstacle or plan.refused else 1 if is_run else 2 if plan.changes else 3


def deleted_rows_section(plans: Iterable[TenantPlan]) -> tuple[Section, ...]:
    """Each dropped table with its rows in all tenants; nothing if no table is dropped."""
    found: dict[str, list[tuple[str, int | None, bool]]] = {}
    for plan in plans:
        for each in plan.dropped:
            found.setdefault(each.table, []).append((plan.name, each.rows, each.exact))
    return section("Rows that the revert deletes", Lines(lines=tuple(_lines(found))))


def _lines(found: dict[str, list[tuple[str, int | None, bool]]]) -> Iterator[str]:
    """`posts: 12 rows in 3 tenants, at most 10 in acme`."""
    for table, tenants in sorted(found.items()):
        where = f"in {tenant_count(len(tenants))}"
        counted = [(rows, name) for name, rows, _ in tenants if rows is not None]
        if not counted:
            yield f"{table}: all rows {where}, not counted"
            continue
        about = "" if all(exact for _, rows, exact in tenants if rows is not None) else "about "
        most, name = max(counted)
        largest = f", at most {most} in {name}" if len(tenants) > 1 else ""
        uncounted = f"; not counted in {len(tenants) - len(counted)}" if len(counted) < len(tenants) else ""
        yield f"{table}: {about}{plural(sum(rows for rows, _ in counted), 'row')} {where}{largest}{uncounted}"


def tally_lines(tallies: Mapping[str, Counter[str]], labels: Mapping[str, str]) -> Iterator[str]:
    """`1_one.sql: 3 applied, 1 failed`, and of many `25 migrations, 0039 … 0063: 5 applied`.

    `tallies` and `labels` are by version, in the manifest's order.
    """
    texts = group_names((_text(tallies[version]), version) for version in labels if version in tallies)
    return (f"{about_migrations(versions, labels)}: {text}" for text, versions in texts.items())


def _text(tally: Counter[str]) -> str:
    return ", ".join(f"{number} {word}" for word, number in tally.most_common())
