"""From observations of a tenant to statuses, verdicts, and the audit document. Pure."""
