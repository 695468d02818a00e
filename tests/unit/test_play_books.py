"""The six ways to handle a problem, sentence by sentence (004 第三篇、第四篇 售后咨询)."""

from __future__ import annotations

from typing import Any

import pytest

from jieli.engine.errors import FormError
from jieli.engine.events import BlockContact, ProposeEntry
from tests.family import Family, photos
from tests.story import at

ASKED = {"shop": "douyin_main", "order_no": "2026112000014821", "case_ref": "A1", "agent": "li_na",
         "buyer_key": "douyin_main/小鹿", "problem": "杯子不对"}  # fmt: skip
SLIP = {"amount": "10", "reason": "杯盖漏水", "remark": "补偿漏水_李娜"}


def play(process: str, **changes: Any) -> Family:
    """A play-book asked for by another case, on a Monday morning."""
    data = {**ASKED, **changes}
    if process == "play_late":
        del data["shop"]
    return Family.of(process, data, "2026-11-23 09:00")


def paid(family: Family, **changes: Any) -> Family:
    """The slip is filled in, approved and paid, and sent if something is to be sent."""
    family.press("plan", "ask", **{"way": "compensation", **SLIP, **changes})
    family.press("approve", "approved", by="zhang_wei").press("pay", "paid", by="chen_jing", paid_no="1")
    if "money_slip:ship" in family.waits_for:
        family.press("ship", "shipped", by="feng_lei", ship_no="SF9")
    return family


def refused(family: Family) -> Family:
    """The slip is not approved."""
    family.press("plan", "ask", **{"way": "compensation", **SLIP})
    return family.press("approve", "rejected", by="zhang_wei", note="换个办法")


def ended(family: Family) -> str | None:
    """How it ended, replayed."""
    family.replayed()
    return family.first.result


# ---- 100 与想象不符 ----

TOLD = {"outcome": "介绍了材质和容量", "cause": "页面尺寸写错", "fault": "ours"}


def test_first_an_apology_and_what_the_product_is() -> None:
    family = play("play_not_as_imagined").press("explain", "accepted", outcome="客户接受")
    assert ended(family) == "settled"


def test_when_that_does_not_help_compensation_exchange_or_return() -> None:
    family = paid(play("play_not_as_imagined").press("explain", "make_good", **TOLD))
    assert ended(family) == "settled" and family.first.data["slip_done"] == "现金补偿 ¥10.00"


def test_a_refused_slip_leads_back_to_the_customer_at_most_three_times() -> None:
    family = play("play_not_as_imagined")
    for _ in range(3):
        refused(family.press("explain", "make_good", **TOLD))
    assert ended(family.press("explain", "make_good", **TOLD)) == "department"


def test_making_good_needs_cause_and_fault() -> None:
    with pytest.raises(FormError):
        play("play_not_as_imagined").press("explain", "make_good", outcome="不行")


# ---- 101 服务不满意 ----

READ = {"cause": "回复太慢", "wish": "想要道歉", "fault": "ours"}


def test_the_chat_is_read_before_the_customer_is_spoken_to() -> None:
    family = play("play_service")
    assert family.waits_for == ["play_service:read_chat"]
    family.press("read_chat", "read", **READ).press("agree", "accepted", outcome="接受道歉")
    assert ended(family) == "settled"


def test_nobody_is_told_that_the_reason_is_a_pretext() -> None:
    words: Any = play("play_service").stories["c1"].definition.step("agree")
    assert "切勿指出" in words.about


def test_a_service_problem_leads_to_compensation_or_return() -> None:
    family = play("play_service").press("read_chat", "read", **READ)
    assert ended(paid(family.press("agree", "make_good", outcome="补偿十元"))) == "settled"


def test_a_valid_complaint_is_proposed_for_the_ledger_of_who_served() -> None:
    family = play("play_service").press("read_chat", "complaint", **READ, served="wang_fang")
    (entry,) = [e for e in family.stories["c1"].effects if isinstance(e, ProposeEntry)]
    assert (entry.rule, entry.person) == ("complaint", "wang_fang")


def test_a_refused_slip_is_spoken_about_again_and_a_department_may_be_asked() -> None:
    family = play("play_service").press("read_chat", "read", **READ)
    refused(family.press("agree", "make_good", outcome="补偿十元"))
    assert ended(family.press("agree", "department", outcome="不行")) == "department"


# ---- 102 少发、缺货 ----

CHECKED: dict[str, Any] = {
    "checked": ["chat", "order", "parcels", "staff"], "fault": "ours", "cause": "漏放杯盖",
}  # fmt: skip


