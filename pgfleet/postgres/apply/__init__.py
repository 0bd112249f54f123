"""Changes a tenant: migrations, seeds, repairs, and the ledger, each in a proven transaction."""
