"""The migration tools whose files pgfleet cannot read, and how to write their migrations out as SQL."""

import re
from dataclasses import dataclass

from pgfleet.manifest.source.model import Directory, texts

LIQUIBASE_SQL = re.compile(r"\s*--\s*liquibase formatted sql", re.IGNORECASE)
"""How a changelog in SQL begins; its change sets can have conditions, and are not numbered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignTool:
    """A tool whose files are named like `names` (a path relative to the directory); `command` prints their SQL."""

    name: str
    names: re.Pattern[str]
    command: str | None = None


FOREIGN_TOOLS = (
    ForeignTool(
        name="Liquibase",
        names=re.compile(r"[^/]*change-?log[^/]*\.(xml|ya?ml|json)", re.IGNORECASE),
        command="liquibase update-sql",
    ),
    ForeignTool(
        name="Alembic", names=re.compile(r"script\.py\.mako|versions/[^/]+\.py"), command="alembic upgrade --sql"
    ),
    ForeignTool(name="Django", names=re.compile(r"\d{4}_\w+\.py"), command="manage.py sqlmigrate APP NAME"),
    ForeignTool(name="Rails", names=re.compile(r"\d{14}_\w+\.rb")),
    ForeignTool(name="Ecto", names=re.compile(r"\d{14}_\w+\.exs"), command="mix ecto.migrate --log-migrations-sql"),
    ForeignTool(
        name="Entity Framework",
        names=re.compile(r"\d{14}_\w+\.cs"),
        command="dotnet ef migrations script FROM TO",
    ),
    ForeignTool(
        name="Laravel",
        names=re.compile(r"\d{4}_\d\d_\d\d_\d{6}_\w+\.php"),
        command="php artisan migrate --pretend",
    ),
    ForeignTool(name="Phinx", names=re.compile(r"\d{14}_\w+\.php"), command="phinx migrate --dry-run"),
    ForeignTool(
        name="Doctrine",
        names=re.compile(r"Version\d{14}\.php"),
        command="doctrine:migrations:migrate --write-sql",
    ),
    ForeignTool(name="TypeORM", names=re.compile(r"\d{13}-\w+\.[jt]s")),
    ForeignTool(name="Knex, Sequelize, or another tool in JavaScript", names=re.compile(r"\d{8,14}[-_].+\.[cm]?[jt]s")),
)


def find_foreign(directory: Directory) -> str | None:
    """What to do about the first of these tools whose files the directory contains."""
    for tool in FOREIGN_TOOLS:
        if any(map(tool.names.fullmatch, directory)):
            return _advise(tool)
    if any(LIQUIBASE_SQL.match(text) for _, text in texts(directory)):
        return _advise(FOREIGN_TOOLS[0])
    return None


def _advise(tool: ForeignTool) -> str:
    how = f"with {tool.command}, " if tool.command else ""
    return (
        f"contains migrations of {tool.name}, which pgfleet cannot read; write them out as SQL, {how}"
        "one numbered file each (docs/manifest.md in pgfleet's documentation)"
    )
