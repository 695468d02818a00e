"""What is done every day: reviews looked up, unpaid orders, lists of a shift, cleaning, parcels."""

from __future__ import annotations

from typing import Any

import pytest

from jieli.engine.events import WorkItemDelegated
from tests.family import Family
from tests.story import BAD_REVIEW, at
from tests.unit.scheduled import about, asked, marked, notices, proposals, refused

pytestmark = pytest.mark.usefixtures("stories_replay")

DAY = "2026-11-20"


# ---- 中差评查询 --------------------------------------------------------------------------------


def query(start: str = f"{DAY} 09:00") -> Family:
    return Family.of("review_query", {"date": DAY, "round": "morning"}, start)


def test_every_review_that_is_found_becomes_a_case() -> None:
    family = query()
    assert asked(family, "query") == ["li_na"] and family.first.title == "中差评查询 11月20日 上午"
    second = {**BAD_REVIEW, "order_no": "2026112000014822", "buyer_phone": None}
    family.press("query", "found", reviews=[BAD_REVIEW, second])
    assert family.processes == ["review_query", "bad_review", "bad_review"]
    assert family.first.result == "found"
    family.replayed()


def test_a_form_without_reviews_or_with_half_of_one_is_refused() -> None:
    assert refused(query(), "query", "found", "li_na") == {"reviews"}
    half = {"order_no": "2026112000014821"}
    wrong = refused(query(), "query", "found", "li_na", reviews=[half])
    assert {"reviews.0.shop", "reviews.0.review_text"} <= wrong


def test_nothing_new_today() -> None:
    assert query().press("query", "none").first.result == "none"


def test_reviews_that_were_typed_in_are_not_lost_by_the_wrong_button() -> None:
    family = query().press("query", "none", reviews=[BAD_REVIEW])
    assert family.processes[1:] == ["bad_review"] and family.first.result == "found"


def test_nobody_takes_it_up_so_the_supervisor_does_and_in_the_end_it_was_not_done() -> None:
    family = query().until(f"{DAY} 10:01")
    assert asked(family, "query") == ["li_na", "zhang_wei"]
    assert {"li_na", "zhang_wei"} <= set(family.told("late", "query"))
    assert family.until(f"{DAY} 16:01").first.result == "missed"


def test_before_the_shift_nobody_is_woken() -> None:
    family = query(f"{DAY} 07:00")
    assert family.told("work_item") == []
    assert family.until(f"{DAY} 08:01").told("work_item") == ["li_na"]


# ---- 催付 --------------------------------------------------------------------------------------


ORDER = {"order_no": "5001", "buyer": "小鹿", "amount": "59.00", "ordered_at": f"{DAY}T10:00:00+08:00"}


def chase(day: str = DAY) -> Family:
    return Family.of("unpaid_reminder", {"date": day}, f"{day} 16:00")


def test_every_order_is_chased_once_and_marked() -> None:
    family, by = chase(), asked(chase(), "chase")[0]
    rows = [{**ORDER, "result": "reminded"}, {**ORDER, "order_no": "5002", "result": "skipped"},
            {**ORDER, "order_no": "5003", "result": "refused", "reason": "太贵"}]  # fmt: skip
    family.press("chase", "done", by, orders=rows)
    assert marked(family) == ["5001", "5003"], "who was not reminded is on the list tomorrow"
    assert family.first.result == "done"


def test_a_day_without_unpaid_orders_is_over_with_one_press() -> None:
    family = chase()
    family.press("chase", "done", asked(family, "chase")[0])
    assert family.first.result == "none" and marked(family) == []


def test_no_order_is_left_without_a_result() -> None:
    assert refused(chase(), "chase", "done", "he_jing", orders=[ORDER]) == {"orders.0.result"}


def test_the_agents_take_turns_from_day_to_day() -> None:
    days = [asked(chase(f"2026-11-{day}"), "chase") for day in range(20, 24)]
    assert sorted(map(tuple, days[:2])) == [("he_jing",), ("ma_chao",)]
    assert days[:2] == days[2:], "every other day"


