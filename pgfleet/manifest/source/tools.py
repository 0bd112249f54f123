"""The tools by name: their layouts and their ledgers."""

from collections.abc import Mapping

from pgfleet.manifest.model import Tool
from pgfleet.manifest.source import (
    dbmate,
    diesel,
    drizzle,
    flyway,
    golang_migrate,
    goose,
    graphile_migrate,
    node_pg_migrate,
    plain,
    postgres_migrations,
    prisma,
    sqitch,
    sql_migrate,
    sqlx,
    supabase,
)
from pgfleet.manifest.source.ledger import LedgerFormat
from pgfleet.manifest.source.model import Layout

WITH_LEDGER = (
    sqitch,
    graphile_migrate,
    prisma,
    drizzle,
    diesel,
    flyway,
    goose,
    dbmate,
    sql_migrate,
    node_pg_migrate,
    postgres_migrations,
    golang_migrate,
    sqlx,
    supabase,
)
LAYOUTS: Mapping[Tool, Layout] = {each.LAYOUT.tool: each.LAYOUT for each in (*WITH_LEDGER, plain)}
LEDGERS: Mapping[Tool, LedgerFormat] = {each.LAYOUT.tool: each.LEDGER for each in WITH_LEDGER}
"""How each tool keeps its ledger; `plain` has none."""
