"""The tools by name: their layouts and their ledgers."""

from collections.abc import Mapping

from pgfleet.manifest.model import Tool
from pgfleet.manifest.source import (
    dbmate,
    diesel,
    flyway,
    flyway_ledger,
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

LAYOUTS: Mapping[Tool, Layout] = {
    each.tool: each
    for each in (
        sqitch.LAYOUT,
        graphile_migrate.LAYOUT,
        prisma.LAYOUT,
        diesel.LAYOUT,
        flyway.LAYOUT,
        goose.LAYOUT,
        dbmate.LAYOUT,
        sql_migrate.LAYOUT,
        node_pg_migrate.LAYOUT,
        postgres_migrations.LAYOUT,
        golang_migrate.LAYOUT,
        sqlx.LAYOUT,
        supabase.LAYOUT,
        plain.LAYOUT,
    )
}
LEDGERS: Mapping[Tool, LedgerFormat] = {
    Tool.SQITCH: sqitch.LEDGER,
    Tool.GRAPHILE_MIGRATE: graphile_migrate.LEDGER,
    Tool.PRISMA: prisma.LEDGER,
    Tool.DIESEL: diesel.LEDGER,
    Tool.FLYWAY: flyway_ledger.LEDGER,
    Tool.GOOSE: goose.LEDGER,
    Tool.DBMATE: dbmate.LEDGER,
    Tool.SQL_MIGRATE: sql_migrate.LEDGER,
    Tool.NODE_PG_MIGRATE: node_pg_migrate.LEDGER,
    Tool.POSTGRES_MIGRATIONS: postgres_migrations.LEDGER,
    Tool.GOLANG_MIGRATE: golang_migrate.LEDGER,
    Tool.SQLX: sqlx.LEDGER,
    Tool.SUPABASE: supabase.LEDGER,
}


def ledger_format(tool: Tool) -> LedgerFormat:
    """How the tool keeps its ledger. Raises KeyError for `plain`, which has none."""
    return LEDGERS[tool]
