"""The posts, and a row."""

import sqlalchemy as sa
from alembic import op

revision, down_revision = "0002", "0001"


def upgrade() -> None:
    op.create_table(
        "posts",
        sa.Column("id", sa.BigInteger, primary_key=True),
        sa.Column("author", sa.BigInteger, sa.ForeignKey("users.id"), nullable=False),
    )
    op.execute("INSERT INTO users VALUES (1, 'é; ''x''')")


def downgrade() -> None:
    op.drop_table("posts")