def checked(finding: str, **changes: Any) -> Family:
    """Apologised and checked."""
    family = play("play_missing", **changes).press("apologise", "done")
    more = {"split_no": "SF-2"} if finding == "split" else {}
    fault = {} if finding in ("ours", "no_stock") else {"fault": "nobody"}
    return family.press("check", "checked", **{**CHECKED, "finding": finding, **fault, **more})


def test_the_apology_comes_first() -> None:
    assert play("play_missing").waits_for == ["play_missing:apologise"]


def test_chat_order_parcels_and_staff_are_all_checked() -> None:
    with pytest.raises(FormError):
        play("play_missing").press("apologise", "done").press(
            "check", "checked", **{**CHECKED, "finding": "ours", "checked": ["chat"]}
        )


@pytest.mark.parametrize("finding", ["ours", "no_stock"])
def test_our_fault_is_reissued_at_once_with_a_coupon(finding: str) -> None:
    family = checked(finding)
    story, _ = family.find("plan")
    assert story.state and story.state.data["way"] == "reissue"
    paid(family, way="reissue", coupon="5")
    assert ended(family) == "settled" and family.first.data["outcome"] == "补发 SF9"


def test_a_split_parcel_is_told_to_the_customer() -> None:
    assert ended(checked("split").press("tell_split", "told")) == "settled"


def test_a_split_parcel_that_is_lost_goes_to_a_department() -> None:
    assert ended(checked("split").press("tell_split", "lost")) == "department"


def test_if_everything_is_correct_the_customer_is_asked_for_a_photo_then_it_is_reissued() -> None:
    family = checked("correct").press("ask", "asked").wait("2h")
    family.press("wait_answer", "answered", answer="拍了", evidence=photos(3))
    family.press("again_sorry", "reissue")
    assert ended(paid(family, way="reissue", amount="0")) == "settled"
    assert family.first.data["evidence"] == photos(3)


def test_with_a_photo_there_already_nobody_asks_again() -> None:
    assert checked("correct", evidence=photos(1)).waits_for == ["play_missing:again_sorry"]


def test_a_photo_that_shows_nothing_goes_to_a_department() -> None:
    family = checked("correct", evidence=photos(1)).press("again_sorry", "department")
    assert ended(family) == "department"


def test_a_customer_who_sends_no_photo_is_the_supervisors_matter() -> None:
    family = checked("correct").press("ask", "asked").wait("72h")
    family.press("supervisor_decides", "close", by="zhang_wei", reason="没有回应")
    assert ended(family) == "silent" and family.first.data["exit"] == "silent"


# ---- 103 到货延迟 ----

TRACED = {"tracking": "还在中转站", "fault": "courier"}


def traced(why: str) -> Family:
    """Traced, and the customer told."""
    fault = "ours" if why == "staff" else "courier"
    family = play("play_late").press("trace", "traced", **{**TRACED, "why": why, "fault": fault})
    return family.press("tell", "told")


def test_the_logistics_are_pulled_up_first_and_the_customer_told_first() -> None:
    family = play("play_late")
    assert family.find("trace")[1].due_at == at("2026-11-23 09:30")
    family.press("trace", "traced", **TRACED, why="courier")
    assert family.waits_for == ["play_late:tell"]


def test_the_warehouse_is_hurried_when_staff_were_late() -> None:
    family = traced("staff")
    assert family.find("hurry_warehouse")[1].role == "warehouse"
    family.press("hurry_warehouse", "sent", by="feng_lei", tracking="已发 SF1")
    assert family.waits_for == ["play_late:wait_parcel"]


def test_what_the_warehouse_has_not_got_goes_to_a_department() -> None:
    family = traced("staff").press("hurry_warehouse", "no_stock", by="feng_lei", tracking="没货")
    assert ended(family) == "department"


def test_an_unclear_address_is_asked_for_and_the_courier_urged() -> None:
    family = traced("address").press("ask", "answered", answer="三号楼 502")
    assert family.find("urge_courier")[1].candidates == ["wu_gang"]


def test_the_courier_is_urged_and_the_parcel_followed_every_day() -> None:
    family = traced("courier").press("urge_courier", "urged", by="wu_gang", tracking="明天到")
    family.wait("24h").press("follow", "on_its_way", tracking="在派送").wait("24h")
    assert ended(family.press("follow", "arrived", tracking="已签收")) == "settled"


def test_the_customer_may_say_it_has_arrived() -> None:
    family = traced("courier").press("urge_courier", "urged", by="wu_gang", tracking="明天到")
    assert ended(family.wait("3h").press("wait_parcel", "arrived")) == "settled"


