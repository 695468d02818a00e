"""What a form accepts from a browser, a webhook or the command line, and what it answers."""
# ruff: noqa: E501 (what a field says stands on one line)

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from jieli.engine.definition import Button, FieldWords, HumanStep, Rule
from jieli.engine.errors import FormError
from jieli.engine.expressions import ExpressionError
from jieli.engine.filters import Choice
from jieli.engine.forms import better_not, check, shown, wordings_for
from jieli.engine.phrases import Wordings
from jieli.texts import use_language

NOW = datetime(2026, 11, 24, 3, 0, tzinfo=UTC)  # 11:00 in the shop


@pytest.fixture
def english() -> Iterator[None]:
    """The answers in English."""
    use_language("en")
    yield
    use_language("zh")


def words(label: str = "内容", **more: Any) -> FieldWords:
    """One field."""
    return FieldWords(label=label, **more)


def fill(
    fields: dict[str, FieldWords],
    raw: dict[str, Any],
    *rules: Rule,
    button: Button | None = None,
    **scope: Any,
) -> dict[str, Any]:
    """Check a form in Shanghai at eleven."""
    return check(fields, rules, raw, scope, now=NOW, timezone="Asia/Shanghai", button=button)


def mistakes(
    fields: dict[str, FieldWords],
    raw: dict[str, Any],
    *rules: Rule,
    button: Button | None = None,
    **scope: Any,
) -> dict[str, str]:
    """What the form says is wrong."""
    with pytest.raises(FormError) as caught:
        fill(fields, raw, *rules, button=button, **scope)
    return caught.value.fields


CHOICE: dict[str, Any] = {"of": {"ours": "我方", "courier": "快递"}}

ACCEPTED = (
    (words(), "  杯盖漏水 ", "杯盖漏水"),
    (words(), 20261124, "20261124"),
    (words(type="long_text"), "一\r\n二", "一\n二"),
    (words(pattern="[0-9A-Z]{4,}"), "SO12", "SO12"),
    (words(type="choice", **CHOICE), "ours", "ours"),
    (words(type="choice", **CHOICE), Choice("ours", "我方"), "ours"),
    (words(type="choices", **CHOICE), ["courier", "ours", "ours"], ["ours", "courier"]),
    (words(type="choices", **CHOICE), "ours", ["ours"]),
    (words(type="yes_no"), "yes", True),
    (words(type="yes_no"), "on", True),
    (words(type="yes_no"), "no", False),
    (words(type="yes_no"), True, True),
    (words(type="yes_no", required=True), False, False),
    (words(type="number"), "１２", 12),
    (words(type="number"), "1,200.50", 1200.5),
    (words(type="number"), 3, 3),
    (words(type="money"), "12.5", "12.50"),
    (words(type="money"), "¥1,200 元", "1200.00"),
    (words(type="money"), Decimal("0.1"), "0.10"),
    (words(type="money"), "-0", "0.00"),
    (words(type="money", min=-50), "-20", "-20.00"),
    (words(type="date"), "2026-11-24", "2026-11-24"),
    (words(type="date"), "2026/11/24", "2026-11-24"),
    (words(type="date"), date(2026, 11, 24), "2026-11-24"),
    (words(type="datetime"), "2026-11-24T11:00", "2026-11-24T03:00:00+00:00"),
    (words(type="datetime"), "2026-11-24 11:00", "2026-11-24T03:00:00+00:00"),
    (words(type="datetime"), "2026-11-24T05:00:00+02:00", "2026-11-24T03:00:00+00:00"),
    (words(type="datetime"), NOW, "2026-11-24T03:00:00+00:00"),
    (words(type="datetime", max="now"), "2026-11-24T11:00", "2026-11-24T03:00:00+00:00"),
    (words(type="phone"), "138 1234 5678", "13812345678"),
    (words(type="phone"), "+86 138-1234-5678", "13812345678"),
    (words(type="phone"), "１３８１２３４５６７８", "13812345678"),
    (words(type="phone"), "13212345678-1234", "13212345678-1234"),
    (words(type="phone"), "132123457749-1234", "132123457749-1234"),
    (words(type="phone"), "13212345678转1234", "13212345678-1234"),
    (words(type="phone"), "01012345678", "010-12345678"),
    (words(type="phone"), "0571-88888888-12", "0571-88888888-12"),
    (words(type="phone"), "400-123-4567", "4001234567"),
    (words(type="person"), "li_na", "li_na"),
)  # fmt: skip


