"""Money in and out, returns and reissues: filled in, signed, approved, by finance (AS-5)."""

from __future__ import annotations

from typing import Any

import pytest

from jieli.engine.errors import FormError, NotYours
from tests.family import Family
from tests.story import at

ASKED = {"shop": "douyin_main", "order_no": "2026112000014821", "case_ref": "A1", "agent": "li_na",
         "fault": "ours", "request": "要退差价"}  # fmt: skip
SLIP = {"way": "compensation", "amount": "20", "reason": "杯盖漏水", "remark": "补偿漏水_李娜"}


def slip(start: str = "2026-11-23 09:00", **changes: Any) -> Family:
    """A slip asked for by another case; 2026-11-23 is a Monday."""
    return Family.of("money_slip", {**ASKED, **changes}, start)


def planned(**changes: Any) -> Family:
    """A slip that Li Na has signed."""
    return slip().press("plan", "ask", **{**SLIP, **changes})


def approved(**changes: Any) -> Family:
    """A slip that the supervisor has approved."""
    return planned(**changes).press("approve", "approved", by="zhang_wei")


def test_a_compensation_is_signed_approved_and_paid() -> None:
    family = approved().press("pay", "paid", by="chen_jing", paid_no="2026-1")
    assert family.first.result == "paid" and family.first.data["outcome"] == "现金补偿 ¥20.00"
    family.replayed()


@pytest.mark.parametrize("step", ["plan", "approve", "pay"])
def test_every_signature_is_by_pin(step: str) -> None:
    words: Any = slip().stories["c1"].definition.step(step)
    assert words.identity == "pin"


@pytest.mark.parametrize("way", ["refund", "compensation", "coupon"])
@pytest.mark.parametrize("fault", ["buyer", "nobody", None])
def test_without_a_recorded_fault_nothing_is_compensated(way: str, fault: str | None) -> None:
    with pytest.raises(FormError) as refused:
        slip(fault=fault).press("plan", "ask", **{**SLIP, "way": way})
    assert "fault" in refused.value.fields


@pytest.mark.parametrize("way", ["return", "exchange", "reissue"])
def test_returns_and_exchanges_need_no_fault(way: str) -> None:
    family = slip(fault="nobody").press("plan", "ask", **{**SLIP, "way": way})
    assert family.waits_for == ["money_slip:approve"]


def test_a_coupon_on_top_is_a_compensation_too() -> None:
    with pytest.raises(FormError) as refused:
        slip(fault="nobody").press("plan", "ask", **{**SLIP, "way": "reissue"}, coupon="5")
    assert "coupon" in refused.value.fields


@pytest.mark.parametrize(
    "remark", ["删评补偿_李娜", "改评_李娜", "删除中评_慧兰", "好评返现_李娜", "补偿李娜", "_李娜", "补偿_"]
)
def test_the_remark_is_content_and_name_and_never_about_a_review(remark: str) -> None:
    with pytest.raises(FormError) as refused:
        planned(remark=remark)
    assert "remark" in refused.value.fields


@pytest.mark.parametrize("missing", ["way", "amount", "reason", "remark"])
def test_whatever_the_amount_the_list_is_filled_in(missing: str) -> None:
    with pytest.raises(FormError) as refused:
        planned(**{missing: None})
    assert missing in refused.value.fields


def test_money_that_comes_in_has_its_direction() -> None:
    with pytest.raises(FormError):
        planned(way="income")
    family = approved(way="income", direction="in").press("pay", "paid", by="chen_jing", paid_no="1")
    assert family.first.result == "paid"


def test_nobody_approves_or_pays_what_he_filled_in_himself() -> None:
    family = slip().wait("4h").press("plan", "ask", by="zhang_wei", **SLIP)
    with pytest.raises(NotYours):
        family.press("approve", "approved", by="zhang_wei")


def test_the_supervisor_may_send_it_back_and_refuse_it() -> None:
    family = planned().press("approve", "change", by="zhang_wei", note="金额太高")
    family.press("plan", "ask", **{**SLIP, "amount": "10"})
    assert family.press("approve", "rejected", by="zhang_wei", note="先换新").first.result == "rejected"


def test_sent_back_three_times_it_is_over() -> None:
    family = planned()
    for _ in range(2):
        family.press("approve", "change", by="zhang_wei", note="再改").press("plan", "ask", **SLIP)
    assert family.press("approve", "change", by="zhang_wei", note="再改").first.result == "rejected"


def test_finance_may_send_it_back_to_who_filled_it_in() -> None:
    family = approved().press("pay", "returned", by="chen_jing", note="备注不对")
    assert family.waits_for == ["money_slip:plan"]


def test_sending_back_says_why() -> None:
    with pytest.raises(FormError):
        approved().press("pay", "returned", by="chen_jing")
    with pytest.raises(FormError):
        planned().press("approve", "rejected", by="zhang_wei")


def test_paying_says_the_number() -> None:
    with pytest.raises(FormError):
        approved().press("pay", "paid", by="chen_jing")


def test_the_deputy_is_asked_when_finance_does_not_come_to_it() -> None:
    family = approved()
    with pytest.raises(NotYours):
        family.press("pay", "paid", by="liu_yang", paid_no="1")
    family.wait("4h")
    assert "liu_yang" in family.find("pay")[1].candidates
    assert family.press("pay", "paid", by="liu_yang", paid_no="1").first.result == "paid"


def test_returned_goods_are_checked_before_the_money_goes() -> None:
    family = approved(way="return")
    assert family.waits_for == ["money_slip:goods_back"]
    family.press("goods_back", "received", by="feng_lei", return_no="SF1")
    assert family.waits_for == ["money_slip:pay"]


def test_goods_that_come_back_damaged_change_the_slip() -> None:
    family = approved(way="return").press("goods_back", "damaged", by="feng_lei", return_no="SF1", note="缺盖")
    assert family.waits_for == ["money_slip:plan"]


def test_goods_that_do_not_come_back_end_it_and_are_missed_after_seven_days() -> None:
    family = approved(way="return")
    assert family.find("goods_back")[1].due_at == at("2026-11-30 09:00")
    family.until("2026-11-30 09:00")
    assert {"li_na", "zhang_wei"} <= set(family.told("late", "goods_back"))
    assert family.press("goods_back", "not_sent", by="feng_lei", note="没收到").first.result == "rejected"


@pytest.mark.parametrize("way", ["exchange", "reissue"])
def test_the_warehouse_sends_what_is_exchanged_or_missing(way: str) -> None:
    family = approved(way=way, amount="0")
    if way == "exchange":
        family.press("goods_back", "received", by="feng_lei", return_no="SF1")
    family.press("pay", "paid", by="chen_jing", paid_no="登记1")
    family.press("ship", "shipped", by="feng_lei", ship_no="SF2")
    assert family.first.result == "paid" and family.first.data["ship_no"] == "SF2"


def test_what_is_out_of_stock_needs_another_way() -> None:
    family = approved(way="reissue").press("pay", "paid", by="chen_jing", paid_no="登记1")
    assert family.press("ship", "no_stock", by="feng_lei", note="没货").waits_for == ["money_slip:plan"]


def test_what_nobody_needs_any_more_is_dropped() -> None:
    assert slip().press("plan", "drop").first.result == "rejected"