def test_it_is_not_followed_for_ever() -> None:
    family = traced("courier").press("urge_courier", "urged", by="wu_gang", tracking="明天到")
    for _ in range(7):
        family.wait("24h").press("follow", "on_its_way", tracking="在路上")
    assert ended(family) == "department"


@pytest.mark.parametrize("step", ["trace", "urge_courier", "follow"])
def test_a_lost_parcel_goes_to_a_department(step: str) -> None:
    if step == "trace":
        family = play("play_late").press("trace", "lost", **TRACED, why="courier")
    else:
        family = traced("courier")
        if step == "follow":
            family.press("urge_courier", "urged", by="wu_gang", tracking="明天到").wait("24h")
        family.press(step, "lost", by="li_na" if step == "follow" else "wu_gang", tracking="找不到")
    assert ended(family) == "department"
    assert "丢失" in family.first.data["cause"]


# ---- 104 运输破损 ----

AGREED = {"outcome": "补偿十元", "cause": "压坏了", "fault": "courier"}


def test_a_signed_parcel_needs_a_photo_then_compensation_or_return() -> None:
    family = play("play_damaged").press("signed", "signed")
    family.press("ask", "answered", answer="拍了", evidence=photos(4))
    assert ended(paid(family.press("agree", "make_good", **AGREED))) == "settled"
    assert family.first.data["signed_for"] is True


def test_a_parcel_not_signed_for_is_reissued_while_the_courier_is_asked_for_proof() -> None:
    family = play("play_damaged").press("signed", "not_signed")
    assert set(family.waits_for) == {"play_damaged:agree_reissue", "play_damaged:courier_proof"}
    paid(family.press("agree_reissue", "reissue", outcome="同意补发"), way="reissue", amount="0")
    assert family.first.status == "open", "the courier's proof is still missing"
    family.press("courier_proof", "proved", by="wu_gang", cause="中转压坏", fault="courier", returned="SF3")
    assert ended(family) == "settled"


def test_whoever_wants_something_else_than_a_reissue_is_spoken_to() -> None:
    family = play("play_damaged").press("signed", "not_signed")
    family.press("agree_reissue", "refused", outcome="要退款")
    family.press("courier_proof", "proved", by="wu_gang", cause="压坏", fault="courier")
    assert family.waits_for == ["play_damaged:agree"]


def test_damage_that_is_accepted_or_not_solved() -> None:
    family = play("play_damaged", evidence=photos(1)).press("signed", "signed")
    assert ended(family.press("agree", "accepted", **AGREED)) == "settled"
    family = play("play_damaged", evidence=photos(1)).press("signed", "signed")
    assert ended(family.press("agree", "department")) == "department"


# ---- 105 质量问题 ----

JUDGED = {"cause": "密封圈老化", "fault": "supplier"}


def test_without_a_photo_the_customer_is_asked_for_one() -> None:
    family = play("play_quality")
    assert family.waits_for == ["ask_customer:ask"]
    family.press("ask", "answered", answer="杯盖漏水", evidence=photos(5))
    assert family.waits_for == ["play_quality:judge"]


def test_a_confirmed_defect_is_apologised_for_and_made_good() -> None:
    family = play("play_quality", evidence=photos(1)).press("judge", "confirmed", **JUDGED)
    assert ended(paid(family.press("apologise", "make_good", outcome="换新"))) == "settled"


def test_a_defect_needs_its_place_and_whose_fault_it_is() -> None:
    with pytest.raises(FormError):
        play("play_quality", evidence=photos(1)).press("judge", "confirmed")


def test_a_photo_that_is_not_enough_is_asked_for_again() -> None:
    family = play("play_quality", evidence=photos(1)).press("judge", "more")
    assert family.waits_for == ["ask_customer:ask"]


@pytest.mark.parametrize(("button", "result"), [("accepted", "settled"), ("refused", "department")])
def test_what_is_no_defect_is_explained(button: str, result: str) -> None:
    family = play("play_quality", evidence=photos(1)).press("judge", "not_found")
    assert ended(family.press("explain", button, outcome="解释了用法")) == result


def test_what_the_agent_cannot_judge_goes_to_a_department() -> None:
    family = play("play_quality", evidence=photos(1)).press("judge", "department")
    assert ended(family) == "department"


# ---- 都一样的 ----


@pytest.mark.parametrize(
    ("process", "step"),
    [
        ("play_not_as_imagined", "explain"), ("play_missing", "apologise"), ("play_damaged", "signed"),
    ],
)  # fmt: skip
def test_whoever_wants_no_contact_is_left_alone(process: str, step: str) -> None:
    family = play(process).press(step, "no_contact")
    assert ended(family) == "no_contact"
    assert [e for e in family.stories["c1"].effects if isinstance(e, BlockContact)]
