"""From what was read of a tenant to what is said of it: states, verdicts, the audit document. Pure."""
