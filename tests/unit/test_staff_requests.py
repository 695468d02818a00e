"""What staff ask for: leave, a swap, an answer to an idea, a repair, leaving the desk, a level."""

from __future__ import annotations

from typing import Any

import pytest

from jieli.engine.errors import FormError
from tests.family import Family
from tests.story import at
from tests.unit.scheduled import about, asked, notices, proposals, refused, roster_changes

pytestmark = pytest.mark.usefixtures("stories_replay")

NOW = "2026-11-20 09:00"


# ---- 请假替班 ----------------------------------------------------------------------------------


LEAVE = {
    "person": "li_na", "from_day": "2026-11-22", "to_day": "2026-11-23",
    "substitute": "wang_fang", "reason": "家里有事",
}  # fmt: skip


def leave(by: str = "li_na", **changes: Any) -> Family:
    return Family.of("leave", {**LEAVE, **changes}, NOW, by)


def test_leave_with_a_substitute_changes_the_roster_once_it_is_approved() -> None:
    family = leave()
    assert family.first.title == "请假 li_na 11月22日" and family.first.owner is None
    assert asked(family, "agree") == ["wang_fang"]
    family.press("agree", "agree", "wang_fang")
    assert "还没有答应" not in about(family, "decide") and asked(family, "decide") == ["zhang_wei"]
    family.press("decide", "approve", "zhang_wei")
    (change,) = roster_changes(family)
    assert change["kind"] == "away" and change["case_ref"] == family.first.ref
    assert (change["person"], change["other"]) == ("li_na", "wang_fang")
    assert (change["from"], change["to"]) == ("2026-11-22", "2026-11-23")
    assert notices(family, "王芳 替班") == {"li_na", "wang_fang"} and family.first.result == "approved"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"from_day": "2026-11-20"}, "from_day"),
        ({"to_day": "2026-11-21"}, "to_day"),
        ({"substitute": "li_na"}, "substitute"),
        ({"reason": ""}, "reason"),
    ],
)
def test_leave_is_asked_for_a_day_ahead_and_not_with_oneself(
    changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(FormError) as error:
        leave(**changes)
    assert field in error.value.fields


def test_who_is_suddenly_ill_may_ask_on_the_day_and_without_a_substitute() -> None:
    family = leave(from_day="2026-11-20", sudden=True, substitute=None)
    assert "没有替班，请主管安排" in about(family, "decide")
    family.press("decide", "approve", "zhang_wei", substitute="wang_fang")
    assert roster_changes(family)[0]["other"] == "wang_fang"
    alone = leave(substitute=None).press("decide", "approve", "zhang_wei")
    assert "other" not in roster_changes(alone)[0] and notices(alone) == {"li_na"}


def test_a_substitute_who_cannot_is_replaced_or_the_leave_is_given_up() -> None:
    family = leave()
    assert refused(family, "agree", "refuse", "wang_fang") == {"why_not"}
    family.press("agree", "refuse", "wang_fang", why_not="那天也有事")
    assert "那天也有事" in about(family, "change") and family.first.data["substitute"] is None
    assert refused(family, "change", "again", "li_na", substitute="li_na") == {"substitute"}
    family.press("change", "again", substitute="he_jing")
    assert asked(family, "agree") == ["he_jing"]
    other = leave().press("agree", "refuse", "wang_fang", why_not="不行")
    assert other.press("change", "withdraw").first.result == "withdrawn"


@pytest.mark.parametrize(("sudden", "until"), [(False, "21:01"), (True, "10:01")])
def test_silence_is_no_consent(sudden: bool, until: str) -> None:
    family = leave(sudden=sudden).until(f"2026-11-20 {until}")
    assert "zhang_wei" in family.told("late", "agree")
    assert "替班的人还没有答应" in about(family, "decide") and roster_changes(family) == []


def test_the_supervisor_asks_for_another_substitute_or_refuses_and_the_person_is_told() -> None:
    family = leave(substitute=None)
    assert refused(family, "decide", "refuse", "zhang_wei") == {"comment"}
    family.press("decide", "change", "zhang_wei", comment="晚班没有人")
    assert "晚班没有人" in about(family, "change")
    family.press("change", "again").press("decide", "refuse", "zhang_wei", comment="大促不批")
    assert family.first.result == "refused" and roster_changes(family) == []
    assert notices(family, "大促不批") == {"li_na"}


def test_nobody_approves_their_own_leave_and_management_stands_in() -> None:
    family = leave(person="zhang_wei", substitute=None, by="zhang_wei")
    assert asked(family, "decide") == ["zhou_min"]
    waiting = leave(substitute=None).until("2026-11-20 13:01")
    assert asked(waiting, "decide") == ["zhang_wei", "zhou_min"]
    assert "zhou_min" in waiting.told("late", "decide")


# ---- 换班 --------------------------------------------------------------------------------------


def swap(**changes: Any) -> Family:
    data = {"person": "li_na", "other": "wang_fang", "day": "2026-11-22", **changes}
    return Family.of("shift_swap", data, NOW, "li_na")


def test_a_swap_both_agree_to_changes_the_roster() -> None:
    family = swap().press("agree", "agree", "wang_fang").press("decide", "approve", "zhang_wei")
    (change,) = roster_changes(family)
    assert (change["kind"], change["person"], change["other"]) == ("swap", "li_na", "wang_fang")
    assert change["from"] == "2026-11-22" and family.first.result == "approved"
    assert notices(family, "班表已改") == {"li_na", "wang_fang"}


@pytest.mark.parametrize("changes", [{"other": "li_na"}, {"day": "2026-11-19"}])
def test_a_swap_with_oneself_or_for_yesterday_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(FormError):
        swap(**changes)


def test_whoever_says_no_both_are_told_and_nothing_changes() -> None:
    by_other = swap().press("agree", "refuse", "wang_fang", why_not="有约")
    by_lead = swap().press("agree", "agree", "wang_fang")
    by_lead.press("decide", "refuse", "zhang_wei", comment="当天大促")
    for family, why in ((by_other, "有约"), (by_lead, "当天大促")):
        assert family.first.result == "refused" and roster_changes(family) == []
        assert notices(family, why) == {"li_na", "wang_fang"}


def test_a_swap_nobody_answers_is_over_after_a_day() -> None:
    family = swap().until("2026-11-20 21:01")
    assert {"li_na", "zhang_wei"} <= set(family.told("late", "agree"))
    family.until("2026-11-21 21:01")
    assert family.first.result == "refused" and notices(family, "没有答复") == {"li_na", "wang_fang"}
    waiting = swap().press("agree", "agree", "wang_fang").wait("5h")
    assert "zhou_min" in asked(waiting, "decide")


# ---- 建议 --------------------------------------------------------------------------------------


def suggestion() -> Family:
    data = {"person": "li_na", "subject": "面单放左边", "text": "少走两步", "about": "other"}
    return Family.of("suggestion", data, NOW, "li_na")


def test_an_idea_is_answered_and_if_taken_up_proposed_for_a_reward() -> None:
    family = suggestion()
    assert refused(family, "answer", "adopt", "zhang_wei") == {"answer"}
    family.press("answer", "adopt", "zhang_wei", answer="下周就改")
    assert proposals(family) == [("innovation", "li_na")] and notices(family, "下周就改") == {"li_na"}
    later = suggestion().press("answer", "not_now", "zhang_wei", answer="搬仓以后再看")
    assert proposals(later) == [] and notices(later, "搬仓以后") == {"li_na"}


@pytest.mark.parametrize(("button", "rewarded"), [("adopt", 1), ("not_now", 0)])
def test_management_answers_what_the_supervisor_may_not(button: str, rewarded: int) -> None:
    family = suggestion().press("answer", "to_above", "zhang_wei")
    family.press("above", button, "zhou_min", answer="管理层的答复")
    assert len(proposals(family)) == rewarded and notices(family, "管理层的答复") == {"li_na"}


def test_an_idea_without_an_answer_is_told_upwards() -> None:
    assert "zhou_min" in suggestion().wait("73h").told("late", "answer")


# ---- 设备报修 ----------------------------------------------------------------------------------


def repair(start: str = NOW) -> Family:
    return Family.of("repair", {"what": "耳麦没有声音", "reporter": "li_na"}, start, "li_na")


def test_what_is_broken_is_mended_and_the_reporter_confirms() -> None:
    family = repair()
    assert asked(family, "fix") == ["zheng_kai"]
    family.press("fix", "fixed", "zheng_kai", how="换了线")
    assert refused(family, "confirm", "still", "li_na") == {"still"}
    family.press("confirm", "still", still="还有杂音").press("fix", "fixed", "zheng_kai", how="换耳麦")
    assert family.press("confirm", "works").first.result == "done"


def test_at_night_the_supervisor_hears_of_it_within_the_hour() -> None:
    family = repair("2026-11-20 22:00").until("2026-11-20 23:01")
    assert "zhang_wei" in asked(family, "fix") and "zhang_wei" in family.told("escalated", "fix")


def test_a_purchase_is_managements_and_a_refusal_is_told() -> None:
    family = repair().press("fix", "buy", "zheng_kai", how="要买新耳麦")
    assert "要买新耳麦" in about(family, "buy")
    bought = family.press("buy", "approve", "zhou_min").press("fix", "fixed", "zheng_kai", how="新的")
    assert bought.waits_for == ["repair:confirm"]
    family = repair().press("fix", "buy", "zheng_kai", how="要买")
    family.press("buy", "refuse", "zhou_min", comment="库里还有")
    assert family.first.result == "refused" and notices(family, "库里还有") == {"li_na", "zhang_wei"}


def test_a_reporter_who_says_nothing_is_not_said_to_be_content() -> None:
    family = repair().press("fix", "fixed", "zheng_kai", how="换了线").wait("25h")
    assert family.first.result == "silent"


# ---- 离岗和转接 --------------------------------------------------------------------------------


def step_out(start: str = NOW) -> Family:
    data = {"person": "li_na", "what": "away", "since": at(start).isoformat(), "minutes": 20,
            "reason": "取快递"}  # fmt: skip
    return Family.of("step_out", data, start, "li_na")


def test_leaving_the_desk_is_answered_at_once() -> None:
    family = step_out()
    assert family.first.title == "离岗 li_na" and "紧急" in family.first.tags
    assert "约 20 分钟：取快递" in about(family, "answer")
    family.press("answer", "agree", "zhang_wei")
    assert notices(family, "离岗：可以") == {"li_na"} and family.first.result == "done"
    no = step_out()
    assert refused(no, "answer", "refuse", "zhang_wei") == {"comment"}
    no.press("answer", "refuse", "zhang_wei", comment="咨询多")
    assert notices(no, "离岗：现在不行") == {"li_na"}


@pytest.mark.parametrize("start", [NOW, "2026-11-20 22:00"])
def test_no_answer_within_ten_minutes_is_told_and_never_a_yes(start: str) -> None:
    family = step_out(start).wait("11m")
    assert {"li_na", "zhou_min"} <= set(family.told("late", "answer"))
    family.wait("1h")
    assert family.first.result == "silent" and notices(family, "可以") == set()
