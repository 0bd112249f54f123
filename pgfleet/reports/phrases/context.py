"""What surrounds the findings of an audit: acceptances, skipped tenants, changed files, logins, lost rows, variants."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from pgfleet.documents.audit import SkippedEntry, TenantEntry
from pgfleet.documents.audit_context import (
    AcceptanceEntry,
    AcceptanceState,
    AcceptedEntry,
    LossEntry,
    VariantEntry,
)
from pgfleet.documents.login_rights import LoginEntry
from pgfleet.documents.plan import TenantPlan
from pgfleet.hidden_characters import show_hidden
from pgfleet.judge.summary import tenant_count
from pgfleet.manifest.model import Manifest
from pgfleet.reports.phrases.audit import notes, sentence
from pgfleet.wording import group_names, listed

MOST_DIFFERENCES = 3
LOGINS_TITLE = "Logins with more rights than they need"
LOGINS_ADVICE = "The roles to create: docs/logins.md in pgfleet's documentation."


def skipped_sentence(skipped: Iterable[SkippedEntry]) -> str:
    """`3 tenants skipped: acme, globex (its state is suspended); hooli (its state is provisioning)`; empty if none."""
    groups = group_names((each.reason, each.name) for each in skipped)
    reasons = "; ".join(f"{listed(names)} ({reason})" for reason, names in groups.items())
    return f"{tenant_count(sum(map(len, groups.values())))} skipped: {reasons}" if groups else ""


def altered_files(tenants: Iterable[TenantPlan | TenantEntry], manifest: Manifest) -> Iterator[tuple[str, str]]:
    """The files that changed after they were applied, and in how many tenants."""
    found = Counter(each.version for tenant in tenants for each in tenant.migrations if each.altered)
    for each in (each for each in manifest.migrations if each.version in found):
        by = "the next rollout" if each.repeatable else f"--rerun {each.version}"
        yield each.file, f"in {tenant_count(found[each.version])}; {by} runs it again"


def login_lines(logins: Iterable[LoginEntry]) -> tuple[str, ...]:
    """`pgfleet on db1:5432 (audits): is a superuser`; empty if there are no warnings."""
    groups = group_names(
        ((each.server, each.use, "; ".join(warning.message for warning in each.warnings)), each.login)
        for each in logins
    )
    return tuple(f"{listed(names)} on {server} ({use}): {text}" for (server, use, text), names in groups.items())


def loss_sentence(loss: LossEntry) -> str:
    """`ai_messages has 40 rows, previously 1,200 (allowed loss 120)`; estimates are marked `about`."""
    about = "" if loss.exact else "about "
    return (
        f"{loss.table} has {about}{loss.now:,} rows, previously {about}{loss.before:,} (allowed loss {loss.allowed:,})"
    )


def loss_lines(tenants: Iterable[TenantEntry]) -> tuple[str, ...]:
    """One line per tenant that lost rows."""
    return tuple(
        f"{tenant.name}: {'; '.join(map(loss_sentence, tenant.losses))}" for tenant in tenants if tenant.losses
    )


def summarize_losses(tenants: Iterable[TenantEntry]) -> str:
    """The first tenant's losses and the number of other tenants that lost rows; empty if none did."""
    lines = loss_lines(tenants)
    if not lines:
        return ""
    more = f", and in {tenant_count(len(lines) - 1)} more" if len(lines) > 1 else ""
    return f"rows lost in {lines[0]}{more}"


def summarize_variants(variants: Sequence[VariantEntry]) -> str:
    """`9 as expected; variant A, 2 tenants: index idx_a missing`."""
    expected = sum(len(each.tenants) for each in variants if each.expected)
    parts = [f"{expected} as expected"] if expected else []
    return "; ".join([*parts, *(variant_line(each) for each in variants if not each.expected)])


def variant_line(variant: VariantEntry) -> str:
    """`variant A, 2 tenants: index idx_a missing`."""
    return f"{variant.name}, {tenant_count(len(variant.tenants))}: {what_differs(variant)}"


def what_differs(variant: VariantEntry) -> str:
    """The first few differences: `index idx_a missing, column t.b changed and 4 more`."""
    names = [f"{each.kind} {show_hidden(each.identity)} {each.change}" for each in variant.differences]
    return listed(names, MOST_DIFFERENCES)


def is_shared(variants: Sequence[VariantEntry]) -> bool:
    """Whether some tenants have the same differences."""
    return any(len(each.tenants) > 1 and not each.expected for each in variants)


STATE_MEANS = {
    AcceptanceState.ACTIVE: "accepted",
    AcceptanceState.EXPIRED: "EXPIRED: the difference counts again",
    AcceptanceState.UNUSED: "matches nothing: remove it from the fleet file",
    AcceptanceState.UNJUDGED: "undecided: some tenant that it covers was not inspected",
}
"""What became of an acceptance."""


def acceptance_lines(acceptances: Iterable[AcceptanceEntry]) -> tuple[str, ...]:
    """One line per acceptance of the fleet file, those that need attention first."""
    order = [AcceptanceState.EXPIRED, AcceptanceState.UNUSED, AcceptanceState.ACTIVE, AcceptanceState.UNJUDGED]
    return tuple(acceptance_line(each) for each in sorted(acceptances, key=lambda each: order.index(each.state)))


def acceptance_line(acceptance: AcceptanceEntry) -> str:
    """`acme-*: index public.idx_a missing, until 2026-12-31 (ana: being rebuilt): accepted, 2 matches`."""
    what = " ".join(filter(None, (acceptance.kind, acceptance.identity, acceptance.change)))
    matches = f", {acceptance.matches} match{'' if acceptance.matches == 1 else 'es'}" if acceptance.matches else ""
    return f"{acceptance.tenant}: {what}, {_terms(acceptance)}: {STATE_MEANS[acceptance.state]}{matches}"


def accepted_notes(tenant: TenantEntry) -> tuple[str, ...]:
    """The differences accepted in the tenant, each object once."""
    found = (each for migration in tenant.migrations for each in migration.differences)
    return tuple(
        dict.fromkeys(f"accepted {_terms(each.accepted)}: {sentence(each)}" for each in found if each.accepted)
    )


def remarks(tenant: TenantEntry) -> tuple[str, ...]:
    """What does not count against the tenant: accepted differences, then its notes."""
    return (*accepted_notes(tenant), *notes(tenant))


def _terms(accepted: AcceptedEntry | AcceptanceEntry) -> str:
    return f"until {accepted.until:%Y-%m-%d} ({accepted.owner}: {accepted.reason})"
