"""An index, and a column that is required from now on."""

from alembic import op

revision, down_revision = "0003", "0002"


def upgrade() -> None:
    op.create_index("posts_author", "posts", ["author"])
    op.alter_column("users", "name", nullable=False)


def downgrade() -> None:
    op.alter_column("users", "name", nullable=True)
    op.drop_index("posts_author")
