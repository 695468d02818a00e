"""Uploaded files, who used a link from where, and personal data that goes after its time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from jieli.store.columns import Moment

revision = "0004_attachments"
down_revision = "0003_deliveries"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# What blanking may change, and nothing else ever: the payloads of a case that is marked as blanked.
_MARKED = "SELECT 1 FROM cases WHERE id = OLD.case_id AND blanked_at IS NOT NULL"
_FIXED = (
    "case_id", "seq", "event_id", "kind", "by", "at", "recorded_at", "version", "context_id",
    "facts",
)  # fmt: skip


def upgrade() -> None:
    op.add_column("cases", sa.Column("blank_at", Moment(), nullable=True))
    op.add_column("cases", sa.Column("blanked_at", Moment(), nullable=True))
    _files()
    _link_uses()
    _history_may_be_blanked()


def _files() -> None:
    op.create_table(
        "files",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=True),
        sa.Column("uploaded_by", sa.Text(), nullable=True),
        sa.Column("uploaded_at", Moment(), nullable=False),
        sa.Column("kept_at", Moment(), nullable=True),
        sa.Column("gone_at", Moment(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('photo', 'video', 'document')", name=op.f("ck_files_kind")
        ),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_files_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_files")),
    )
    op.create_index("ix_files_sha256", "files", ["sha256"])
    op.create_index("ix_files_case_id", "files", ["case_id"])
    op.create_index("ix_files_owner", "files", ["owner"])
    unkept = sa.text("kept_at IS NULL")
    op.create_index(
        "ix_files_unkept", "files", ["uploaded_at"], postgresql_where=unkept, sqlite_where=unkept
    )


def _link_uses() -> None:
    op.create_table(
        "link_uses",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("link_id", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=True),
        sa.Column("known_by", sa.Text(), nullable=False),
        sa.Column("network", sa.Text(), nullable=False),
        sa.Column("browser", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_link_uses_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link_uses")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_link_uses_case_id", "link_uses", ["case_id", "visit"])


def _history_may_be_blanked() -> None:
    if op.get_bind().dialect.name == "postgresql":
        same = "to_jsonb(NEW) - 'event' - 'entries' = to_jsonb(OLD) - 'event' - 'entries'"
        op.execute(
            "CREATE OR REPLACE FUNCTION history_is_append_only() RETURNS trigger LANGUAGE plpgsql "
            f"AS $$ BEGIN IF TG_OP = 'UPDATE' AND {same} AND EXISTS ({_MARKED}) "
            "THEN RETURN NEW; END IF; RAISE EXCEPTION 'history is append-only'; END $$"
        )
        return
    same = " AND ".join(f'NEW."{name}" IS OLD."{name}"' for name in _FIXED)
    op.execute("DROP TRIGGER history_no_update")
    op.execute(
        f"CREATE TRIGGER history_no_update BEFORE UPDATE ON history "
        f"WHEN NOT ({same} AND EXISTS ({_MARKED})) "
        "BEGIN SELECT RAISE(ABORT, 'history is append-only'); END"
    )
