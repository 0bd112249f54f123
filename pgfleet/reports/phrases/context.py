"""What surrounds the findings of an audit: skipped tenants, changed files, logins, lost rows, variants."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from pgfleet.documents.audit import SkippedEntry, TenantEntry
from pgfleet.documents.audit_context import LossEntry, VariantDifference, VariantEntry
from pgfleet.documents.login_rights import LoginEntry
from pgfleet.documents.plan import TenantPlan
from pgfleet.hidden_characters import show_hidden
from pgfleet.judge.summary import tenant_count
from pgfleet.manifest.model import Manifest
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
    return listed([_difference(each) for each in variant.differences], MOST_DIFFERENCES)


def is_shared(variants: Sequence[VariantEntry]) -> bool:
    """Whether some tenants have the same differences."""
    return any(len(each.tenants) > 1 and not each.expected for each in variants)


def _difference(difference: VariantDifference) -> str:
    return f"{difference.kind} {show_hidden(difference.identity)} {difference.change}"