def test_who_does_not_begin_is_replaced_and_what_nobody_did_is_over_by_night() -> None:
    family = chase().until(f"{DAY} 16:31")
    assert set(asked(family, "chase")) == {"he_jing", "ma_chao"}
    assert "zhang_wei" in asked(family.until(f"{DAY} 17:01"), "chase")
    assert family.until(f"{DAY} 23:31").first.result == "missed"


# ---- 开班和下班清单 ----------------------------------------------------------------------------


LOOKED_AT = {"messages": "yes", "reviews": "yes", "returns": "yes", "shop": "yes", "reply": "yes"}


def shift_start() -> Family:
    return Family.of("shift_start", {"person": "li_na", "date": DAY}, f"{DAY} 08:00")


def test_the_list_of_the_start_names_the_person_by_id_and_is_done() -> None:
    family = shift_start()
    assert family.first.title == "开班清单 li_na 11月20日" and asked(family, "list") == ["li_na"]
    family.press("list", "done", **LOOKED_AT, gear="yes")
    assert family.first.result == "done" and family.processes == ["shift_start"]


def test_broken_gear_becomes_a_repair_and_does_not_hold_up_the_shift() -> None:
    assert refused(shift_start(), "list", "done", "li_na", **LOOKED_AT, gear="no") == {"note"}
    family = shift_start().press("list", "done", **LOOKED_AT, gear="no", note="耳麦没有声音")
    assert family.first.result == "done"
    repair = family.case("repair").state
    assert repair and (repair.data["what"], repair.data["reporter"]) == ("耳麦没有声音", "li_na")


def test_what_was_not_done_wants_a_reason() -> None:
    some = {**LOOKED_AT, "reviews": "no"}
    assert refused(shift_start(), "list", "done", "li_na", **some, gear="yes") == {"note"}
    assert shift_start().press("list", "done", **some, gear="yes", note="后台打不开").first.result


def test_colleagues_on_shift_and_the_warehouse_hear_of_low_stock() -> None:
    family = shift_start().press("list", "done", **LOOKED_AT, gear="yes", low_stock="保温杯 8 件")
    assert notices(family, "保温杯 8 件") == {"he_jing", "li_na", "feng_lei"}


def test_a_list_nobody_did_ends_the_same_day() -> None:
    family = shift_start().until(f"{DAY} 09:01")
    assert "zhang_wei" in family.told("late", "list")
    assert family.until(f"{DAY} 20:31").first.result == "missed"


SERVED: dict[str, Any] = {"served": 42, "deals": 7, "problems": "无", "verified": "yes", "tidy": "yes"}


def shift_end(person: str = "li_na") -> Family:
    data = {"person": person, "date": DAY, "shift": "早班"}
    return Family.of("shift_end", data, f"{DAY} 17:00")


def test_the_record_of_the_day() -> None:
    family = shift_end().press("list", "done", **SERVED, wangwang="小鹿爱吃草\n大象")
    assert family.first.result == "done"
    wrong = refused(shift_end(), "list", "done", "li_na")
    assert wrong == {"served", "deals", "problems", "verified", "tidy"}, "no parcels are asked of her"


def test_the_order_clerk_counts_parcels() -> None:
    assert refused(shift_end("huang_li"), "list", "done", "huang_li", **SERVED) == {"shipped"}
    family = shift_end("huang_li")
    family.press("list", "done", "huang_li", **SERVED, shipped="保温杯 80，退 2")
    assert family.first.result == "done"


def test_a_record_nobody_wrote_is_told_and_over() -> None:
    family = shift_end().until(f"{DAY} 18:31")
    assert "zhang_wei" in family.told("late", "list")
    assert family.until("2026-11-21 06:01").first.result == "missed"


# ---- 清洁值日 ----------------------------------------------------------------------------------


def cleaning(day: str = DAY) -> Family:
    return Family.of("cleaning", {"date": day}, f"{day} 16:00")


def test_everybody_of_both_shifts_has_a_turn() -> None:
    rota = [asked(cleaning(f"2026-11-{day}"), "clean") for day in range(16, 26)]
    assert all(len(each) == 1 for each in rota)
    assert {each[0] for each in rota[:5]} == {"li_na", "wang_fang", "huang_li", "he_jing", "ma_chao"}
    assert rota[:5] == rota[5:]


