"""Scripts that changed after they were applied."""

from collections import Counter
from collections.abc import Iterable, Iterator

from pgfleet.documents.audit import TenantEntry
from pgfleet.documents.plan import TenantPlan
from pgfleet.judge.summary import tenant_count
from pgfleet.manifest.model import Manifest


def altered_files(tenants: Iterable[TenantPlan | TenantEntry], manifest: Manifest) -> Iterator[tuple[str, str]]:
    """The files that changed after they were applied, and in how many tenants."""
    found = Counter(each.version for tenant in tenants for each in tenant.migrations if each.altered)
    for each in (each for each in manifest.migrations if each.version in found):
        by = "the next rollout" if each.repeatable else f"--rerun {each.version}"
        yield each.file, f"in {tenant_count(found[each.version])}; {by} runs it again"
