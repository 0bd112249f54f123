"""The last audits of an environment, kept in `report_dir` for the trends on its pages."""

from pgfleet.documents.entry import Entry

MOST_AUDITS = 30
"""How many audits are kept, the oldest first."""


class PastAudit(Entry):
    """One audit of all tenants; `page` is the name of its HTML file, in the same folder."""

    run_id: str
    finished: str
    """When it ended, in the environment's time zone."""
    outcome: str
    tenants: dict[str, int]
    """The number of tenants by the word of their status on the page."""
    page: str


class AuditHistory(Entry):
    """The audits of one environment."""

    environment: str
    audits: tuple[PastAudit, ...] = ()

    def with_audit(self, audit: PastAudit) -> "AuditHistory":
        """The history with this audit as the last one; a run that was retried replaces its own entry."""
        others = tuple(each for each in self.audits if each.run_id != audit.run_id)
        return self.model_copy(update={"audits": (*others, audit)[-MOST_AUDITS:]})
