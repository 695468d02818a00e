"""Owners, schedules, the roster's changes, the ledger, imported lists, versions of phrases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002_scheduled_work"
down_revision = "0001_first_tables"
branch_labels = None
depends_on = None

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
LIVE = sa.text("status NOT IN ('done', 'cancelled')")
IS_OPEN = sa.text("status = 'open'")


def upgrade() -> None:
    _cases_have_owners()
    _visits_say_that_nobody_is_there()
    _a_visit_links_several_cases()
    _schedule_marks()
    _roster_changes()
    _ledger_entries()
    _imported_rows()
    _phrase_versions()


def _cases_have_owners() -> None:
    op.add_column("cases", sa.Column("owner", sa.Text(), nullable=True))
    op.create_index(
        "ix_cases_open_owner", "cases", ["owner"], postgresql_where=IS_OPEN, sqlite_where=IS_OPEN
    )
    op.create_index("ix_cases_process_closed_at", "cases", ["process", "closed_at"])


def _visits_say_that_nobody_is_there() -> None:
    op.add_column(
        "visits", sa.Column("nobody", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_index(
        "ix_visits_live_assignee", "visits", ["assignee"], postgresql_where=LIVE, sqlite_where=LIVE
    )
    # What is open now is as the case's tag says; the next change of the step writes it anyway.
    cases, visits = (
        sa.table("cases", sa.column("id"), sa.column("tags")),
        sa.table("visits", *(sa.column(each) for each in
                             ("case_id", "status", "kind", "assignee", "nobody"))),
    )  # fmt: skip
    alone = sa.select(cases.c.id).where(sa.cast(cases.c.tags, sa.Text).contains('"无人"'))
    op.execute(
        visits.update()
        .where(
            visits.c.kind == "human", visits.c.status == "open", visits.c.assignee.is_(None),
            visits.c.case_id.in_(alone),
        )
        .values(nobody=sa.true())
    )  # fmt: skip


def _a_visit_links_several_cases() -> None:
    # SQLite cannot change a primary key: the rows move to a table that has the new one.
    op.rename_table("case_links", "case_links_before")
    op.drop_index("ix_case_links_child_id", "case_links_before")
    if op.get_bind().dialect.name == "postgresql":
        for name in ("pk_case_links", "fk_case_links_parent_id", "fk_case_links_child_id"):
            op.execute(f"ALTER TABLE case_links_before RENAME CONSTRAINT {name} TO {name}_before")
    op.create_table(
        "case_links",
        sa.Column("parent_id", sa.Text(), nullable=False),
        sa.Column("parent_visit", sa.Integer(), nullable=False),
        sa.Column("child_id", sa.Text(), nullable=False),
        sa.Column("tell", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["cases.id"], name="fk_case_links_parent_id"),
        sa.ForeignKeyConstraint(["child_id"], ["cases.id"], name="fk_case_links_child_id"),
        sa.PrimaryKeyConstraint("parent_id", "parent_visit", "child_id", name="pk_case_links"),
    )
    op.create_index("ix_case_links_child_id", "case_links", ["child_id"])
    op.execute(
        "INSERT INTO case_links (parent_id, parent_visit, child_id, tell) "
        "SELECT parent_id, parent_visit, child_id, tell FROM case_links_before"
    )
    op.drop_table("case_links_before")


def _schedule_marks() -> None:
    op.create_table(
        "schedule_marks",
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("reached", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("reason_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("process", "number", name="pk_schedule_marks"),
    )
    op.create_index(
        "ix_schedule_marks_next_at", "schedule_marks", ["next_at"],
        postgresql_where=sa.text("active"), sqlite_where=sa.text("active"),
    )  # fmt: skip


def _roster_changes() -> None:
    op.create_table(
        "roster_changes",
        sa.Column("number", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("change", sa.Text(), nullable=False),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_roster_changes"),
        sa.UniqueConstraint("key", name="uq_roster_changes_key"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_roster_changes_case_id"),
        sqlite_autoincrement=True,
    )


def _ledger_entries() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("person", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", sa.Text(), nullable=False),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=True),
        sa.Column("points", sa.Float(), nullable=False),
        sa.Column("money", sa.Float(), nullable=False),
        sa.Column("nth", sa.Integer(), nullable=False),
        sa.Column("step_text", sa.Text(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=True),
        sa.Column("case_id", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_entries"),
        sa.UniqueConstraint("key", name="uq_ledger_entries_key"),
        sa.ForeignKeyConstraint(["policy"], ["contexts.id"], name="fk_ledger_entries_policy"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name="fk_ledger_entries_case_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_ledger_entries_month", "ledger_entries", ["month", "person"])
    op.create_index("ix_ledger_entries_person_rule", "ledger_entries", ["person", "rule"])


def _imported_rows() -> None:
    op.create_table(
        "imported_rows",
        sa.Column("list", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("mark", sa.Text(), nullable=True),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mark_case", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("list", "key", name="pk_imported_rows"),
    )
    op.create_index(
        "ix_imported_rows_unmarked", "imported_rows", ["list", "imported_at"],
        postgresql_where=sa.text("mark IS NULL"), sqlite_where=sa.text("mark IS NULL"),
    )  # fmt: skip


def _phrase_versions() -> None:
    op.create_table(
        "phrase_versions",
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("content_hash", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_phrase_versions"),
    )