def test_who_swapped_beforehand_answers_for_it() -> None:
    family = cleaning()
    story, visit = family.find("clean")
    (first,) = visit.candidates
    other = "wang_fang" if first != "wang_fang" else "li_na"
    story.apply(WorkItemDelegated(visit=visit.id, to=other, reason="换一天", by=first))
    family.until("2026-11-21 01:31")
    assert proposals(family) == [("cleaning", other)]
    assert family.until("2026-11-21 13:01").first.result == "missed"


def test_done_in_time_costs_nobody_anything() -> None:
    family = cleaning()
    family.press("clean", "done", asked(family, "clean")[0]).wait("2d")
    assert family.first.result == "done" and proposals(family) == []


# ---- 制单每日检查 ------------------------------------------------------------------------------


AUDITED = {"orders": 80, "remarks": "yes", "waybills": 5}


def parcels() -> Family:
    data = {"date": DAY, "stop_at": at(f"{DAY} 17:00").isoformat()}
    return Family.of("warehouse_day", data, f"{DAY} 09:00")


def audited(**changes: Any) -> Family:
    return parcels().press("audit", "done", "huang_li", **{**AUDITED, **changes})


def test_orders_are_audited_and_printing_stops_at_five() -> None:
    family = audited()
    assert family.waits_for == ["warehouse_day:near_stop"], "not asked in the morning"
    family.until(f"{DAY} 16:30")
    assert asked(family, "stop") == ["huang_li"]
    assert family.find("stop")[1].due_at == at(f"{DAY} 17:00")
    family.press("stop", "stopped", "huang_li", shipped=78, returned=2)
    assert family.first.result == "done"


def test_remarks_that_were_not_checked_are_explained() -> None:
    wrong = refused(parcels(), "audit", "done", "huang_li", **{**AUDITED, "remarks": "no"})
    assert wrong == {"wrong"}
    assert audited(remarks="no", wrong="三单改地址，已联系").waits_for == ["warehouse_day:near_stop"]


def test_waybills_for_two_days_are_ordered_now() -> None:
    family = audited(waybills=2)
    assert asked(family, "order_waybills") == ["huang_li"]
    family.press("order_waybills", "done", "huang_li", told="圆通，明天送 500 张").until(f"{DAY} 16:31")
    family.press("stop", "stopped", "huang_li", shipped=78, returned=0)
    assert family.first.result == "done"
    assert audited(waybills=3).waits_for == ["warehouse_day:near_stop"]


def test_while_the_courier_is_there_printing_goes_on_but_not_all_night() -> None:
    family = audited().until(f"{DAY} 16:55")
    assert refused(family, "stop", "extend", "huang_li") == {"reason"}
    for _ in range(2):
        family.press("stop", "extend", "huang_li", reason="快递没走")
    assert family.find("stop")[1].due_at == at(f"{DAY} 18:00")
    assert "18:00" in about(family, "stop")
    family.until(f"{DAY} 17:59")
    assert not family.told("late", "stop")
    for _ in range(9):
        family.press("stop", "extend", "huang_li", reason="快递没走")
    assert family.find("stop")[1].due_at == at(f"{DAY} 20:00")
    family.press("stop", "stopped", "huang_li", shipped=120, returned=0)
    assert family.first.result == "done"


def test_what_nobody_stopped_goes_to_the_warehouse_and_the_supervisor() -> None:
    family = audited().until(f"{DAY} 17:16")
    assert set(asked(family, "stop")) == {"huang_li", "feng_lei"}
    assert "zhang_wei" in family.told("late", "stop")
    assert family.until("2026-11-21 03:01").first.result == "missed"


def test_an_audit_nobody_made_does_not_count_as_checked() -> None:
    family = parcels().until(f"{DAY} 16:31").press("stop", "stopped", "huang_li", shipped=1, returned=0)
    assert family.until("2026-11-21 03:01").first.result == "missed"


# ---- 早间看板 ----------------------------------------------------------------------------------


def test_the_digest_tells_the_supervisor_the_numbers() -> None:
    data = {"date": DAY, "open": 12, "overdue": 3, "nobody": 0, "stuck": 1, "soon": 4}
    family = Family.of("morning_digest", data, f"{DAY} 08:40")
    assert notices(family, "逾期 3，无人负责 0，卡住 1") == {"zhang_wei"}
    assert family.first.result == "done"
