"""What several tasks and flows need of Prefect: states, results, leases, retries, tags, links."""
