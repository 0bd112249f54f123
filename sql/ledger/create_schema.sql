-- The schema of pgfleet's own tables in a tenant's database. Returns nothing.
CREATE SCHEMA IF NOT EXISTS pgfleet
