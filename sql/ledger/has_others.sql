-- Does the ledger record migrations of another tenant of this database? One row.
SELECT EXISTS (SELECT FROM pgfleet.ledger AS l WHERE l.home_schema <> %(home)s::text) AS has_others
