"""Every table and its constraints. Names only; the rules are in the modules named like them."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

from jieli.store.columns import BigId, Json, Moment

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _one_of(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _case_id() -> Column[str]:
    return Column("case_id", Text, ForeignKey("cases.id"), nullable=False)


# ---- definitions, and what is live around them -----------------------------------------------

definitions = Table(
    "definitions", metadata,
    Column("process", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("content_hash", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("messages", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("published_at", Moment, nullable=False),
    PrimaryKeyConstraint("process", "version"),
)  # fmt: skip

contexts = Table(
    "contexts", metadata,
    Column("id", Text, primary_key=True),
    Column("body", Text, nullable=False),
    Column("created_at", Moment, nullable=False),
)  # fmt: skip

# One row per name: the context in force, the clock's offset in development.
current_values = Table(
    "current_values", metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)  # fmt: skip

people = Table(
    "people", metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("roles", Json, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("email", Text),
    Column("phone", Text),
    Column("dingtalk", Text),
    Column("wecom", Text),
    Column("pin_hash", Text),
    Column("pin_set_at", Moment),
    Column("wrong_tries", Integer, nullable=False, server_default=text("0")),
    Column("locked_until", Moment),
)  # fmt: skip

roles = Table(
    "roles", metadata,
    Column("id", Text, primary_key=True),
    Column("label", Text, nullable=False),
    Column("active", Boolean, nullable=False),
)  # fmt: skip

contact_blocks = Table(
    "contact_blocks", metadata,
    Column("buyer", Text, primary_key=True),
    Column("case_id", Text, nullable=False),
    Column("blocked_at", Moment, nullable=False),
)  # fmt: skip

# ---- cases -----------------------------------------------------------------------------------

cases = Table(
    "cases", metadata,
    Column("id", Text, primary_key=True),
    Column("ref", Text, nullable=False, unique=True),
    Column("process", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("result", Text),
    Column("title", Text, nullable=False),
    Column("priority", Text, nullable=False),
    Column("buyer", Text),
    Column("contact_blocked", Boolean, nullable=False),
    Column("tags", Json, nullable=False),
    Column("search", Text, nullable=False),
    Column("parent_id", Text),
    Column("parent_visit", Integer),
    Column("owner", Text),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("due_at", Moment),
    Column("changed_at", Moment, nullable=False),
    Column("state", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("fault", Text),
    Column("fault_at", Moment),
    # Personal data: when it is to go at the latest, on request; and when it went.
    Column("blank_at", Moment),
    Column("blanked_at", Moment),
    _one_of("status", "open", "completed", "cancelled"),
    Index("uq_cases_open_key", "key", unique=True,
          postgresql_where=text("status = 'open'"), sqlite_where=text("status = 'open'")),
    Index("ix_cases_key", "key"),
    Index("ix_cases_status_opened_at", "status", "opened_at"),
    Index("ix_cases_open_owner", "owner",
          postgresql_where=text("status = 'open'"), sqlite_where=text("status = 'open'")),
    Index("ix_cases_process_closed_at", "process", "closed_at"),
    Index("ix_cases_contactable_buyer", "buyer",
          postgresql_where=text("status = 'open' AND NOT contact_blocked"),
          sqlite_where=text("status = 'open' AND NOT contact_blocked")),
)  # fmt: skip

# Every start that was asked for: the counter behind refs, and what makes a start idempotent.
case_starts = Table(
    "case_starts", metadata,
    Column("number", BigId, primary_key=True, autoincrement=True),
    Column("event_id", Text, nullable=False, unique=True),
    Column("case_id", Text),
    Column("created", Boolean, nullable=False, server_default=false()),
    sqlite_autoincrement=True,
)  # fmt: skip

# Sub-cases: `tell` when the store must report the end, because the child knows no parent.
# One visit may link several; a link from no visit (a ledger proposal) has visit 0.
case_links = Table(
    "case_links", metadata,
    Column("parent_id", Text, ForeignKey("cases.id"), nullable=False),
    Column("parent_visit", Integer, nullable=False),
    Column("child_id", Text, ForeignKey("cases.id"), nullable=False),
    Column("tell", Boolean, nullable=False),
    PrimaryKeyConstraint("parent_id", "parent_visit", "child_id"),
    Index("ix_case_links_child_id", "child_id"),
)  # fmt: skip

history = Table(
    "history", metadata,
    _case_id(),
    Column("seq", Integer, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("event", Text, nullable=False),
    Column("by", Text),
    Column("at", Moment, nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("version", Integer, nullable=False),
    Column("context_id", Text, ForeignKey("contexts.id"), nullable=False),
    Column("facts", Json, nullable=False),
    Column("entries", Text, nullable=False),
    PrimaryKeyConstraint("case_id", "seq"),
    UniqueConstraint("event_id", "case_id"),
)  # fmt: skip

visits = Table(
    "visits", metadata,
    _case_id(),
    Column("visit", Integer, nullable=False),
    Column("step", Text, nullable=False),
    Column("nth", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("branch", Text, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("closed_at", Moment),
    Column("due_at", Moment),
    Column("overdue", Boolean, nullable=False),
    Column("outcome", Text),
    Column("by", Text),
    Column("role", Text),
    Column("assignee", Text),
    Column("candidates", Json, nullable=False),
    Column("nobody", Boolean, nullable=False, server_default=false()),
    Column("generation", Integer, nullable=False),
    Column("window_start", Moment),
    Column("window_end", Moment),
    Column("entered_at", Moment, nullable=False),
    Column("left_at", Moment),
    PrimaryKeyConstraint("case_id", "visit"),
    Index("ix_visits_live_due_at", "due_at",
          postgresql_where=text("status NOT IN ('done', 'cancelled')"),
          sqlite_where=text("status NOT IN ('done', 'cancelled')")),
    Index("ix_visits_live_assignee", "assignee",
          postgresql_where=text("status NOT IN ('done', 'cancelled')"),
          sqlite_where=text("status NOT IN ('done', 'cancelled')")),
)  # fmt: skip

timers = Table(
    "timers", metadata,
    _case_id(),
    Column("timer", Integer, nullable=False),
    Column("visit", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    Column("guessed", Boolean, nullable=False),
    PrimaryKeyConstraint("case_id", "timer"),
    UniqueConstraint("case_id", "visit", "kind", "number"),
    Index("ix_timers_at", "at"),
)  # fmt: skip

drafts = Table(
    "drafts", metadata,
    _case_id(),
    Column("visit", Integer, nullable=False),
    Column("author", Text, nullable=False),
    Column("data", Json, nullable=False),
    Column("saved_at", Moment, nullable=False),
    PrimaryKeyConstraint("case_id", "visit", "author"),
)  # fmt: skip

# What was uploaded. The content lies under its sha256 in the file store, once however often it
# came; `kept_at` is empty until an answer names it, `gone_at` says that the content was deleted.
files = Table(
    "files", metadata,
    Column("id", Text, primary_key=True),
    Column("sha256", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("case_id", Text, ForeignKey("cases.id")),
    Column("uploaded_by", Text),
    Column("uploaded_at", Moment, nullable=False),
    Column("kept_at", Moment),
    Column("gone_at", Moment),
    _one_of("kind", "photo", "video", "document"),
    Index("ix_files_sha256", "sha256"),
    Index("ix_files_case_id", "case_id"),
    Index("ix_files_owner", "owner"),
    Index("ix_files_unkept", "uploaded_at",
          postgresql_where=text("kept_at IS NULL"), sqlite_where=text("kept_at IS NULL")),
)  # fmt: skip

# ---- what is to be done ----------------------------------------------------------------------

links = Table(
    "links", metadata,
    Column("id", Text, primary_key=True),
    _case_id(),
    Column("visit", Integer, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("person", Text),
    Column("role", Text),
    Column("generation", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    Column("status", Text, nullable=False),
    Column("expires_at", Moment),
    Column("created_at", Moment, nullable=False),
    Column("opened_at", Moment),
    _one_of("purpose", "work_item", "wait"),
    _one_of("status", "active", "revoked"),
    UniqueConstraint("case_id", "visit", "recipient", "generation", "number"),
)  # fmt: skip

# Who did what through a link, how we knew them, and from where: the network, never the full address.
link_uses = Table(
    "link_uses", metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("link_id", Text, nullable=False),
    _case_id(),
    Column("visit", Integer, nullable=False),
    Column("what", Text, nullable=False),
    Column("person", Text),
    Column("known_by", Text, nullable=False),
    Column("network", Text, nullable=False),
    Column("browser", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_link_uses_case_id", "case_id", "visit"),
    sqlite_autoincrement=True,
)  # fmt: skip

outbox = Table(
    "outbox", metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    _case_id(),
    Column("number", Integer, nullable=False),
    Column("visit", Integer),
    Column("purpose", Text, nullable=False),
    Column("to_person", Text),
    Column("to_role", Text),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("facts", Json, nullable=False),
    Column("link_id", Text),
    Column("urgent", Boolean, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("claimed_by", Text),
    Column("claimed_until", Moment),
    Column("next_try_at", Moment, nullable=False),
    Column("queued_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("provider_id", Text),
    Column("reason", Text),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("alone", Boolean, nullable=False, server_default=false()),
    _one_of("status", "pending", "sent", "rejected", "cancelled", "given_up"),
    UniqueConstraint("case_id", "number"),
    Index("ix_outbox_pending", "urgent", "id",
          postgresql_where=text("status = 'pending'"), sqlite_where=text("status = 'pending'")),
    sqlite_autoincrement=True,
)  # fmt: skip

# Each time a message was handed to a provider, and what it said; secrets are taken out before.
outbox_tries = Table(
    "outbox_tries", metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("message", BigId, ForeignKey("outbox.id"), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("channel", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_outbox_tries_message", "message"),
    sqlite_autoincrement=True,
)  # fmt: skip

# One row per limit that all processes share: when it was used of late, and until when it is shut.
channel_limits = Table(
    "channel_limits", metadata,
    Column("name", Text, primary_key=True),
    Column("taken", Json, nullable=False),
    Column("shut_until", Moment),
)  # fmt: skip

# What does not work now: a channel, or reaching somebody at all. Gone when it works again.
delivery_faults = Table(
    "delivery_faults", metadata,
    Column("name", Text, primary_key=True),
    Column("reason", Text, nullable=False),
    Column("since", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("told_at", Moment),
)  # fmt: skip

service_calls = Table(
    "service_calls", metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    _case_id(),
    Column("visit", Integer, nullable=False),
    Column("call_attempt", Integer, nullable=False),
    Column("idempotency_key", Text, nullable=False),
    Column("request", Json, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("begun_at", Moment),
    Column("claimed_by", Text),
    Column("claimed_until", Moment),
    Column("next_try_at", Moment, nullable=False),
    Column("queued_at", Moment, nullable=False),
    Column("finished_at", Moment),
    Column("response", Json),
    Column("reason", Text),
    Column("unknown", Boolean, nullable=False),
    Column("reported", Boolean, nullable=False),
    _one_of("status", "pending", "answered", "failed", "cancelled"),
    UniqueConstraint("case_id", "visit", "call_attempt"),
    Index("ix_service_calls_pending", "next_try_at",
          postgresql_where=text("status = 'pending'"), sqlite_where=text("status = 'pending'")),
    Index("ix_service_calls_unreported", "id",
          postgresql_where=text("status IN ('answered', 'failed') AND NOT reported"),
          sqlite_where=text("status IN ('answered', 'failed') AND NOT reported")),
    sqlite_autoincrement=True,
)  # fmt: skip

case_events = Table(
    "case_events", metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("event_id", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("from_case", Text, nullable=False),
    Column("from_visit", Integer),
    Column("to_case", Text),
    Column("body", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("next_try_at", Moment, nullable=False),
    Column("queued_at", Moment, nullable=False),
    Column("reason", Text),
    _one_of("kind", "event", "start"),
    _one_of("status", "pending", "done", "refused", "failed"),
    UniqueConstraint("event_id"),
    Index("ix_case_events_pending", "next_try_at",
          postgresql_where=text("status = 'pending'"), sqlite_where=text("status = 'pending'")),
    sqlite_autoincrement=True,
)  # fmt: skip

# ---- the calendar, the roster, the ledger, lists from elsewhere ----------------------------------

# One row per schedule of a process: what has been begun, what comes next, what went wrong last.
# `next_at` is a cache: empty means work it out; `words` tells a changed schedule from the same one.
schedule_marks = Table(
    "schedule_marks", metadata,
    Column("process", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("words", Text, nullable=False),
    Column("reached", Moment, nullable=False),
    Column("next_at", Moment),
    Column("active", Boolean, nullable=False),
    Column("reason", Text),
    Column("reason_at", Moment),
    PrimaryKeyConstraint("process", "number"),
    Index("ix_schedule_marks_next_at", "next_at",
          postgresql_where=text("active"), sqlite_where=text("active")),
)  # fmt: skip

roster_changes = Table(
    "roster_changes", metadata,
    Column("number", BigId, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("change", Text, nullable=False),
    _case_id(),
    Column("recorded_at", Moment, nullable=False),
    sqlite_autoincrement=True,
)  # fmt: skip

ledger_entries = Table(
    "ledger_entries", metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("key", Text, nullable=False, unique=True),
    Column("rule", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("evidence", Text, nullable=False),
    Column("happened_at", Moment, nullable=False),
    Column("month", Text, nullable=False),
    Column("severity", Text),
    Column("points", Float, nullable=False),
    Column("money", Float, nullable=False),
    Column("nth", Integer, nullable=False),
    Column("step_text", Text, nullable=False),
    Column("policy", Text, ForeignKey("contexts.id"), nullable=False),
    Column("recorded_at", Moment, nullable=False),
    Column("by", Text),
    _case_id(),
    Index("ix_ledger_entries_month", "month", "person"),
    Index("ix_ledger_entries_person_rule", "person", "rule"),
    sqlite_autoincrement=True,
)  # fmt: skip

imported_rows = Table(
    "imported_rows", metadata,
    Column("list", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("data", Json, nullable=False),
    Column("imported_at", Moment, nullable=False),
    Column("mark", Text),
    Column("marked_at", Moment),
    Column("mark_case", Text),
    PrimaryKeyConstraint("list", "key"),
    Index("ix_imported_rows_unmarked", "list", "imported_at",
          postgresql_where=text("mark IS NULL"), sqlite_where=text("mark IS NULL")),
)  # fmt: skip

phrase_versions = Table(
    "phrase_versions", metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("content_hash", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("published_at", Moment, nullable=False),
)  # fmt: skip

# ---- how Prefect shows it --------------------------------------------------------------------

case_runs = Table(
    "case_runs", metadata,
    Column("case_id", Text, ForeignKey("cases.id"), primary_key=True),
    Column("run_id", Text),
    Column("generation", Integer, nullable=False),
    Column("shown_revision", Integer, nullable=False),
    Column("ended", Boolean, nullable=False),
    Index("ix_case_runs_not_ended", "case_id",
          postgresql_where=text("NOT ended"), sqlite_where=text("NOT ended")),
)  # fmt: skip

shown_visits = Table(
    "shown_visits", metadata,
    _case_id(),
    Column("visit", Integer, nullable=False),
    Column("run_id", Text, nullable=False),
    Column("status", Text, nullable=False),
    PrimaryKeyConstraint("case_id", "visit"),
)  # fmt: skip

leases = Table(
    "leases", metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until", Moment, nullable=False),
)  # fmt: skip

heartbeats = Table(
    "heartbeats", metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("at", Moment, nullable=False),
)  # fmt: skip