@pytest.mark.parametrize(("field", "given", "kept"), ACCEPTED)
def test_a_value_is_kept_as_json(field: FieldWords, given: object, kept: object) -> None:
    answers = fill({"it": field}, {"it": given})

    assert answers == {"it": kept}
    assert type(answers["it"]) is type(kept)


REFUSED = (
    (words(required=True), " ", "请填写内容。", "Please fill in: 内容."),
    (words(type="choice", required=True, **CHOICE), "", "请选择内容。", "Please choose: 内容."),
    (words(), "一\n二", "这里只能写一行。", "Only one line, please."),
    (words(), "a\x00b", "里面有不能保存的字符，请删掉。", "There are characters in it that cannot be stored."),
    (words(), "x" * 201, "最多 200 个字，现在有 201 个。", "At most 200 characters; there are 201."),
    (words(max_length=3), "四个汉字", "最多 3 个字，现在有 4 个。", "At most 3 characters; there are 4."),
    (words(min_length=3), "字", "至少写 3 个字。", "At least 3 characters."),
    (words(pattern="[0-9]+"), "abc", "内容的格式不对。", "内容 is not written as expected."),
    (words(pattern="[0-9]+", pattern_message="只写数字"), "abc", "只写数字", "只写数字"),
    (words(), {"a": 1}, "这里要填文字。", "This is not a text."),
    (words(type="choice", **CHOICE), "我方", "内容没有这个选项。", "This is none of the options of 内容."),
    (words(type="choices", **CHOICE), ["ours", "x"], "内容没有这个选项。", "This is none of the options of 内容."),
    (words(type="yes_no"), "maybe", "请选择是或否。", "Please answer yes or no."),
    (words(type="number"), "十二", "这不是数字。", "This is not a number."),
    (words(type="number"), float("nan"), "这不是数字。", "This is not a number."),
    (words(type="number"), 10**13, "数字太大了。", "The number is too large."),
    (words(type="number", min=1), "0", "最小是 1。", "At least 1."),
    (words(type="number", max="limit * 2"), "7", "最大是 6。", "At most 6."),
    (words(type="money"), "12.345", "金额最多两位小数。", "An amount has at most two decimals."),
    (words(type="money"), "-1", "最小是 0。", "At least 0."),
    (words(type="money"), "1e9", "这不是金额，请写成 12.50 这样。", "This is not an amount; write it like 12.50."),
    (words(type="money"), "100000000", "金额太大了。", "The amount is too large."),
    (words(type="date"), "24.11.", "这不是日期，请写成 2026-11-24 这样。", "This is not a date; write it like 2026-11-24."),
    (words(type="date"), "1026-11-24", "1026 年不对，请检查。", "The year 1026 cannot be right."),
    (words(type="date", min="2026-11-24"), "2026-11-23", "不能早于 2026-11-24。", "Not earlier than 2026-11-24."),
    (words(type="date", max="now"), "2026-11-25", "不能晚于 2026-11-24。", "Not later than 2026-11-24."),
    (words(type="datetime"), "明天", "这不是时间，请写成 2026-11-24 09:30 这样。", "This is not a time; write it like 2026-11-24 09:30."),
    (words(type="datetime", max="now"), "2026-11-24T11:01", "不能晚于 2026-11-24 11:00。", "Not later than 2026-11-24 11:00."),
    (words(type="datetime", min="now"), "2026-11-24T10:59", "不能早于 2026-11-24 11:00。", "Not earlier than 2026-11-24 11:00."),
    (words(type="phone"), "1381234567", "这不是电话号码，请写成 13812345678 这样。", "This is not a phone number; write it like 13812345678."),
    (words(type="phone"), "132123457749", "这不是电话号码，请写成 13812345678 这样。", "This is not a phone number; write it like 13812345678."),
    (words(type="phone"), "88888888", "这不是电话号码，请写成 13812345678 这样。", "This is not a phone number; write it like 13812345678."),
    (words(type="person"), "李娜", "没有这个人。", "There is no such person."),
    (words(type="rows", fields={"a": words()}), "a", "这里要填一张表。", "This is not a list of rows."),
)  # fmt: skip


