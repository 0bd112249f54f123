"""Keys of artifacts: as Prefect requires them, and never the same for different things."""

import re
from itertools import product

from pgfleet.tasks.support.artifacts import artifact_key

KINDS = ("audit", "summary", "plan", "plan-summary", "seed", "seed-plan", "seed-plan-summary", "counts", "rollout",
         "counts-rollout", "dry-run", "revert", "revert-dry-run", "adoption", "tenant")  # fmt: skip
ENVIRONMENTS = ("prod", "prod-eu", "prod-selection", "summary", "summary-eu", "plan", "rollout", "dry-run", "seed")
TENANTS = ("", "acme", "eu-acme", "selection", "eu--acme", "-acme", "acme-", "Acme", "a_b", "a-b", "漢", "a b")


def test_different_things_have_different_keys() -> None:
    chosen = list(product(KINDS, ENVIRONMENTS, TENANTS))
    keys = {artifact_key(*each) for each in chosen}
    assert len(keys) == len(chosen)
    assert [each for each in keys if not re.fullmatch(r"[a-z0-9-]+", each)] == []


def test_ordinary_keys_are_readable() -> None:
    assert artifact_key("audit", "prod-eu") == "audit-prod-eu"
    assert artifact_key("tenant", "prod", "eu-acme") == "tenant-prod--eu-acme"
    assert artifact_key("tenant", "prod-eu", "acme") == "tenant-prod-eu--acme"
