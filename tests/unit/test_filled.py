"""What forms hold before anybody typed, and what comes back from a page against what stays."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from jieli.engine import forms
from jieli.engine.definition import FieldWords
from jieli.engine.errors import FormError
from jieli.engine.filled import ROW, completed, defaults, locked, merge, rows_of, starting, table
from jieli.engine.filters import Choice

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)  # 11:00 in the shop
SCOPE: dict[str, Any] = {"now": NOW, "_timezone": "Asia/Shanghai"}
COLUMNS = {
    "ref": {"label": "单号"},
    "customer": {"label": "客户"},
    "kind": {"label": "类型", "type": "choice", "of": {"urgent": "紧急", "follow": "跟进"}},
    "due": {"label": "时间", "type": "datetime"},
    "note": {"label": "说明", "type": "long_text", "required": True},
}


def field(**fill: Any) -> FieldWords:
    said = {"open_work": "outgoing", "key": "ref", "shown": ["customer", "kind"], **fill}
    words = {"label": "事项", "type": "rows", "fields": COLUMNS, "fill": said}
    return FieldWords.model_validate(words)


def source(words: FieldWords, *rows: dict[str, Any]) -> list[dict[str, Any]]:
    return table(words, rows, SCOPE)


A = {"ref": "B1", "customer": "张三", "kind": "urgent"}
B = {"ref": "B2", "customer": "李四"}


# ---- defaults ------------------------------------------------------------------------------------


def test_an_expression_is_the_default_as_json_keeps_it() -> None:
    fields = {
        "day": FieldWords(label="日", type="date", fill="now | local_date"),
        "who": FieldWords(label="谁", type="people", fill="[boss]"),
        "money": FieldWords(label="钱", type="money", fill="amount"),
        "level": FieldWords(label="级", type="choice", of={"high": "高"}, fill="level"),
        "missing": FieldWords(label="?", fill="nothing_of_the_kind"),
        "empty": FieldWords(label="?", fill="blank"),
    }
    scope = {**SCOPE, "boss": "li_na", "amount": Decimal("3.50"), "level": Choice("high", "高"), "blank": None}
    found = defaults(fields, scope)
    assert found == {"day": "2026-11-24", "who": ["li_na"], "money": "3.50", "level": "high"}
    assert type(found["level"]) is str


# ---- tables --------------------------------------------------------------------------------------


def test_a_table_takes_the_columns_it_has_and_what_they_can_hold() -> None:
    row = {"ref": "B1", "customer": "一\n二" * 200, "kind": "gone", "due": NOW, "more": "x"}
    (made,) = source(field(), row)
    assert made == {
        "ref": "B1", "customer": made["customer"], "due": NOW.isoformat(), ROW: "B1",
    }  # fmt: skip
    assert len(made["customer"]) <= 200 and "\n" not in made["customer"]


def test_a_column_may_have_a_default_of_its_own_that_hangs_on_the_row() -> None:
    words = field()
    soon = "now | plus('30m') if kind == 'urgent' else None"
    columns = {
        **words.fields,
        "due": FieldWords(label="时间", type="datetime", fill=soon),
        "note": FieldWords(label="说明", default="无"),
    }
    words = words.model_copy(update={"fields": columns})
    first, second = source(words, A, B)
    assert (first["due"], first["note"]) == ("2026-11-24T03:30:00+00:00", "无")
    assert "due" not in second


def test_the_rows_of_a_step_are_a_source_and_what_is_no_row_is_none() -> None:
    words = field(open_work=None, rows="check.list", key=None)
    found = rows_of("check.list", {"check": {"list": [A, None, "x", B]}})
    assert [row[ROW] for row in source(words, *found)] == ["0", "1"]
    assert rows_of("check.list", {"check": {"list": None}}) == rows_of("nothing.here", {}) == []


def test_a_form_begins_with_its_defaults_and_its_tables() -> None:
    fields = {"items": field(), "day": FieldWords(label="日", type="date", fill="now | local_date")}
    values = starting(fields, SCOPE, {"items": [A]})
    assert values == {"day": "2026-11-24", "items": [{**A, ROW: "B1"}]}


# ---- sent in -------------------------------------------------------------------------------------


def test_what_is_shown_comes_from_the_source_whatever_was_sent() -> None:
    words = field()
    rows = source(words, A, B)
    sent = [
        {ROW: "B2", "customer": "王五", "note": "乙"},
        {ROW: "B1", "customer": "forged", "ref": "B9", "kind": "follow", "note": "甲"},
    ]
    merged = merge(words, rows, sent)
    assert merged.rows == [{**A, ROW: "B1", "note": "甲"}, {**B, ROW: "B2", "note": "乙"}]
    assert merged.missing == ()


def test_what_the_source_left_empty_can_be_filled_in() -> None:
    words = field()
    (row,) = source(words, B)
    assert locked(words, row) == ["ref", "customer"]
    (merged,) = merge(words, [row], [{ROW: "B2", "kind": "follow", "note": "乙"}]).rows
    assert merged["kind"] == "follow"


def test_a_row_typed_in_has_no_key_and_all_its_columns() -> None:
    words = field()
    rows = source(words, A)
    sent = [{ROW: "B1", "note": "甲"}, {ROW: "", "ref": "B1", "customer": "新", "note": "丙"}]
    assert merge(words, rows, sent).rows[1] == {"customer": "新", "note": "丙"}


def test_a_row_whose_source_is_gone_is_gone_too() -> None:
    words = field()
    sent = [{ROW: "B1", "note": "甲"}, {ROW: "B7", "note": "closed meanwhile"}]
    assert [row[ROW] for row in merge(words, source(words, A), sent).rows] == ["B1"]


def test_a_row_taken_out_or_new_since_comes_back_and_is_asked_for() -> None:
    words = field()
    merged = merge(words, source(words, A, B), [{ROW: "B1", "note": "甲"}])
    assert [row[ROW] for row in merged.rows] == ["B1", "B2"] and merged.missing == ("B2",)


def test_what_need_not_be_kept_may_be_taken_out() -> None:
    words = field(keep=False)
    merged = merge(words, source(words, A, B), [{ROW: "B2", "note": "乙"}])
    assert [row[ROW] for row in merged.rows] == ["B2"] and merged.missing == ()


def test_rows_that_do_not_say_where_they_come_from_are_known_by_their_key() -> None:
    words = field()
    rows = source(words, A, B)
    sent = [{"ref": "B2", "note": "乙"}, {"ref": "B1", "note": "甲"}, {"ref": "B9", "note": "typed"}]
    merged = merge(words, rows, sent)
    assert [row.get("note") for row in merged.rows] == ["甲", "乙", "typed"]
    assert "ref" not in merged.rows[2]


def test_without_a_key_rows_are_known_by_their_order() -> None:
    words = field(open_work=None, rows="x", key=None)
    rows = source(words, A, B)
    sent = [{"note": "甲"}, {"note": "乙"}, {"note": "丙"}]
    assert [row.get("customer") for row in merge(words, rows, sent).rows] == ["张三", "李四", None]
    left = merge(words, rows, [{"customer": "李四", "note": "乙"}])
    assert left.missing == ("张三",) and [row.get("note") for row in left.rows] == [None, "乙"]


@pytest.mark.parametrize("given", [None, "", "x", [], ["x"], {}])
def test_a_table_that_did_not_come_is_as_it_was(given: Any) -> None:
    words = field()
    merged = merge(words, source(words, A), given)
    assert merged.rows == [{**A, ROW: "B1"}] and merged.missing == ("B1",)


# ---- in a form -----------------------------------------------------------------------------------


def submit(fields: dict[str, FieldWords], raw: dict[str, Any], **found: Any) -> dict[str, Any]:
    filled = {name: table(fields[name], rows, SCOPE) for name, rows in found.items()}
    values, missing = completed(fields, raw, filled)
    return forms.check(fields, (), values, SCOPE, now=NOW, timezone="Asia/Shanghai", missing=missing)


def test_a_whole_table_is_accepted_and_its_marks_are_not_kept() -> None:
    raw = {"items": [{ROW: "B1", "note": "甲"}]}
    assert submit({"items": field()}, raw, items=[A]) == {"items": [{**A, "note": "甲"}]}


def test_a_table_that_lacks_rows_is_refused_and_names_them() -> None:
    with pytest.raises(FormError) as caught:
        submit({"items": field()}, {"items": [{ROW: "B1", "note": "甲"}]}, items=[A, B])
    told = caught.value.fields
    assert told["items"] == "B2 被删掉了，或者是刚出现的。已经放回来，请看一下再提交。"
    assert told["items.1.note"] == "请填写说明。"


def test_a_table_that_is_not_asked_lacks_nothing() -> None:
    hidden = field().model_copy(update={"show_if": "more == 'yes'"})
    fields = {"more": FieldWords(label="更多"), "items": hidden}
    assert submit(fields, {"more": "no"}, items=[A, B]) == {"more": "no"}