@pytest.mark.parametrize(("field", "given", "chinese", "english"), REFUSED)
def test_a_value_that_cannot_be_kept_is_answered_kindly(
    field: FieldWords, given: object, chinese: str, english: str
) -> None:
    assert mistakes({"it": field}, {"it": given}, limit=3) == {"it": chinese}
    use_language("en")
    try:
        assert mistakes({"it": field}, {"it": given}, limit=3) == {"it": english}
    finally:
        use_language("zh")


def test_an_empty_field_is_not_in_the_answer() -> None:
    assert fill({"a": words(), "b": words(), "c": words(type="yes_no")}, {"a": "", "b": None}) == {}


def test_a_default_counts_only_where_nothing_was_sent() -> None:
    """A webhook leaves the field out; a person who empties it means it."""
    fields = {"source": words(default="form")}

    assert fill(fields, {}) == {"source": "form"}
    assert fill(fields, {"source": ""}) == {}


def test_what_the_form_does_not_ask_is_not_kept() -> None:
    assert fill({"a": words()}, {"a": "1", "button": "ok", "csrf": "x"}) == {"a": "1"}


FAULT = {
    "fault": words("责任方", type="choice", required=True, **CHOICE),
    "parcel": words("快递单号", show_if="fault == 'courier'", required=True),
    "photo": words("照片", show_if="parcel", required=True),
}


def test_a_hidden_field_is_neither_asked_nor_kept() -> None:
    assert fill(FAULT, {"fault": "ours", "parcel": "SF1", "photo": "x"}) == {"fault": "ours"}
    assert mistakes(FAULT, {"fault": "courier"}) == {"parcel": "请填写快递单号。"}
    assert mistakes(FAULT, {"fault": "courier", "parcel": "SF1"}) == {"photo": "请填写照片。"}


def test_a_page_knows_which_fields_it_asks_now() -> None:
    def asked(**raw: str) -> list[str]:
        return shown(FAULT, raw, {}, now=NOW, timezone="Asia/Shanghai")

    assert asked() == ["fault"]
    assert asked(fault="courier") == ["fault", "parcel"]
    assert asked(fault="courier", parcel="SF1") == ["fault", "parcel", "photo"]


def test_a_field_may_be_required_by_an_expression() -> None:
    fields = {
        "amount": words("金额", type="money"),
        "reason": words("理由", required="amount > limit"),
    }

    assert fill(fields, {}, limit=100) == {}
    assert fill(fields, {"amount": "100"}, limit=100) == {"amount": "100.00"}
    assert mistakes(fields, {"amount": "100.01"}, limit=100) == {"reason": "请填写理由。"}


def test_a_button_may_need_more_or_less() -> None:
    fields = {"summary": words("摘要"), "text": words("留言", required=True)}
    reached = Button(label="已接通", go_to="end", needs=("summary",))
    replied = Button(label="买家已回复", go_to="end", unless_needed=True)

    assert mistakes(fields, {"text": "您好"}, button=reached) == {"summary": "请填写摘要。"}
    assert mistakes(fields, {}, button=reached) == {
        "summary": "请填写摘要。",
        "text": "请填写留言。",
    }
    assert fill(fields, {}, button=replied) == {}


PAID = {
    "paid": words("实付", type="money"),
    "refund": words("退款", type="money"),
}
NOT_MORE = Rule(that="refund <= paid", message="退款不能超过实付。", at="refund")


