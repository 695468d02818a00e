"""Each delivery's answer, limits that processes share, faults of channels, user ids of people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003_deliveries"
down_revision = "0002_scheduled_work"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _people_have_user_ids()
    _messages_count_their_tries()
    _outbox_tries()
    _channel_limits()
    _delivery_faults()


def _people_have_user_ids() -> None:
    op.add_column("people", sa.Column("dingtalk", sa.Text(), nullable=True))
    op.add_column("people", sa.Column("wecom", sa.Text(), nullable=True))


def _messages_count_their_tries() -> None:
    op.add_column(
        "outbox", sa.Column("tries", sa.Integer(), nullable=False, server_default=sa.text("0"))
    )
    op.add_column(
        "outbox", sa.Column("alone", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    # Until now every claim was a try.
    op.execute("UPDATE outbox SET tries = attempt WHERE status = 'pending'")


def _outbox_tries() -> None:
    op.create_table(
        "outbox_tries",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("message", BIG_ID, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["message"], ["outbox.id"], name="fk_outbox_tries_message"),
        sa.PrimaryKeyConstraint("id", name="pk_outbox_tries"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outbox_tries_message", "outbox_tries", ["message"])


def _channel_limits() -> None:
    op.create_table(
        "channel_limits",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("taken", sa.Text(), nullable=False),
        sa.Column("shut_until", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_channel_limits"),
    )


def _delivery_faults() -> None:
    op.create_table(
        "delivery_faults",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_delivery_faults"),
    )