def test_a_rule_over_two_fields_answers_at_its_field() -> None:
    raw = {"paid": "100", "refund": "100.01"}

    assert mistakes(PAID, raw, NOT_MORE) == {"refund": "退款不能超过实付。"}
    assert fill(PAID, {"paid": "100", "refund": "100"}, NOT_MORE)
    no_place = Rule(that="paid >= refund", message="金额不对。")
    assert mistakes(PAID, raw, no_place) == {"paid": "金额不对。"}
    about_the_case = Rule(that="not closed", message="已经关店。")
    assert mistakes(PAID, raw, about_the_case, closed=True) == {"": "已经关店。"}


def test_a_rule_says_nothing_of_a_field_left_empty_or_wrong() -> None:
    assert fill(PAID, {"refund": "5"}, NOT_MORE) == {"refund": "5.00"}
    assert mistakes(PAID, {"paid": "很多", "refund": "5"}, NOT_MORE) == {
        "paid": "这不是金额，请写成 12.50 这样。"
    }


def test_a_rule_may_ask_for_one_of_two_fields() -> None:
    either = Rule(that="paid or refund", message="请填一个金额。")

    assert mistakes(PAID, {}, either) == {"paid": "请填一个金额。"}
    assert fill(PAID, {"refund": "1"}, either)


def test_a_rule_that_cannot_be_worked_out_is_a_fault_and_not_an_answer() -> None:
    with pytest.raises(ExpressionError):
        fill(PAID, {"paid": "1"}, Rule(that="paid > unknown", message="x"))


SLIP = {
    "kind": words("类型", type="choice", **CHOICE),
    "lines": words(
        "明细", type="rows", max=2,
        fields={
            "item": words("商品", required=True),
            "count": words("数量", type="number", min=1),
            "note": words("说明", show_if="kind == 'ours' and count > 1", required=True),
        },
    ),
}  # fmt: skip


def test_rows_are_checked_cell_by_cell() -> None:
    raw = {"kind": "ours", "lines": [{"item": "杯", "count": "0"}, {"item": "", "count": "2"}]}

    assert mistakes(SLIP, raw) == {
        "lines.0.count": "最小是 1。",
        "lines.1.item": "请填写商品。",
        "lines.1.note": "请填写说明。",
    }


def test_blank_rows_are_dropped_and_columns_may_hide() -> None:
    raw = {"kind": "courier", "lines": [{"item": "杯", "count": "3", "note": "x"}, {"item": " "}]}

    assert fill(SLIP, raw) == {"kind": "courier", "lines": [{"item": "杯", "count": 3}]}


def test_there_is_a_limit_to_rows() -> None:
    assert mistakes(SLIP, {"lines": [{"item": "杯"}] * 3}) == {"lines": "最大是 2。"}
    many = {"lines": words("明细", type="rows", fields={"item": words("商品")})}
    assert mistakes(many, {"lines": [{"item": "杯"}] * 201}) == {"lines": "最多 200 行。"}


def test_a_person_must_be_one_of_those_there_are() -> None:
    fields = {"to": words("转给", type="person")}

    def hand_to(person: str) -> dict[str, Any]:
        return check(
            fields, (), {"to": person}, {}, now=NOW, timezone="Asia/Shanghai", people=["li_na"]
        )

    assert hand_to("li_na") == {"to": "li_na"}
    with pytest.raises(FormError):
        hand_to("nobody")


def test_all_mistakes_are_answered_at_once(english: None) -> None:
    fields = {"a": words("A", required=True), "b": words("B", type="number"), "c": words("C")}

    assert mistakes(fields, {"b": "x", "c": "ok"}) == {
        "a": "Please fill in: A.",
        "b": "This is not a number.",
    }


# ---- people --------------------------------------------------------------------------------------

STAFF = {"people": ("li_na", "chen_jing", "zhang_wei"), "members": {"finance": ("chen_jing",)}}


def chosen(field: FieldWords, given: Any) -> Any:
    """What is kept of a choice of people in a shop with three of them."""
    return check({"it": field}, (), {"it": given}, {}, now=NOW, timezone="Asia/Shanghai", **STAFF)  # type: ignore[arg-type]


def test_several_people_are_kept_in_the_order_chosen_each_once() -> None:
    field = words(type="people")
    assert chosen(field, ["zhang_wei", "li_na", "", "zhang_wei"]) == {"it": ["zhang_wei", "li_na"]}
    assert chosen(field, "li_na") == {"it": ["li_na"]} and chosen(field, [""]) == {}


@pytest.mark.parametrize("type_", ["person", "people"])
def test_a_field_may_want_people_of_one_role(type_: str) -> None:
    field = words(type=type_, role="finance")
    assert chosen(field, "chen_jing")["it"] in ("chen_jing", ["chen_jing"])
    for given, why in (("li_na", "这个人不是这里要的岗位。"), ("nobody", "没有这个人。")):
        with pytest.raises(FormError) as caught:
            chosen(field, given)
        assert caught.value.fields == {"it": why}


def test_so_many_people_and_no_more() -> None:
    field = words(type="people", min=2, max=2)
    assert chosen(field, ["li_na", "zhang_wei"])
    with pytest.raises(FormError):
        chosen(field, ["li_na"])


def test_a_rule_of_the_ledger_is_one_that_there_is() -> None:
    def keep(rule: str) -> dict[str, Any]:
        field = {"it": words(type="ledger_rule")}
        return check(field, (), {"it": rule}, {}, now=NOW, timezone="Asia/Shanghai", ledger_rules={"late": 1})

    assert keep("late") == {"it": "late"}
    with pytest.raises(FormError):
        keep("gone")


# ---- words ---------------------------------------------------------------------------------------

WORDINGS = Wordings(forbidden={"删评": "不能请客户删除评价", "VIP价": "写会员价"}, better_not={"不知道": "我帮您查一下"})


def worded(fields: dict[str, FieldWords], raw: dict[str, Any]) -> dict[str, Any]:
    return check(fields, (), raw, {}, now=NOW, timezone="Asia/Shanghai", wordings=WORDINGS)


@pytest.mark.parametrize("said", ["请您删评好吗", "请您删 评", "删\n评"])
def test_a_forbidden_word_is_refused_where_it_stands_with_what_to_say_instead(said: str) -> None:
    fields = {"reply": words(type="long_text"), "rows": words(type="rows", fields={"say": words(type="long_text")})}
    for raw, where in (({"reply": said}, "reply"), ({"rows": [{"say": "好"}, {"say": said}]}, "rows.1.say")):
        with pytest.raises(FormError) as caught:
            worded(fields, raw)
        assert caught.value.fields == {where: "这里不能写“删评”：不能请客户删除评价"}


def test_capitals_and_full_width_letters_hide_no_word_and_a_hidden_field_says_nothing() -> None:
    fields = {"it": words(), "other": words(show_if="it == 'x'")}
    with pytest.raises(FormError):
        worded(fields, {"it": "ｖｉｐ 价"})
    assert worded(fields, {"it": "会员价", "other": "删评"}) == {"it": "会员价"}


def test_better_words_are_a_hint_and_keep_nobody_from_going_on() -> None:
    fields = {"reply": words(), "picked": words(type="choice", of={"不知道": "不知道"})}
    raw = {"reply": "这个我不知道", "picked": "不知道"}
    assert worded(fields, raw) == raw
    assert better_not(fields, raw, WORDINGS) == {"reply": "最好不写“不知道”：我帮您查一下"}


@pytest.mark.parametrize(
    ("step", "is_checked"), [({"contacts_buyer": True}, True), ({"phrases": ["sorry"]}, True), ({}, False)]
)
def test_words_are_checked_where_customers_read_them(step: dict[str, Any], is_checked: bool) -> None:
    human = HumanStep.model_validate({"who": {"role": "x"}, "buttons": {"ok": {"label": "好"}}, **step})
    assert (wordings_for(human, WORDINGS) is WORDINGS) is is_checked
